"""Whose name may stand on lists that are posted."""
