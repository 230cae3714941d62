"""Writing a notice: a page from which everything about it is changed until it is sent."""
