"""What is sent automatically, for its receiver."""
