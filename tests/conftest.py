"""What all tests share: databases, and the option that rewrites chats."""

import pytest
import structlog

from tests.databases import database, database_url, databases

__all__ = ["database", "database_url", "databases", "pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write what the bot says into the chats, for a person to review the difference."""
    written = "write what the bot really says into the .chat files (without -n)"
    parser.addoption("--rewrite-chats", action="store_true", help=written)


def pytest_configure() -> None:
    """Log plain tracebacks: the ones with every local value take minutes when a bug breaks each turn."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])
