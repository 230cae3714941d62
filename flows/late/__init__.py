"""Letting people in who are late: by the branch, or by the association above it."""
