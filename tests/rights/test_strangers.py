"""Whoever has no right to a button gets nothing by it: in each chat, each button, everybody else. A part of it is done
wherever the chats are played."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chats.runner import STAGES
from tests.databases import Databases

CHATS = sorted((Path(__file__).parents[1] / "chats").glob("*.chat"))


@pytest.mark.soak
@pytest.mark.timeout(120)
@pytest.mark.parametrize("chat", CHATS, ids=lambda path: path.stem)
def test_whoever_else_presses_any_button_gets_nothing_by_it(chat: Path, databases: Databases) -> None:
    stage, written = replace(STAGES[0], strangers=1), chat.read_text("utf-8")
    if stage.plays(written):
        assert asyncio.run(stage.play(written, databases)) == written
