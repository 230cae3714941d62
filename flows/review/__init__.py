"""The branch head's decisions on forms."""
