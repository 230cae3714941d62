"""How many books are read in each village."""
