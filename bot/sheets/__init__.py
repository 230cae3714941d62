"""What clerks' spreadsheets hold, whatever they list: what is seen of a workbook, and letters of other fonts.

Bytes and values only; what a list means is read elsewhere.
"""
