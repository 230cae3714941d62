"""Who lives together: said by one of them, agreed to by the other."""
