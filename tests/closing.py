"""What ended a test run early is said last: whoever keeps only the end of a log finds what failed."""

from typing import Any

import pytest

_MOST = 30
_WIDEST = 160


class Closing:
    """Keeps what failed, a line each. pytest itself sums up nothing after an error of its own or of a worker."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.broken: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test that failed."""
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash is not None else str(report.longrepr)
            self.failed.append(_line(f"FAILED {report.nodeid} - {why}"))

    def pytest_internalerror(self, excrepr: object) -> None:
        """Keep the end of an error that no test made."""
        self.broken.append(" | ".join(_line(line) for line in str(excrepr).splitlines()[-4:]))

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Say it."""
        terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        if self.broken and terminal is not None:
            for line in (*self.failed[-_MOST:], *(f"BROKEN {error}" for error in self.broken)):
                terminal.write_line(line)


def _line(text: str) -> str:
    return " ".join(text.split())[:_WIDEST]
