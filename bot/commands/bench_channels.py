"""The benchmark of turns through a channel: what it makes of raw updates, the turn, and what it would send, but no
network. Telegram is measured in the same run, for a machine is never the same twice."""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.telegram import parse as telegram
from bot.channels.telegram import render as telegram_render
from bot.channels.web import messages as web
from bot.channels.zalo_bot import parse as zalo_bot
from bot.channels.zalo_bot import service as zalo_bot_service
from bot.channels.zalo_oa import parse as zalo_oa
from bot.channels.zalo_oa import render as zalo_oa_render
from bot.channels.zalo_oa.signing import mac, signed_by
from bot.commands.bench_turns import DAY, REGISTRATION, Line, form_texts, made_commune, talk
from bot.services.criteria_files import shipped
from bot.services.typed_buttons import laid_out, needs_codes
from bot.store.core.database import Database
from bot.store.core.decided import Decided
from bot.store.core.inbox import Incoming
from bot.store.core.outbox import DueLetter, Letter
from flows.conversation.messages import Outgoing
from flows.domain.unit_tree import UnitTree
from flows.words.wording import Catalogue, catalogue_for

SIDES = 2  # each channel is measured so often, one after the other
SECRET = "a-secret"  # noqa: S105
STAMP = "1793000000000"
_numbers = count(1)
_signer = web.Signer(b"a key of the benchmark")

Heard = Callable[[int, str], Incoming | None]
Shows = Callable[[Letter, Catalogue], object]


class Figures(msgspec.Struct):
    """What was measured: turns a second through a channel, and through Telegram in the same run."""

    turns_per_s: float
    telegram_turns_per_s: float
    ratio: float


def _on_telegram(person: int, text: str) -> Incoming | None:
    who = {"id": person, "is_bot": False, "first_name": "An"}
    message = {"message_id": next(_numbers), "date": 1793000000, "from": who, "chat": {"id": person, "type": "private"}}
    body = json.dumps({"update_id": next(_numbers), "message": message | {"text": text}})
    return telegram.parse(json.loads(body), "bench")


def _on_zalo_bot(person: int, text: str) -> Incoming | None:
    message = {
        "from": {"id": str(person), "is_bot": False}, "chat": {"id": str(person), "chat_type": "PRIVATE"},
        "message_id": str(next(_numbers)), "date": 1793000000000, "text": text,
    }  # fmt: skip
    body = json.dumps({"event_name": zalo_bot.TEXT, "message": message}).encode()
    return zalo_bot.parse(msgspec.json.decode(body), "bench")


def _on_zalo_oa(person: int, text: str) -> Incoming | None:
    event = {
        "app_id": "1", "sender": {"id": str(person)}, "recipient": {"id": "2"}, "event_name": zalo_oa.TEXT,
        "message": {"text": text, "msg_id": str(next(_numbers))}, "timestamp": STAMP,
    }  # fmt: skip
    body = json.dumps(event).encode()
    raw = msgspec.json.decode(body)
    assert signed_by(f"mac={mac('1', body, STAMP, SECRET)}", body, STAMP, ["1"], ["another", SECRET]) is not None
    return zalo_oa.parse(raw, "bench")


def _on_web(person: int, text: str) -> Incoming | None:
    body = msgspec.json.encode({"token": f"the-phone-of-{person}", "id": str(uuid4()), "kind": "typed", "text": text})
    return web.parse(msgspec.json.decode(body, type=web.Said), _signer)[0]


def _shown_on_telegram(letter: Letter, catalogue: Catalogue) -> object:
    calls = telegram_render.render(_said(letter))
    return [msgspec.json.encode(call.fields) for call in calls if isinstance(call, telegram_render.TextCall)]


def _shown_on_zalo_bot(letter: Letter, catalogue: Catalogue) -> object:
    laid = laid_out(_said(letter), 0, _codes(letter, 0), catalogue)
    return [json.dumps({"text": text}) for text in zalo_bot_service.texts_of(laid.text, ())]


def _shown_on_zalo_oa(letter: Letter, catalogue: Catalogue) -> object:
    laid = laid_out(_said(letter), 5, _codes(letter, 5), catalogue)
    return [json.dumps(dict(body)) for body in zalo_oa_render.texts_of(laid)]


def _shown_on_web(letter: Letter, catalogue: Catalogue) -> object:
    due = DueLetter(1, 1, letter.to.address, _said(letter), None, 1, DAY)
    return msgspec.json.encode(web.render(due, letter.to.address, _signer, DAY))


def _said(letter: Letter) -> Outgoing:
    return letter.outgoing or Outgoing("")


def _codes(letter: Letter, most: int) -> Mapping[str, int]:
    return {payload: number for number, payload in enumerate(needs_codes(_said(letter), most), 1)}


CHANNELS: Mapping[str, tuple[Heard, Shows]] = {
    "telegram": (_on_telegram, _shown_on_telegram),
    "web": (_on_web, _shown_on_web),
    "zalo-oa": (_on_zalo_oa, _shown_on_zalo_oa),
    "zalo-bot": (_on_zalo_bot, _shown_on_zalo_bot),
}


class ChannelLine(Line):
    """The turn loop, with all letters shown as a channel shows them."""

    def __init__(self, database: Database, shows: Shows) -> None:
        super().__init__(database)
        self._shows = shows

    async def _letters(
        self, connection: AsyncConnection, decided: Sequence[Decided], units: UnitTree, now: datetime
    ) -> list[Letter]:
        letters = await super()._letters(connection, decided, units, now)
        for letter in letters:
            self._shows(letter, catalogue_for(letter.to.language, self._runtime.catalogues))
        return letters


async def measure(channel: str, residents: int, forms: int) -> Figures:
    """Measure turns through a channel and through Telegram, in turn."""
    seconds = dict.fromkeys(("telegram", channel), 0.0)
    turns = dict.fromkeys(seconds, 0)
    for _ in range(SIDES):
        for name in seconds:
            done, took = await _measured(name, residents, forms)
            turns[name] += done
            seconds[name] += took
    rate, telegrams = turns[channel] / seconds[channel], turns["telegram"] / seconds["telegram"]
    return Figures(rate, telegrams, rate / telegrams)


async def _measured(channel: str, residents: int, forms: int) -> tuple[int, float]:
    hears, shows = CHANNELS[channel]
    criteria = next(criteria for criteria in shipped() if criteria.group == "farmer")
    crowd = [range(1000 + chair * forms, 1000 + (chair + 1) * forms) for chair in range(residents)]

    def says(people: Iterable[int], texts: Sequence[str]) -> Iterator[Incoming]:
        heard = (hears(person, text) for person, text in chain.from_iterable(_each(people, texts)))
        return (one for one in heard if one is not None)

    with tempfile.TemporaryDirectory(prefix="hoctap-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        await made_commune(database)
        line = ChannelLine(database, shows)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(line.run())
            await talk(line, [says(chair, REGISTRATION) for chair in crowd])
            began = time.perf_counter()
            took = await talk(line, [says(chair, form_texts(criteria)) for chair in crowd])
            seconds = time.perf_counter() - began
            working.cancel()
        await database.close()
    return len(took), seconds


def _each(people: Iterable[int], texts: Sequence[str]) -> Iterator[Iterator[tuple[int, Any]]]:
    return (((person, text) for text in texts) for person in people)
