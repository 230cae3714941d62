"""Spreadsheets, whatever they list: what is seen of a clerk's workbook, letters of other fonts, how ours look.

Bytes and values only; what a list means is read elsewhere.
"""
