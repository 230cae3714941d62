"""A copy of the checkout with a toy in it: its own files, and whichever lines are put into the lists."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bot.store.core.migrating import newest_revision

CHECKOUT = Path(__file__).parents[2]
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


@dataclass(frozen=True)
class Line:
    """A line in a list: before or after which words it stands, and which check misses it."""

    file: str
    text: str
    missed_by: str
    before: str = ""
    after: str = ""

    def put(self, into: str) -> str:
        """Return a list with the line."""
        words = self.before or self.after
        assert into.count(words) == 1, f"{self.file} has {words!r} {into.count(words)} times"
        return into.replace(words, self.text + words if self.before else words + self.text)


class Copy:
    """A copy of the checkout with a toy's own files in it, and whichever lines are put into the lists."""

    def __init__(self, folder: Path, own: Path, lists: Collection[str]) -> None:
        self.folder = folder
        self._own = own
        for part in ("bot", "flows", "locales", "tests"):
            shutil.copytree(CHECKOUT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "toy"))
        for cache in (".mypy_cache", ".import_linter_cache"):
            if (CHECKOUT / cache).is_dir():  # what was found out of files that are the same
                shutil.copytree(CHECKOUT / cache, folder / cache)
        self._lists = {file: (CHECKOUT / file).read_text("utf-8") for file in lists}
        self._add_own_files()

    def _add_own_files(self) -> None:
        shutil.copytree(
            self._own, self.folder, ignore=shutil.ignore_patterns("__pycache__", "*.po"), dirs_exist_ok=True
        )
        for migration in (self.folder / "bot/store/migrations/versions").glob("9999_*.py"):
            migration.write_text(migration.read_text("utf-8").replace("the newest", newest_revision()), "utf-8")
        for sentences in self._own.rglob("*.po"):
            with (self.folder / sentences.relative_to(self._own)).open("a", encoding="utf-8") as catalogue:
                catalogue.write(sentences.read_text("utf-8"))

    def write_lists(self, lines: Collection[Line]) -> None:
        """Write the lists with these lines."""
        for file, text in self._lists.items():
            for line in lines:
                text = line.put(text) if line.file == file else text
            (self.folder / file).write_text(text, "utf-8")

    def run(self, *command: str | Path) -> tuple[int, str]:
        """Run a command in the copy. Returns how it ended and what it printed."""
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "LANG": "C.UTF-8"}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr
