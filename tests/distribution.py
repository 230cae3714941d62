"""Which worker takes which tests. What waits for other processes comes first, so that none waits for it in the end."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# One worker takes all of these: they share what is dear to make, or want the machine for themselves.
# The marks of pytest-xdist are without effect since pytest 9.2 (pytest-xdist, issue 1386), so this tells by the file.
GROUPS = {
    "heavy": r"tests/system/test_(two_instances|broadcast|kill|kill_confirming|zalo_oa_kill)\.py",
    "browser": r"tests/browser/",
    "toy": r"tests/toy/",
    "wheel": r"tests/packaging/test_wheel\.py",
}
FIRST = (*GROUPS.values(), r"tests/(system|commands|documents|services)/")


class Distribution(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests one by one, and groups as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name, files in GROUPS.items() if re.match(files, nodeid)), nodeid)


def place(nodeid: str) -> int:
    """Return when a test is taken: the smaller, the sooner."""
    return next((place for place, files in enumerate(FIRST) if re.match(files, nodeid)), len(FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what waits longest."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable[..., Any]) -> Distribution:
    """Return who hands tests out."""
    config.option.loadscopereorder = False
    return Distribution(config, log)
