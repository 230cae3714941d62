"""Nothing under way."""
