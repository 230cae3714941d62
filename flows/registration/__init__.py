"""Who somebody is, and where they live."""
