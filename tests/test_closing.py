"""After an error that no test made, the run still says last what failed."""

from types import SimpleNamespace

import pytest

from tests.closing import Closing


class _Terminal:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def _said(closing: Closing) -> list[str]:
    terminal = _Terminal()
    plugins = SimpleNamespace(get_plugin=lambda _name: terminal)
    closing.pytest_unconfigure(SimpleNamespace(pluginmanager=plugins))  # type: ignore[arg-type]
    return terminal.lines


@pytest.fixture
def closing() -> Closing:
    closing = Closing()
    crash = SimpleNamespace(reprcrash=SimpleNamespace(message="OSError: [Errno 28]\nNo space left"))
    closing.pytest_runtest_logreport(SimpleNamespace(failed=True, nodeid="a.py::a", longrepr=crash))  # type: ignore[arg-type]
    closing.pytest_runtest_logreport(SimpleNamespace(failed=True, nodeid="a.py::b", longrepr="gone"))  # type: ignore[arg-type]
    closing.pytest_runtest_logreport(SimpleNamespace(failed=False, nodeid="a.py::c"))  # type: ignore[arg-type]
    return closing


def test_where_pytest_sums_up_itself_nothing_is_said_twice(closing: Closing) -> None:
    assert _said(closing) == []


def test_what_failed_and_what_broke_the_run_is_said_in_the_end(closing: Closing) -> None:
    closing.pytest_internalerror("one\ntwo\nOSError: full")
    failed = ["FAILED a.py::a - OSError: [Errno 28] No space left", "FAILED a.py::b - gone"]
    assert _said(closing) == [*failed, "BROKEN one | two | OSError: full"]
