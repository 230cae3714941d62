"""Delivery, with a sender that does what a script says: what is sent, when, how often, and what is left of it."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, text

from bot.delivery import judging, settling
from bot.delivery.attempts import CANNOT_BE_SHOWN, Attempts
from bot.delivery.courier import Courier, Waits, by_chance
from bot.delivery.flight import NOTICES_IN_FLIGHT, REPLIES_IN_FLIGHT, Flight
from bot.services.latency import Latency
from bot.services.rate_limiter import EARLY_NOTICES, EARLY_REPLIES, SLOW_TURNS
from bot.services.runtime import Runtime
from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rates, Rejected, Sent
from bot.services.shared_signal import SharedSignal
from bot.services.supervisor import Supervisor
from bot.services.wording import NoticeWording
from bot.store.core import contacts, outbox
from bot.store.core import live_messages as standing
from bot.store.core.database import Database
from bot.store.core.inbox import conversation_ids
from bot.store.core.outbox import NOTICE, REPLY, DueLetter, Letter, Recipient
from bot.store.core.tables import conversations, leases, notices, people
from bot.store.core.tables import outbox as letters
from flows.conversation.messages import Outgoing
from flows.domain.quiet_hours import QuietHours
from flows.notices.notice import Content
from flows.words.wording import render
from tests.breaking import break_once
from tests.databases import Databases
from tests.sample import CATALOGUES, NEVER_QUIET, ZONE

NOTICE_BODY = msgspec.json.encode(Content(vi="Mời *cả thôn*.", en="All are *invited*."))
FAST = Rates(per_bot=10_000, per_chat=10_000)
# It looks more often, so that tests are soon over.
IMPATIENT = Waits(idle=0.02, settle=0.01)
# It calls off at once what is on its way, as if it was dead.
CARELESS = replace(IMPATIENT, landing=0.01)
# Clocks are not exact to the last millisecond.
EARLY = 0.02


class ScriptedSender:
    """A channel that does with each text what its script says, and else takes it."""

    channel, bot = "telegram", "1"

    def __init__(self, rates: Rates = FAST, script: dict[str, list[Outcome]] | None = None) -> None:
        self.rates = rates
        self.script: dict[str, list[Outcome]] = defaultdict(list, script or {})
        self.tried: list[tuple[str, str]] = []
        self.times: list[float] = []
        self.answered: list[str] = []
        self.standing: list[str | None] = []
        self.open = asyncio.Event()
        self.open.set()
        self.flying = self.most_flying = 0

    def is_group(self, address: str) -> bool:
        """Tell whether a chat is a group."""
        return address.startswith("-")

    async def send(
        self, address: str, outgoing: Outgoing | None, callback: str | None, standing: str | None = None
    ) -> Outcome:
        """Do what is next in the script."""
        text = outgoing.text if outgoing is not None else ""
        self.tried.append((address, text))
        self.times.append(time.monotonic())
        self.standing.append(standing)
        self.answered += [callback] if callback else []
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        await self.open.wait()
        await asyncio.sleep(0)
        self.flying -= 1
        return self.script[text].pop(0) if self.script[text] else Sent(f"message to {address}")

    def tried_with(self, address: str) -> list[str]:
        """Return the texts somebody was to be sent, in order."""
        return [text for to, text in self.tried if to == address]


class PostOffice:
    """A database with letters in it, and the delivery of one bot."""

    def __init__(
        self,
        database: Database,
        sender: ScriptedSender,
        quiet: QuietHours = NEVER_QUIET,
        waits: Waits = IMPATIENT,
        jitter: Callable[[], float] = by_chance,
    ) -> None:
        self.database = database
        self.sender = sender
        self.turns = Latency()
        self.later = timedelta()
        runtime = Runtime(database, CATALOGUES, lambda: datetime.now(UTC) + self.later, ZONE, quiet)
        self.bell = runtime.letters_queued
        self.runtime = runtime
        self.delivery = Courier(runtime, sender, self.turns, waits, jitter)

    async def write(
        self,
        addresses: list[str],
        *texts: str,
        priority: int = REPLY,
        callback: str | None = None,
        topic: str = "",
    ) -> None:
        """Queue the same letters to several people; no text is a letter that only answers a press."""
        places = [("telegram", "1", address) for address in addresses]
        async with self.database.writing() as connection:
            ids = await conversation_ids(connection, places)
            wanted = [
                Letter(
                    Recipient(ids[place], *place, "vi"),
                    Outgoing(text, topic=topic) if text else None,
                    callback,
                    priority,
                )
                for text in texts
                for place in places
            ]
            await outbox.queue(connection, wanted, datetime.now(UTC))
        self.bell.ring()

    async def notice(self, addresses: list[str], english: Sequence[str] = ()) -> None:
        """Let a notice be under way, with these people in its ledger."""
        places = [("telegram", "1", address) for address in addresses]
        async with self.database.writing() as connection:
            ids = await conversation_ids(connection, places)
            for address in english:
                chat = conversations.update().where(conversations.c.address == address)
                await connection.execute(chat.values(language="en"))
            now = {"created_at": datetime.now(UTC), "started_at": datetime.now(UTC)}
            row = {"content": NOTICE_BODY, "audience": b"{}", "state": "sending", **now}
            await connection.execute(notices.insert().values(row | {"id": 1, "conversation_id": ids[places[0]]}))
        await self.invite(addresses)

    async def invite(self, addresses: list[str]) -> None:
        """Put people into the notice's ledger."""
        places = [("telegram", "1", address) for address in addresses]
        async with self.database.writing() as connection:
            ids = await conversation_ids(connection, places)
            for conversation_id in ids.values():
                person = {"id": conversation_id, "name": "Somebody", "created_at": datetime.now(UTC)}
                await connection.execute(people.insert().values(person))
            theirs = conversations.c.id.in_(ids.values())
            await connection.execute(conversations.update().where(theirs).values(person_id=conversations.c.id))
            await contacts.refresh(connection, list(ids.values()))
            common = {"channel": "telegram", "bot": "1", "priority": NOTICE, "state": "queued", "notice_id": 1}
            rows = [
                common | {"conversation_id": ids[place], "address": place[2], "created_at": datetime.now(UTC)}
                for place in places
            ]
            await connection.execute(letters.insert(), rows)
        self.bell.ring()

    async def states(self, address: str = "") -> list[str]:
        """Return the states of the letters, of one person's if told."""
        statement = select(letters.c.state).join(conversations).order_by(letters.c.id)
        if address:
            statement = statement.where(conversations.c.address == address)
        async with self.database.reading() as connection:
            return list(await connection.scalars(statement))

    async def until_states(self, *states: str) -> None:
        """Wait until the letters have these states."""
        async with asyncio.timeout(20):
            while await self.states() != [*states]:
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Wait until no letter is open."""
        async with asyncio.timeout(20):
            while {"queued", "sending"} & {*await self.states()}:
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self, supervisor: Supervisor | None = None) -> AsyncIterator["PostOffice"]:
        """Deliver until the block is left, anew after each failure if there is a supervisor."""
        run = self.delivery.run
        async with doing(supervisor.run("delivery", run) if supervisor is not None else run()):
            yield self

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Hear what other instances have queued, until the block is left."""
        async with doing(SharedSignal(self.runtime, lambda: self.delivery.leads).run()):
            yield


