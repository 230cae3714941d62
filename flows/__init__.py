"""The conversation and the rules: values in, values out. No I/O, no clock, no SQL, no channel lives here."""
