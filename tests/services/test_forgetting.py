"""What people type does not stay in memory: neither their words, nor the names that others read on buttons."""

import asyncio
import gc
from collections.abc import Iterator
from functools import cache
from types import FunctionType

from flows.conversation.messages import Button, Message, rendered
from flows.conversation.questions import Choice, Question
from flows.conversation.understanding import phrase, understand
from flows.words.spelling import unmarked
from flows.words.wording import _
from tests.commune import Commune
from tests.sample import CATALOGUES

SECRET = "Xuyến"
# All but what papers are made of: their layouts are the clerk's, and nobody types them in a chat.
_LOOKED_AT = ("flows.", *(f"bot.{part}." for part in ("channels", "delivery", "guides", "services", "store")))


def _remembered() -> Iterator[str]:
    """Yield what every cache of the flows holds, as text."""
    gc.unfreeze()  # What was frozen at a start in this process is shown by nobody.
    caches = [one for one in gc.get_objects() if type(one).__name__ == "_lru_cache_wrapper"]
    for kept in caches:
        if isinstance(kept.__wrapped__, FunctionType) and kept.__wrapped__.__module__.startswith(_LOOKED_AT):
            yield f"{kept.__wrapped__.__qualname__}: {_held(kept)}"


def _held(cache: object) -> str:
    """Return the arguments and results in a cache, which it shows to the garbage collector only."""
    seen: set[int] = set()
    open_, found = gc.get_referents(cache), []
    while open_:
        one = open_.pop()
        if id(one) in seen or isinstance(one, FunctionType | type):
            continue
        seen.add(id(one))
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict | tuple | frozenset | list) or type(one).__name__ in {"_lru_list_elem", "Choice"}:
            open_ += gc.get_referents(one)
    return "\n".join(found)


@cache
def _spelt(words: str) -> set[str]:
    """Return words as they may be remembered. Once: finding out is remembered, too."""
    return {words, words.lower(), unmarked(words), unmarked(words).lower(), *phrase(words)[:1]}


def _holding(words: str) -> list[str]:
    spelt = _spelt(words)
    return [held.partition(":")[0] for held in _remembered() if any(word in held for word in spelt)]


async def _until_forgotten(commune: Commune, *words: str) -> None:
    working = asyncio.create_task(commune.turns.run())
    async with asyncio.timeout(20):
        while any(map(_holding, words)):
            await asyncio.sleep(0.05)
    working.cancel()
    await asyncio.wait([working])


async def test_nothing_typed_stays_in_memory(commune: Commune) -> None:
    await commune.say("Phúc", "/start v-tk-dong", "vi", "đồng ý", f"Mai Thị {SECRET}", "1975", "có", SECRET, "Xuyeens")
    await commune.say("Minh", SECRET, f"thưa {SECRET} ạ", f"tôi là {SECRET}")
    assert _holding(SECRET) != []
    await _until_forgotten(commune, SECRET, "Xuyeens")


async def test_names_on_buttons_do_not_stay_in_memory(commune: Commune) -> None:
    await commune.say("Hạnh", "/review", "Lan", "1", "Nguyễn Thị Lan")
    await commune.read("Hạnh")
    await _until_forgotten(commune, "Nguyễn Thị Lan")


def test_the_test_sees_what_a_cache_holds() -> None:
    choice = Choice("a", _("Yes"), ("rêu phong",))
    understand("rêu", Question("", (choice,)), CATALOGUES)
    assert _holding("rêu phong") != []


def test_a_label_is_said_as_ever_with_and_without_a_name() -> None:
    buttons = ((Button(_("Yes"), "a"), Button("Lan", "b")),)
    said = rendered(Message(_("Yes"), buttons), CATALOGUES["en"])
    assert [button.label for row in said.buttons for button in row] == ["Yes", "Lan"]