@asynccontextmanager
async def doing(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do a work until the block is left."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def dies_sending(database: Database, count: int) -> None:
    """Let another instance die when it has so many letters on their way, of which it hears nothing."""
    other = PostOffice(database, ScriptedSender(), waits=CARELESS)
    other.sender.open.clear()
    async with other.running():
        await until(lambda: len(other.sender.tried) == count)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


async def test_the_order_of_a_conversation_holds_when_the_first_letter_must_be_tried_again(database: Database) -> None:
    sender = ScriptedSender(script={"1": [Later("502", 0.05), Later("502", 0.05)]})
    office = PostOffice(database, sender)
    await office.write(["Lan"], "1", "2", "3")
    await office.write(["Minh"], "a", "b")
    async with office.running():
        await office.settled()
    assert sender.tried_with("Lan") == ["1", "1", "1", "2", "3"]
    assert sender.tried_with("Minh") == ["a", "b"]
    assert await office.states() == ["sent"] * 5


async def test_somebody_else_is_not_kept_waiting_by_a_letter_that_is_tried_again(database: Database) -> None:
    sender = ScriptedSender(script={"1": [Later("502", 3600)]})
    office = PostOffice(database, sender)
    await office.write(["Lan"], "1", "2")
    await office.write(["Minh"], "a", "b")
    async with office.running():
        await until(lambda: sender.tried_with("Minh") == ["a", "b"])
    assert await office.states("Lan") == ["queued", "queued"]


async def test_a_held_bot_sends_nothing_until_the_seconds_are_over_and_then_one_after_the_other(
    database: Database,
) -> None:
    hold, count, rate = 0.4, 12, 50
    sender = ScriptedSender(Rates(rate, 10_000), {"1": [Later("429", hold, whole_bot=True)]})
    office = PostOffice(database, sender)
    await office.write(["Lan"], "1")
    await office.write([f"person {number}" for number in range(count)], "2")
    async with office.running():
        await until(lambda: office.delivery.trouble is not None)
        assert "429" in str(office.delivery.trouble)
        held_at = sender.times[0]
        await office.settled()
        assert office.delivery.trouble is None
    before = [moment for moment in sender.times if moment < held_at + hold - EARLY]
    after = sorted(moment for moment in sender.times if moment >= held_at + hold - EARLY)
    # What the channel had not answered yet when the hold began was under way already.
    assert len(before) <= EARLY_REPLIES + 1
    assert after[-1] >= held_at + hold + (len(after) - 1) / rate - EARLY
    assert await office.states() == ["sent"] * (count + 1)


async def test_who_stopped_the_bot_is_marked_and_what_waits_for_them_is_over(database: Database) -> None:
    sender = ScriptedSender(script={"1": [BlockedByPerson("403")]})
    office = PostOffice(database, sender)
    await office.write(["Lan"], "1", "2", "3")
    await office.write(["Minh"], "a")
    async with office.running():
        await office.settled()
    assert await office.states("Lan") == ["blocked"] * 3
    assert await office.states("Minh") == ["sent"]
    assert sender.tried_with("Lan") == ["1"]
    async with database.reading() as connection:
        rows = await connection.execute(select(conversations.c.address, conversations.c.blocked_at))
        assert {row.address: row.blocked_at is not None for row in rows} == {"Lan": True, "Minh": False}


def refusals() -> float:
    return REGISTRY.get_sample_value("hoctap_letters_refused_total", {"channel": "telegram"}) or 0.0


async def test_a_refused_reply_is_said_plainly_instead_and_counted(database: Database) -> None:
    counted = refusals()
    office = PostOffice(database, ScriptedSender(script={"1": [Rejected("400 too strange")]}))
    await office.write(["Lan"], "1", "2")
    async with office.running():
        await office.settled()
    assert await office.states() == ["sent", "sent"]
    assert office.sender.tried_with("Lan") == ["1", "1", "2"]
    assert refusals() == counted + 1


async def test_who_can_be_shown_nothing_of_a_reply_is_told_so_in_their_language(database: Database) -> None:
    office = PostOffice(database, ScriptedSender(script={"1": [Rejected("400"), Rejected("400")]}))
    await office.write(["Lan"], "1")
    async with office.running():
        await office.settled()
    assert office.sender.tried_with("Lan") == ["1", "1", CATALOGUES["vi"].gettext(CANNOT_BE_SHOWN.msgid)]


async def test_a_reply_that_is_refused_in_every_form_ends_alone(database: Database) -> None:
    sorry = CATALOGUES["vi"].gettext(CANNOT_BE_SHOWN.msgid)
    script: dict[str, list[Outcome]] = {"1": [Rejected("400 too strange"), Rejected("400")], sorry: [Rejected("400")]}
    office = PostOffice(database, ScriptedSender(script=script))
    await office.write(["Lan"], "1", "2")
    async with office.running():
        await office.settled()
    assert await office.states() == ["failed", "sent"]
    async with database.reading() as connection:
        rows = [tuple(row) for row in await connection.execute(select(letters.c.error, letters.c.body))]
    assert sorted(rows, key=str) == [("400 too strange", None), (None, None)]


async def test_what_was_on_its_way_when_the_last_process_died_is_sent_again_first(
    database: Database,
) -> None:
    office = PostOffice(database, ScriptedSender())
    await office.write(["Lan"], "1", "2")
    await dies_sending(database, 1)
    async with office.running():
        await office.settled()
    assert office.sender.tried_with("Lan") == ["1", "2"]


async def test_a_stop_waits_for_what_is_on_its_way_and_repeats_nothing(database: Database) -> None:
    office = PostOffice(database, ScriptedSender(script={"2": [BlockedByPerson("403")]}))
    office.sender.open.clear()
    await office.write(["Lan"], "1", "3")
    await office.write(["Minh"], "2", "3")
    task = asyncio.create_task(office.delivery.run())
    await until(lambda: len(office.sender.tried) == 2)
    task.cancel()
    await asyncio.sleep(0)
    office.sender.open.set()
    await asyncio.wait([task])
    assert await office.states("Lan") == ["sent", "queued"]
    assert (await office.states("Minh"))[0] == "blocked"


async def test_a_thousand_letters_go_once_each_and_never_too_many_at_once(database: Database) -> None:
    office = PostOffice(database, ScriptedSender())
    people = [f"person {number}" for number in range(3 * REPLIES_IN_FLIGHT)]
    await office.write(people, "1", "2")
    async with office.running():
        await office.settled()
    assert sorted(office.sender.tried) == sorted((name, text) for name in people for text in ("1", "2"))
    assert all(office.sender.tried_with(name) == ["1", "2"] for name in people[:5])
    assert office.sender.most_flying <= REPLIES_IN_FLIGHT


async def test_a_bot_is_not_sent_faster_than_its_channel_allows(database: Database) -> None:
    count, rate = 30, 60
    office = PostOffice(database, ScriptedSender(Rates(rate, 10_000)))
    await office.write([f"person {number}" for number in range(count)], "1")
    async with office.running():
        await office.settled()
    assert max(office.sender.times) - min(office.sender.times) >= (count - 1 - EARLY_REPLIES) / rate - EARLY


async def test_a_chat_is_not_sent_faster_than_its_channel_allows_and_slows_down_nobody_else(database: Database) -> None:
    rate = 10
    office = PostOffice(database, ScriptedSender(Rates(10_000, rate)))
    await office.write(["Lan"], "1", "2", "3", "4")
    others = [f"person {number}" for number in range(20)]
    await office.write(others, "1")
    async with office.running():
        await office.settled()
    lan = [moment for (to, _), moment in zip(office.sender.tried, office.sender.times, strict=True) if to == "Lan"]
    assert lan[-1] - lan[0] >= 3 / rate - EARLY
    assert {to for to, _text in office.sender.tried[: len(others) + 1]} == {"Lan", *others}


async def test_a_chat_gets_a_short_burst_of_replies_and_then_its_usual_pace(database: Database) -> None:
    rate, burst = 5, 3
    office = PostOffice(database, ScriptedSender(Rates(10_000, rate, chat_burst=burst)))
    await office.write(["Lan"], "1", "2", "3", "4", "5")
    async with office.running():
        await office.settled()
    began = office.sender.times[0]
    took = [moment - began for moment in office.sender.times]
    assert took[burst - 1] < 1 / rate
    assert took[burst] >= 1 / rate - EARLY
    assert took[burst + 1] >= 2 / rate - EARLY


async def test_notices_have_no_burst_and_leave_replies_theirs(database: Database) -> None:
    rate = 5
    office = PostOffice(database, ScriptedSender(Rates(10_000, rate, chat_burst=5)))
    await office.write(["Lan"], "notice", "another", priority=NOTICE)
    async with office.running():
        await office.settled()
    assert office.sender.times[1] - office.sender.times[0] >= 1 / rate - EARLY


async def test_a_chat_that_got_too_many_messages_has_no_burst_any_more(database: Database) -> None:
    rate = 5
    script: dict[str, list[Outcome]] = {"1": [Later("429", 0.1, whole_bot=True, too_many=True)]}
    office = PostOffice(database, ScriptedSender(Rates(10_000, rate, chat_burst=5), script))
    await office.write(["Lan"], "1", "2", "3")
    async with office.running():
        await office.settled()
    assert office.sender.tried_with("Lan") == ["1", "1", "2", "3"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(office.sender.times)]
    assert min(gaps[1:]) >= 1 / rate - EARLY


async def test_a_press_is_answered_without_waiting_for_the_pace_of_messages(
    database: Database,
) -> None:
    office = PostOffice(database, ScriptedSender(Rates(1 / 3600, 10_000)), waits=CARELESS)
    await office.write([f"person {number}" for number in range(2 * EARLY_REPLIES)], "1")
    await office.write(["Hoa"], "", callback="press 1")
    async with office.running():
        await until(lambda: office.sender.answered == ["press 1"])
        assert len(office.sender.tried) < 2 * EARLY_REPLIES


async def test_replies_overtake_the_notices_of_others(database: Database) -> None:
    office = PostOffice(database, ScriptedSender(Rates(100, 10_000)))
    await office.write(["Lan", "Minh"], "notice", priority=NOTICE)
    await office.write(["Hoa", "Hạnh"], "reply")
    async with office.running():
        await office.settled()
    assert [text for _to, text in office.sender.tried] == ["reply", "reply", "notice", "notice"]


# notices


WIDE = Rates(per_bot=200, per_chat=10_000)


async def test_a_notice_reaches_each_recipient_once_in_their_language(database: Database) -> None:
    office = PostOffice(database, ScriptedSender())
    people = [f"person {number}" for number in range(3 * NOTICES_IN_FLIGHT)]
    await office.notice(people, english=people[:5])
    async with office.running():
        await office.settled()
    assert sorted(to for to, _text in office.sender.tried) == sorted(people)
    assert {text for to, text in office.sender.tried if to in people[:5]} == {"All are invited."}
    assert {text for to, text in office.sender.tried if to not in people[:5]} == {"Mời cả thôn."}
    assert await office.states() == ["sent"] * len(people)


async def test_what_nobody_knows_of_is_not_sent_again_when_it_is_a_notice(database: Database) -> None:
    script: dict[str, list[Outcome]] = {
        "Mời cả thôn.": [
            Later("502", 0.01, uncertain=True), Later("500", 0.01), Rejected("400", only_here=True),
            BlockedByPerson("403"), OutsideWindow("-230"),
        ],
        "reply": [Later("502", 0.01, uncertain=True)],
    }  # fmt: skip
    office = PostOffice(database, ScriptedSender(script=script))
    await office.notice(["Lan", "Minh", "Hoa", "Tư", "Năm"])
    async with office.running():
        await office.settled()
    assert await office.states() == ["uncertain", "sent", "failed", "blocked", "outside"]
    await office.write(["Lan"], "reply")
    async with office.running():
        await office.settled()
    assert office.sender.tried_with("Lan") == ["Mời cả thôn.", "reply", "reply"]


async def test_a_notice_whose_content_is_refused_stops_at_the_first_and_leaves_everybody_in_its_list(
    database: Database,
) -> None:
    script: dict[str, list[Outcome]] = {"Mời cả thôn.": [Rejected("400 BUTTON_URL_INVALID")] * 20}
    office = PostOffice(database, ScriptedSender(Rates(per_bot=100, per_chat=10_000), script))
    people = [f"person {number:02}" for number in range(20)]
    await office.notice(people)
    async with office.running():
        await until(lambda: len(office.sender.tried_with(people[0])) == 2)
    told = office.sender.tried_with(people[0])[-1]
    tried = [to for to, text in office.sender.tried if text == "Mời cả thôn."]
    assert len(tried) <= 1 + EARLY_NOTICES
    assert await office.states() == [*["queued"] * 20, "sent"]
    assert "địa chỉ của đường dẫn" in told
    async with database.reading() as connection:
        row = (await connection.execute(select(notices))).one()
        refused = select(letters.c.id).where(letters.c.error.is_not(None), letters.c.due.is_(None))
        assert len((await connection.execute(refused)).all()) == len(tried)
    assert (row.state, row.refusal) == ("paused", "400 BUTTON_URL_INVALID")


async def test_notices_that_were_on_their_way_when_the_process_died_are_uncertain_and_replies_go_again(
    database: Database,
) -> None:
    office = PostOffice(database, ScriptedSender())
    await office.notice(["Lan", "Minh"])
    await office.write(["Hoa"], "reply")
    await office.write(["Tư"], "reminder", priority=NOTICE)
    await dies_sending(database, 4)
    async with office.running():
        await office.settled()
    assert await office.states() == ["uncertain", "uncertain", "sent", "uncertain"]
    assert [to for to, _text in office.sender.tried] == ["Hoa"]


async def test_a_reply_does_not_wait_for_its_place_among_notices(database: Database) -> None:
    rate = 20
    office = PostOffice(database, ScriptedSender(Rates(rate, 10_000)))
    await office.notice([f"person {number}" for number in range(200)])
    async with office.running():
        await until(lambda: len(office.sender.tried) > 4)
        before = len(office.sender.tried)
        await office.write(["Hoa"], "reply")
        await until(lambda: ("Hoa", "reply") in office.sender.tried)
        assert office.sender.tried.index(("Hoa", "reply")) - before <= 2


async def test_a_reply_does_not_wait_until_notices_are_settled(
    database: Database,
) -> None:
    office = PostOffice(database, ScriptedSender(), waits=replace(IMPATIENT, settle=3600.0, behind=0.0))
    await office.notice(["Lan", "Minh"])
    async with office.running():
        await until(lambda: len(office.sender.tried) == 2)
        assert await office.states() == ["sending", "sending"]
        await office.write(["Hoa"], "1", "2")
        await until(lambda: office.sender.tried_with("Hoa") == ["1", "2"])
        await office.settled()


async def test_a_stop_in_the_middle_of_taking_notices_leaves_none_that_nobody_knows_of(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking, going_on, take = asyncio.Event(), asyncio.Event(), outbox.take_notices

    async def take_slowly(*arguments: Any) -> list[DueLetter]:
        taking.set()
        await going_on.wait()
        return await take(*arguments)

    monkeypatch.setattr(outbox, "take_notices", take_slowly)
    office = PostOffice(database, ScriptedSender())
    await office.notice(["Lan", "Minh"])
    task = asyncio.create_task(office.delivery.run())
    await taking.wait()
    task.cancel()
    await asyncio.sleep(0)
    going_on.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await office.states() == ["sent", "sent"]


async def test_notices_use_the_whole_rate_and_no_more(database: Database) -> None:
    office = PostOffice(database, ScriptedSender(WIDE))
    await office.notice([f"person {number}" for number in range(150)])
    async with office.running():
        await office.settled()
    took = max(office.sender.times) - min(office.sender.times)
    assert (150 - 1 - EARLY_NOTICES - 1) / WIDE.per_bot - EARLY <= took


async def test_notices_make_way_while_turns_are_slow_and_come_back_when_they_are_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.rate_limiter.ADJUST_SECONDS", 0.02)
    monkeypatch.setattr("bot.services.latency.WINDOW_SECONDS", 0.2)
    office = PostOffice(database, ScriptedSender(WIDE))
    await office.notice([f"person {number}" for number in range(300)])
    shares = []
    async with office.running():
        await until(lambda: len(office.sender.tried) > 10)
        office.turns.note(SLOW_TURNS * 2)
        await until(lambda: len(office.sender.tried) > 20)
        shares.append(office.delivery.share)  # one alone is no trend
        office.turns.note(SLOW_TURNS * 2)
        await until(lambda: office.delivery.share < 0.3)
        shares.append(office.delivery.share)
        await until(lambda: office.delivery.share == 1)
    assert shares[0] == 1
    assert shares[1] < 0.3


async def test_a_notice_lets_somebody_s_turn_be_done_first_but_not_for_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.rate_limiter.BRIEFLY", 3600.0)
    office = PostOffice(database, ScriptedSender())
    async with office.running():
        with office.turns.somebody_waits():
            await office.notice(["Lan"])
            await office.until_states("sending")
            await office.write(["Hoa"], "reply")
            await until(lambda: office.sender.tried == [("Hoa", "reply")])
        await office.settled()
        monkeypatch.setattr("bot.services.rate_limiter.BRIEFLY", 0.001)
        with office.turns.somebody_waits():
            await office.write(["Minh"], "reminder", priority=NOTICE)
            await office.settled()
    assert [to for to, _text in office.sender.tried] == ["Hoa", "Lan", "Minh"]


async def test_no_notice_goes_out_in_quiet_hours_but_replies_do(database: Database) -> None:
    now = datetime.now(ZONE)
    quiet = QuietHours((now - timedelta(hours=1)).time(), (now + timedelta(hours=1)).time())
    office = PostOffice(database, ScriptedSender(), quiet)
    await office.notice(["Lan"])
    await office.write(["Minh"], "reply")
    async with office.running():
        await until(lambda: office.sender.tried == [("Minh", "reply")])
        assert (await office.states())[0] == "queued"
        office.later = timedelta(hours=2)
        await office.settled()
    assert office.sender.tried_with("Lan") == ["Mời cả thôn."]


async def test_a_group_gets_twenty_messages_a_minute_and_the_message_of_a_topic_is_changed(
    database: Database,
) -> None:
    office = PostOffice(database, ScriptedSender(Rates(10_000, 10_000, per_group=10)))
    await office.write(["-100"], "1", "2", "3")
    async with office.running():
        await office.settled()
    assert office.sender.times[-1] - office.sender.times[0] >= 2 / 10 - EARLY
    await office.write(["Lan"], "10 %", "20 %", topic="notice-1")
    async with office.running():
        await office.settled()
    assert office.sender.standing == [None, None, None, None, "message to Lan"]


@pytest.fixture
async def shared(databases: Databases) -> AsyncIterator[Database]:
    """A database that several instances share: a SQLite file has one `hoctap serve`."""
    async with databases.fresh("postgresql") as url:
        database = Database(url)
        yield database
        await database.close()


@pytest.fixture
async def pair(shared: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[PostOffice, PostOffice]]:
    """The instance that leads and another one, connected. They look for nothing by themselves."""
    monkeypatch.setattr("bot.store.core.leases.SECONDS", 3600.0)
    leader, other = (PostOffice(shared, ScriptedSender(), waits=Waits(idle=3600.0)) for _instance in range(2))
    async with leader.running():
        await until(lambda: leader.delivery.leads)
        async with other.running(), leader.connected(), other.connected():
            yield leader, other


async def test_a_reply_that_another_instance_has_queued_is_sent_at_once(pair: tuple[PostOffice, PostOffice]) -> None:
    leader, other = pair
    for number in range(1, 4):
        await other.write(["Lan"], f"{number}")
        await until(lambda number=number: len(leader.sender.tried) == number)  # type: ignore[misc]
    assert other.sender.tried == []


async def test_instances_hear_each_other_again_after_the_line_was_lost(
    shared: Database, pair: tuple[PostOffice, PostOffice]
) -> None:
    leader, other = pair
    await other.write(["Lan"], "1")
    await until(lambda: leader.sender.tried_with("Lan") == ["1"])
    async with shared.writing() as connection:
        here = "datname = current_database() AND (query LIKE 'LISTEN%' OR query LIKE 'NOTIFY%')"
        assert (
            await connection.scalar(text(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {here}"))
            == 2
        )
    await other.write(["Lan"], "2")
    await until(lambda: leader.sender.tried_with("Lan") == ["1", "2"])


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "dead"])
async def test_another_instance_sends_nothing_until_the_leader_is_gone(
    shared: Database, monkeypatch: pytest.MonkeyPatch, *, stopped: bool
) -> None:
    monkeypatch.setattr("bot.store.core.leases.SECONDS", 6.0 if stopped else 0.5)
    leader, other = PostOffice(shared, ScriptedSender()), PostOffice(shared, ScriptedSender())
    leader.sender.open.clear()
    await leader.write(["Lan"], "1", "2")
    leading = asyncio.create_task(leader.delivery.run())
    await until(lambda: leader.sender.tried == [("Lan", "1")])
    async with other.running():
        await asyncio.wait([asyncio.create_task(until(lambda: bool(other.sender.tried)))], timeout=0.7)
        assert other.sender.tried == []
        if stopped:
            leading.cancel()
            leader.sender.open.set()
        else:
            # Nobody hears of it any more: as good as dead.
            monkeypatch.setattr(leader.delivery, "_exchange", asyncio.Event().wait)
        await other.settled()
    leading.cancel()
    leader.sender.open.set()
    await asyncio.wait([leading])
    assert other.sender.tried_with("Lan") == (["2"] if stopped else ["1", "2"])


async def test_a_trouble_is_no_longer_told_by_who_no_longer_leads(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.core.leases.SECONDS", 0.5)
    office = PostOffice(shared, ScriptedSender(script={"1": [Later("429", 3600.0, whole_bot=True)]}))
    await office.write(["Lan"], "1")
    async with office.running():
        await until(lambda: office.delivery.trouble is not None)
        async with shared.writing() as connection:
            await connection.execute(
                leases.update().values(holder="other", until=datetime.now(UTC) + timedelta(days=1))
            )
        await until(lambda: office.delivery.trouble is None)


async def test_more_notices_at_once_than_are_remembered_reach_everybody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.wording.MOST_KNOWN", 1)
    office = PostOffice(database, ScriptedSender())
    await office.notice(["an"])
    async with database.writing() as connection:
        for number in range(2, 5):
            for table, key in ((notices, "id"), (letters, "notice_id")):
                first = (await connection.execute(select(table).where(table.c[key] == 1))).mappings().one()
                await connection.execute(table.insert().values({**first, "id": number, key: number}))
    async with office.running():
        await office.until_states("sent", "sent", "sent", "sent")
    assert len(office.sender.tried_with("an")) == 4


async def test_a_reply_that_only_another_version_can_read_costs_itself_alone(database: Database) -> None:
    office = PostOffice(database, ScriptedSender())
    await office.write(["an", "bình"], "một")
    async with database.writing() as connection:
        await connection.execute(letters.update().where(letters.c.address == "an").values(body=b'{"text": 1}'))
    await office.write(["an"], "hai")
    async with office.running():
        await office.settled()
    assert office.sender.tried_with("an") == [render(CANNOT_BE_SHOWN, CATALOGUES["vi"]), "hai"]
    assert office.sender.tried_with("bình") == ["một"]


async def test_a_notice_that_only_another_version_can_read_waits_for_it_and_keeps_no_reply_from_going(
    database: Database,
) -> None:
    office = PostOffice(database, ScriptedSender())
    await office.notice(["an"])
    async with database.writing() as connection:
        await connection.execute(notices.update().values(content=b'{"vi": 1}'))
    await office.write(["bình"], "một")
    async with office.running():
        await office.until_states("queued", "sent")
    assert office.sender.tried == [("bình", "một")]


# when there is a bug


async def soon(seconds: float) -> None:
    """Rest for no longer than others need."""
    await asyncio.sleep(0.001)


PLACES: list[tuple[Any, str]] = [
    (Courier, "_send_replies"),
    (Courier, "_take_replies"),
    (Courier, "_is_behind"),
    (Courier, "_exchange_whole"),
    (Courier, "_exchange"),
    (Courier, "_room_for_notices"),
    (Courier, "_sources"),
    (Courier, "_take_notices"),
    (Courier, "_settle_lost"),
    (Courier, "_launch"),
    (Courier, "_heed"),
    (Flight, "settle"),
    (Attempts, "outcome"),
    (Attempts, "_send"),
    (judging, "judge"),
    (settling, "settle"),
    (outbox, "settle"),
    (NoticeWording, "outgoing"),
]


@pytest.mark.parametrize("call", [1, 2, 5])
async def test_a_bug_anywhere_loses_no_reply_and_sends_no_notice_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    office = PostOffice(database, ScriptedSender(), jitter=lambda: 0.0)
    await office.notice(["0"])
    invited, broken = ["0"], 0
    async with office.running(Supervisor(rest=soon)):
        for place, (of, name) in enumerate(PLACES):
            talking = [f"talks {place} {number}" for number in range(5)]
            invited += (some := [f"hears {place} {number}" for number in range(10)])
            with monkeypatch.context() as patched:
                breaks = break_once(patched, of, name, call)
                await office.invite(some)
                for word in ("một", "hai"):
                    await office.write(talking, word)
                await office.settled()
                broken += breaks.is_set()
            for address in talking:
                assert await office.states(address) == ["sent", "sent"], (name, address)
                assert [word for word, _ in itertools.groupby(office.sender.tried_with(address))] == ["một", "hai"]
    assert call > 1 or broken >= len(PLACES) - 2  # some are called too seldom
    states = {address: state for address in invited for state in await office.states(address)}
    assert set(states.values()) <= {"sent", "uncertain"}
    tried = {address: len(office.sender.tried_with(address)) for address in invited}
    assert {address: times for address, times in tried.items() if times > 1} == {}
    assert [address for address in invited if states[address] == "sent" and not tried[address]] == []


async def test_a_letter_that_cannot_be_settled_costs_no_other_and_is_not_sent_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL takes no NUL in a text, and a channel may say anything."""
    keep = standing.keep

    async def refuse_some(connection: Any, standing_now: Sequence[standing.LiveMessage]) -> None:
        if any(one.topic == "broken" for one in standing_now):
            raise ValueError
        await keep(connection, standing_now)

    monkeypatch.setattr(standing, "keep", refuse_some)
    office = PostOffice(database, ScriptedSender())
    async with office.running(Supervisor(rest=soon)):
        await office.write(["an", "bình"], "một")
        await office.write(["lan"], "một", topic="broken")
        await office.settled()
        await office.write(["an", "lan"], "hai")
        await office.settled()
    assert [await office.states(name) for name in ("an", "bình", "lan")] == [["sent"] * 2, ["sent"], ["sent"] * 2]
    assert office.sender.tried_with("lan") == ["một", "hai"]


async def test_a_letter_on_its_way_is_waited_for_when_a_bug_ends_the_run_and_its_chat_is_free_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PostOffice(database, ScriptedSender(), waits=CARELESS)
    office.sender.open.clear()
    async with office.running(Supervisor(rest=soon)):
        await office.write(["an"], "một")
        await until(lambda: office.sender.flying == 1)
        broken = break_once(monkeypatch, Courier, "_take_replies")
        office.bell.ring()
        await asyncio.wait_for(broken.wait(), 20)
        await until(lambda: len(office.sender.tried) == 2)  # it was called off, and is sent again
        office.sender.open.set()
        await office.settled()
    assert await office.states() == ["sent"]


async def test_letters_that_wait_for_their_place_when_a_bug_ends_the_run_go_in_the_next_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = PostOffice(database, ScriptedSender(Rates(per_bot=5, per_chat=10_000)), waits=CARELESS)
    people = [f"{number}" for number in range(EARLY_REPLIES + 4)]
    async with office.running(Supervisor(rest=soon)):
        await office.write(people, "một")
        await until(lambda: len(office.sender.tried) >= EARLY_REPLIES)
        broken = break_once(monkeypatch, Courier, "_take_replies")
        office.bell.ring()
        await asyncio.wait_for(broken.wait(), 20)
        await office.settled()
    assert [office.sender.tried_with(one) for one in people] == [["một"]] * len(people)


@pytest.mark.parametrize("stopped_in", ["_take_replies", "_land"])
async def test_a_stop_while_a_bug_ends_the_run_still_lands_what_is_on_its_way(
    database: Database, monkeypatch: pytest.MonkeyPatch, stopped_in: str
) -> None:
    stop, sound = asyncio.Event(), Courier._land

    def land(delivery: Courier) -> Any:
        stop.set()
        asyncio.get_running_loop().call_later(0.05, office.sender.open.set)
        return sound(delivery)

    monkeypatch.setattr(Courier, "_land", land)
    office = PostOffice(database, ScriptedSender())
    office.sender.open.clear()
    async with office.running(Supervisor()):
        await office.write(["an"], "một")
        await until(lambda: office.sender.flying == 1)
        broken = break_once(monkeypatch, Courier, "_take_replies")
        office.bell.ring()
        await asyncio.wait_for((stop if stopped_in == "_land" else broken).wait(), 20)
    assert await office.states() == ["sent"]
    assert office.sender.tried_with("an") == ["một"]
