"""The runner of chats itself: what it passes, what it refuses, and how it says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.guides.chatfile import ChatBroken, read
from tests.chats.chatfile import compose
from tests.chats.runner import STAGES, Stage, difference
from tests.databases import Databases

CHECKOUT = Path(__file__).parents[1]
LANGUAGE = "Bot → Lan: Xin chào! Xin chọn ngôn ngữ.\n    Hello! Please choose your language. [Tiếng Việt] [English]\n"
PROPER = f"# Lan comes.\n\nLan: /start\n{LANGUAGE}"


@pytest.mark.parametrize("stage", STAGES, ids=[stage.name for stage in STAGES])
async def test_a_chat_that_went_as_written_comes_back_unchanged(databases: Databases, stage: Stage) -> None:
    assert await stage.play(PROPER, databases) == PROPER


async def test_what_the_bot_says_replaces_what_was_expected_and_comments_stay(databases: Databases) -> None:
    wrong = "# Lan comes.\n\nLan: /start\n# She is greeted.\nBot → Lan: Chào\nBot → Hoa: Chào\n\n# The end.\n"
    assert await STAGES[0].play(wrong, databases) == (
        f"# Lan comes.\n\nLan: /start\n# She is greeted.\n{LANGUAGE}\n# The end.\n"
    )


async def test_a_message_that_nobody_expected_shows(databases: Databases) -> None:
    assert difference("Lan: /start\n", await STAGES[0].play("Lan: /start\n", databases)) == (
        "--- as the chat is written\n"
        "+++ as it went\n"
        " Lan: /start\n"
        "+Bot → Lan: Xin chào! Xin chọn ngôn ngữ.\n"
        "+    Hello! Please choose your language. [Tiếng Việt] [English]"
    )


async def test_dots_stand_for_any_lines_of_a_message_but_not_for_another_reader(databases: Databases) -> None:
    dotted = "Lan: /start\nBot → Lan: Xin chào! Xin chọn ngôn ngữ.\n    …\n"
    assert await STAGES[0].play(dotted, databases) == dotted
    assert await STAGES[0].play("Lan: /start\nBot → Hoa: …\n", databases) == f"Lan: /start\n{LANGUAGE}"


async def test_pressing_a_button_that_is_not_there_ends_the_chat_and_says_so(databases: Databases) -> None:
    played = await STAGES[0].play("Lan presses: Nộp phiếu\nLan: /start\n", databases)
    assert played == "Lan presses: Nộp phiếu\n!!! Lan has no button “Nộp phiếu” to press\n"


async def test_a_fact_that_the_world_does_not_know_is_named(databases: Databases) -> None:
    played = await STAGES[0].play("World: the moon is full\n", databases)
    assert played.splitlines()[1] == "!!! no such fact: 'the moon is full'; tests/chats/world.py lists them at its end"


@pytest.mark.parametrize(
    ("chat", "why"),
    [
        ("Lan says hello\n", "line 1: nobody says or does this"),
        ("Bot → Lan: hello\n", "line 1: the bot says something before anybody does"),
        ("Lan: hi\n    there\n", "line 2: an indented line goes on with a message of the bot, and there is none"),
    ],
)
def test_a_file_that_is_no_chat_is_refused_with_its_line(chat: str, why: str) -> None:
    with pytest.raises(ChatBroken) as refused:
        read(chat)
    assert str(refused.value).startswith(why)


def test_a_chat_is_written_as_it_was_read() -> None:
    chats = sorted((CHECKOUT / "tests" / "chats").glob("*.chat"))
    assert chats
    for chat in chats:
        written = chat.read_text("utf-8")
        assert compose(read(written)) == written


def test_a_failing_chat_prints_the_conversation_without_a_traceback(tmp_path: Path) -> None:
    printed = _pytest(tmp_path, "Lan: /start\nBot → Lan: Chào\n")
    assert printed.returncode == 1
    assert "\n-Bot → Lan: Chào\n+Bot → Lan: Xin chào! Xin chọn ngôn ngữ.\n" in printed.stdout
    assert "Traceback" not in printed.stdout
    assert "1 failed" in printed.stdout


def test_rewriting_puts_what_was_said_into_the_file(tmp_path: Path) -> None:
    printed = _pytest(tmp_path, "Lan: /start\nBot → Lan: Chào\n", "--rewrite-chats")
    assert "1 passed" in printed.stdout
    assert (tmp_path / "tests" / "chats" / "one.chat").read_text("utf-8") == f"Lan: /start\n{LANGUAGE}"


def _pytest(folder: Path, chat: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a chat in a copy of the runner."""
    chats = folder / "tests" / "chats"
    shutil.copytree(CHECKOUT / "tests" / "chats", chats, ignore=shutil.ignore_patterns("*.chat", "__pycache__"))
    for used in ("botapi", "rights"):
        shutil.copytree(
            CHECKOUT / "tests" / used, folder / "tests" / used, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("conftest.py", "closing.py", "databases.py", "distribution.py", "khmer.py", "plain_logs.py"):
        shutil.copy(CHECKOUT / "tests" / name, folder / "tests" / name)
    (chats / "one.chat").write_text(chat, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-k", "web"]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{CHECKOUT}"}
    return subprocess.run(
        [*command, "--rootdir", folder, chats / "one.chat", *options],
        capture_output=True, text=True, cwd=folder, env=environment, check=False,
    )  # fmt: skip
