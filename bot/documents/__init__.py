"""Papers as officials know them: what stands on them, how it is laid out, and the files it becomes.

A paper is a frozen value (`decision.Decision`) and a layout (`decision.LAYOUT`). The layout is the one place of its
words: a docx template that a clerk edits in Word is made of it, and so is the pdf. `decree30.py` has the measures and
the parts that all papers share. Values and bytes only; what is read from the database is put together elsewhere.

Papers speak Vietnamese, whoever reads them: their words are those of the law and of the forms in use.
"""
