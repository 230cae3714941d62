"""What all tests share: databases, and the options that rewrite chats and pictures."""

import pytest
from hypothesis import HealthCheck, settings

from tests.closing import Closing
from tests.databases import database, database_url, databases
from tests.distribution import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.plain_logs import use_plain_logs

__all__ = [
    "database",
    "database_url",
    "databases",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_xdist_make_scheduler",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write what the bot says into the chats, and to draw pages anew, for a person to review."""
    written = "write what the bot really says into the .chat files (without -n)"
    parser.addoption("--rewrite-chats", action="store_true", help=written)
    drawn = "draw the pages of papers anew into the pictures they are compared with (look at them)"
    parser.addoption("--rewrite-pictures", action="store_true", help=drawn)


def pytest_configure(config: pytest.Config) -> None:
    """Log plainly, before anything is logged. How long an example takes says nothing on a machine that does more."""
    use_plain_logs()
    config.pluginmanager.register(Closing())
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
