"""Collects `.chat` files: each is a test, once for every stage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from bot.guides.chatfile import ChatBroken
from tests.chats.runner import STAGES, Stage, difference
from tests.databases import databases_of


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ChatFile | None":
    """Collect chats."""
    return ChatFile.from_parent(parent, path=file_path) if file_path.suffix == ".chat" else None


class ChatFile(pytest.File):
    """A chat, to be played on every stage."""

    def collect(self) -> Iterator["ChatTest"]:
        """Yield the chat's tests."""
        written = self.path.read_text("utf-8")
        for stage in (stage for stage in STAGES if stage.plays(written)):
            played = ChatTest.from_parent(self, name=f"{self.path.stem}[{stage.name}]", stage=stage)
            if stage.rests(self.path.stem):
                played.add_marker(pytest.mark.soak)
            yield played


class ChatDiffers(Exception):
    """What was said is not what is written; the message is the conversation with the differing lines."""


class ChatTest(pytest.Item):
    """A chat on one stage."""

    def __init__(self, *, stage: Stage, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage = stage

    def runtest(self) -> None:
        """Play the chat and compare, or write down how it went."""
        written = self.path.read_text("utf-8")
        played = uvloop.run(self.stage.play(written, databases_of(self.config)))
        if played == written:
            return
        if self.config.getoption("--rewrite-chats") and self.stage is STAGES[0] and "\n!!! " not in played:
            self.path.write_text(played, "utf-8")
        else:
            raise ChatDiffers(difference(written, played))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the conversation; a traceback only for what is no fault of the chat."""
        if isinstance(excinfo.value, ChatDiffers | ChatBroken):
            return f"{self.path.name} on {self.stage.name}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the test is and what it is called."""
        return self.path, None, f"chat: {self.name}"
