"""The talks in the guides are played as chats are: what a guide shows is what the bot says."""

import re

import pytest

from bot.guides.pages import NAMES, source, talks, with_talks
from tests.chats.runner import STAGES, Stage, difference
from tests.databases import Databases

LANGUAGES = ("vi", "en")
# Stands between the talks of a guide while they are one chat.
BETWEEN = "# The next talk of the guide.\n"


# Where not every chat is played every day, no guide is.
ON_STAGES = [pytest.param(one, id=one.name, marks=[pytest.mark.soak] if one.one_of > 1 else []) for one in STAGES]


@pytest.mark.parametrize("stage", ON_STAGES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
async def test_what_a_guide_shows_is_what_the_bot_says(
    name: str, language: str, stage: Stage, databases: Databases, request: pytest.FixtureRequest
) -> None:
    guide = source(name, language)
    written = guide.read_text("utf-8")
    chat = BETWEEN.join(talks(written))
    played = await stage.play(chat, databases)
    rewrite = request.config.getoption("--rewrite-chats") and stage is STAGES[0] and "\n!!! " not in played
    if played != chat and rewrite:
        guide.write_text(with_talks(written, played.split(BETWEEN)), "utf-8")
    else:
        assert played == chat, f"{guide}\n{difference(chat, played)}"


def test_what_was_really_said_is_written_into_the_talks_and_nowhere_else() -> None:
    guide = "One\n\n```chat\nLan: a\n```\n\n```sh\nLan: b\n```\n\n```chat\nLan: c\n```\n"
    assert talks(guide) == ["Lan: a\n", "Lan: c\n"]
    assert with_talks(guide, ["Lan: 1\n", "Lan: 2\n"]) == guide.replace("Lan: a", "Lan: 1").replace("Lan: c", "Lan: 2")


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_tell_the_same_story(name: str) -> None:
    """As many talks, in each of which the same people do as many things and hear as many messages."""
    vietnamese, english = (
        [_outline(talk) for talk in talks(source(name, one).read_text("utf-8"))] for one in LANGUAGES
    )
    assert vietnamese == english


def _outline(talk: str) -> list[str]:
    return re.findall(r"^(Bot → \w+|\w+(?= presses:)|(?!World)\w+(?=:)|—)", talk, re.MULTILINE)
