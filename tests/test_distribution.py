"""Tests that share something dear go to one worker, and what waits longest goes first."""

import re
from pathlib import Path
from types import SimpleNamespace

from tests.distribution import GROUPS, Distribution, place, pytest_xdist_make_scheduler

CHECKOUT = Path(__file__).parents[1]


def test_every_group_has_files() -> None:
    files = [str(file.relative_to(CHECKOUT)) for file in CHECKOUT.glob("tests/**/test_*.py")]
    assert [name for name, pattern in GROUPS.items() if not any(re.match(pattern, file) for file in files)] == []


def test_a_group_is_handed_out_as_a_whole_and_other_tests_one_by_one() -> None:
    split = Distribution.__new__(Distribution)._split_scope
    assert split("tests/toy/test_toy.py::test_one") == split("tests/toy/test_toy.py::test_other[a]") == "toy"
    assert split("tests/flows/test_units.py::test_one[a]") == "tests/flows/test_units.py::test_one[a]"


def test_groups_are_taken_in_their_order_and_not_by_their_size() -> None:
    names = ["tests/flows/test_units.py::a", "tests/system/test_beside.py::a", "tests/system/test_kill.py::a"]
    assert sorted(names, key=place) == names[::-1]
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=lambda _name: ["popen"])
    pytest_xdist_make_scheduler(config, SimpleNamespace(loadscopesched=None))  # type: ignore[arg-type]
    assert not config.option.loadscopereorder
