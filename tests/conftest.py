"""What all tests share: databases, and the option that rewrites chats."""

import pytest

from tests.databases import database, database_url, databases
from tests.plain_logs import use_plain_logs

__all__ = ["database", "database_url", "databases", "pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write what the bot says into the chats, for a person to review the difference."""
    written = "write what the bot really says into the .chat files (without -n)"
    parser.addoption("--rewrite-chats", action="store_true", help=written)


def pytest_configure() -> None:
    """Log plainly, before anything is logged."""
    use_plain_logs()
