"""The conversation engine. It knows no subject."""
