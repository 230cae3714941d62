"""A commune under way, on each database."""

from tests.commune import commune

__all__ = ["commune"]
