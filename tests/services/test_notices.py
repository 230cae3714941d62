"""The keeper of notices on a real database: who is in a ledger, what moves it on, and that its counts always sum."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.settling import stop_refused
from bot.services import notices as keeping
from bot.services import rounds
from bot.services.files import FileStore
from bot.services.notices import NoticeRunner
from bot.services.reports import make_report
from bot.services.sending import FileNotNow, FileSource
from bot.services.supervisor import FIRST_REST, Supervisor
from bot.services.wording import NoticeWording
from bot.store import received as received_rows
from bot.store.core import contacts as contact_rows
from bot.store.core import outbox
from bot.store.core.database import Database, LostRace
from bot.store.core.outbox import NOTICE, DueLetter, Letter, OutboxState, Recipient, SettledLetter
from bot.store.core.reference import read_reference
from bot.store.core.tables import approval_limits, contacts, conversation_people, conversations, people, roles
from bot.store.core.tables import notices as notice_table
from bot.store.core.tables import outbox as letters
from bot.store.notices import ledger, reading, reports, saving, writing
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Blocked, Pressed
from flows.domain.quiet_hours import QuietHours
from flows.domain.units import Scope
from flows.notices.needs import ApproversWanted, AudienceWanted, NoticesWanted, Respondents, RespondentsWanted
from flows.notices.notice import (
    DEFAULT_APPROVAL_ABOVE,
    Audience,
    Content,
    LedgerState,
    MutedKind,
    NoticeAct,
    NoticeAnswer,
    NoticeFile,
    NoticeState,
    Origin,
    Reached,
    Repeat,
)
from flows.notices.occasions import made
from flows.notices.records import NoticeActed, NoticeSaved
from flows.received.needs import ReceivedWanted
from flows.received.records import NoticeAnswered
from flows.words.wording import Named
from tests.commune import BOT, CHANNEL, Commune
from tests.sample import CATALOGUES, NOW
from tests.services.test_evidence import ScriptedSource
from tests.services.test_files import JPEG

HELLO = Content(vi="Mời *cả thôn* dự họp.", en="All are *invited*.", asks_who_comes=True)
NIGHT = QuietHours()


class Office:
    """A commune whose administrator writes notices, and the keeper who keeps them going."""

    def __init__(self, commune: Commune, folder: Path) -> None:
        self.commune = commune
        self.database: Database = commune.database
        self.files = FileStore(folder)
        self.wording = NoticeWording(CATALOGUES)
        self.seconds = 0.0  # what fails rests until this is moved on
        self.supervisor = Supervisor(lambda: self.seconds)
        self.sources: dict[tuple[str, str], FileSource] = {}
        self.keeper = self.new_keeper()

    def new_keeper(self) -> NoticeRunner:
        """Return a keeper that remembers nothing, as after a restart."""
        return NoticeRunner(self.commune.runtime, self.files, self.sources, self.supervisor)

    async def person(self, name: str) -> int:
        """Return somebody's id."""
        found = await self.commune.column(select(conversations.c.person_id).where(conversations.c.address == name))
        return int(found[0])

    async def unit(self, code: str) -> int:
        """Return a unit's id."""
        async with self.database.reading() as connection:
            tree = await read_reference(connection)
        return tree.reference.units.by_code[code].id

    async def write(
        self,
        content: Content = HELLO,
        unit: str = "tk",
        send_at: datetime | None = None,
        repeat: Repeat = "",
        state: NoticeState = "scheduled",
        **audience: Any,
    ) -> int:
        """Let the administrator hand a notice over."""
        chosen = Audience(unit_ids=(await self.unit(unit),), **audience)
        saved = NoticeSaved(content, chosen, state, send_at, repeat)
        author = await self.person("Hoa")
        chat = await self.commune.column(select(conversations.c.id).where(conversations.c.address == "Hoa"))
        async with self.database.writing() as connection:
            return await saving.save(connection, saved, author, chat[0], self.commune.now)

    async def keep(self, keeper: NoticeRunner | None = None) -> None:
        """Let the keeper work until there is nothing to do at once."""
        while await (keeper or self.keeper).run_once():
            pass

    async def take(self, notice_id: int, most: int = 100) -> list[DueLetter]:
        """Take recipients as delivery does."""
        async with self.database.writing() as connection:
            sources = await outbox.sources(connection, CHANNEL, BOT, self.commune.now)
            assert sources in ([], [notice_id])
            return await outbox.take_notices(connection, CHANNEL, BOT, sources, most, self.commune.now)

    async def settle(self, due: list[DueLetter], state: OutboxState = "sent") -> None:
        """Settle recipients as delivery does."""
        async with self.database.writing() as connection:
            await outbox.settle(connection, [SettledLetter(one.id, state, "why") for one in due], self.commune.now)

    async def remind(self, name: str, **texts: MutedKind | None) -> None:
        """Queue reminders for somebody: texts, each with what it can be turned off as."""
        (chat,) = await self.commune.rows(select(conversations).where(conversations.c.address == name))
        to = Recipient(chat.id, chat.channel, chat.bot, chat.address, "vi")
        letters = [Letter(to, Outgoing(text), priority=NOTICE, kind=kind) for text, kind in texts.items()]
        async with self.database.writing() as connection:
            await outbox.queue(connection, letters, NOW)

    async def take_reminders(self) -> list[DueLetter]:
        """Take reminders as delivery does."""
        async with self.database.writing() as connection:
            return await outbox.take_notices(connection, CHANNEL, BOT, [None], 100, self.commune.now)

    async def reminders(self) -> list[Any]:
        """Return the reminders in the outbox."""
        of_none = (letters.c.priority == NOTICE, letters.c.notice_id.is_(None))
        return await self.commune.rows(select(letters).where(*of_none).order_by(letters.c.id))

    async def mute(self, name: str, kind: MutedKind) -> None:
        """Let somebody turn something off."""
        async with self.database.writing() as connection:
            await received_rows.mute(connection, await self.person(name), kind, NOW, off=True)

    async def counts(self, notice_id: int) -> dict[str, int]:
        """Return a ledger's counts, which must sum to its recipients once it is written."""
        async with self.database.reading() as connection:
            notice = await reading.read(connection, notice_id)
        assert notice is not None
        if notice.state not in {"scheduled", "gathering"}:
            assert sum(notice.counts.values()) == notice.recipients
        return {str(state): number for state, number in notice.counts.items()}

    async def state(self, notice_id: int) -> str:
        """Return the state of a notice."""
        return str((await self.commune.column(select(notice_table.c.state).where(notice_table.c.id == notice_id)))[0])

    async def limit(self, above: int) -> None:
        """Let another administrator set from how many people on two have to agree."""
        async with self.database.writing() as connection:
            await writing.set_limit(connection, await self.unit("tk"), above, None)

    async def act(self, notice_id: int, act: NoticeAct, state: NoticeState, **more: Any) -> None:
        """Let an act happen."""
        async with self.database.writing() as connection:
            notice = await reading.read(connection, notice_id)
            assert notice is not None
            record = NoticeActed(notice_id, act, notice.version, state, **more)
            await writing.act(connection, record, self.commune.now)

    async def reached(self, unit: str = "tk", **audience: Any) -> Reached:
        """Count an audience."""
        unit_id = await self.unit(unit)
        async with self.database.reading() as connection:
            reference = (await read_reference(connection)).reference
            units = reference.units.scope([unit_id])
            wanted = AudienceWanted(Audience((unit_id,), **audience), units)
            today = self.commune.now.date()
            return await contact_rows.count(connection, wanted, reference.rounds_in(units, today), today.year)


@pytest.fixture
async def office(commune: Commune, tmp_path: Path) -> Office:
    """Lan has submitted, Minh has answered three questions; Trường and Hạnh are heads, Hoa administrates."""
    return Office(commune, tmp_path)


# whom a notice is for


@pytest.mark.parametrize(
    ("audience", "people_reached"),
    [
        ({}, 5),
        ({"roles": ("resident",)}, 2),
        ({"roles": ("head",)}, 2),
        ({"roles": ("admin",)}, 1),
        ({"roles": ("head", "admin")}, 3),
        ({"forms": ("submitted",)}, 1),
        ({"forms": ("draft",)}, 1),
        ({"forms": ("none",)}, 3),
        ({"groups": ("farmer",)}, 2),
        ({"groups": ("pupil",)}, 0),
        ({"languages": ("en",)}, 0),
        ({"channels": ("telegram",), "roles": ("resident",)}, 2),
        ({"channels": ("web",)}, 0),
        ({"youngest": 51, "oldest": 51}, 2),
        ({"youngest": 52}, 0),
        ({"oldest": 50}, 0),
    ],
)
async def test_an_audience_is_counted_as_it_was_chosen(
    office: Office, audience: dict[str, Any], people_reached: int
) -> None:
    assert (await office.reached(**audience)).total == people_reached
    notice_id = await office.write(**audience)
    await office.keep()
    assert sum((await office.counts(notice_id)).values()) == people_reached


async def test_nobody_outside_the_units_is_in_it(office: Office) -> None:
    assert (await office.reached("tk-doai")).total == 0
    notice_id = await office.write(unit="tk-doai")
    await office.keep()
    assert (await office.counts(notice_id), await office.state(notice_id)) == ({}, "done")


async def test_those_who_cannot_be_reached_are_counted_by_reason_and_left_out(office: Office) -> None:
    async with office.database.writing() as connection:
        await received_rows.mute(connection, await office.person("Lan"), "notices", NOW, off=True)
        await contact_rows.refresh(connection, [await office.person("Lan")])
    await office.commune.together(("Minh", Blocked()))
    assert await office.reached(roles=("resident",)) == Reached({}, {"muted": 1, "blocked": 1})
    await office.commune.say("Minh", "/start")
    assert await office.reached(roles=("resident",)) == Reached({"telegram": 1}, {"muted": 1})


async def test_a_form_of_an_earlier_round_is_none(office: Office) -> None:
    async with office.database.writing() as connection:
        await connection.execute(update(contacts).values(round_id=None))
    assert (await office.reached(forms=("none",))).total == 5


async def test_contacts_are_always_as_people_stand(office: Office) -> None:
    commune = office.commune
    await commune.say("Minh", "/language", "English")
    await commune.say("Lan", "rút phiếu")
    await commune.together(("Trường", Blocked()))
    await commune.say("Hạnh", "/privacy", "xóa dữ liệu", "đồng ý xóa hết")
    before = sorted(tuple(row) for row in await commune.rows(select(contacts)))
    async with office.database.writing() as connection:
        await contact_rows.refresh(connection, list(await connection.scalars(select(people.c.id))))
    assert sorted(tuple(row) for row in await commune.rows(select(contacts))) == before
    assert len(before) == 4


# the ledger


async def test_a_ledger_is_written_in_chunks_and_each_recipient_stands_in_it_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CHUNK", 2)
    notice_id = await office.write()
    await office.keeper.run_once()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("gathering", {"queued": 2})
    await office.keep(office.new_keeper())  # the first one died
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 5})
    taken = await office.take(notice_id)
    assert len({one.conversation_id for one in taken}) == len(taken) == 5
    await office.settle(taken)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("done", {"sent": 5})


async def test_nothing_is_taken_before_the_ledger_is_whole_nor_while_it_is_paused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CHUNK", 2)
    notice_id = await office.write()
    await office.keeper.run_once()
    assert await office.take(notice_id) == []
    await office.keep()
    await office.act(notice_id, "pause", "paused")
    assert await office.take(notice_id) == []
    await office.act(notice_id, "resume", "sending")
    assert len(await office.take(notice_id, most=3)) == 3
    assert await office.counts(notice_id) == {"queued": 2, "sending": 3}


async def test_who_stopped_turned_off_or_was_erased_since_is_not_written_to(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    await office.commune.say("Lan", "/privacy", "xóa dữ liệu", "đồng ý xóa hết")
    minh = (await office.commune.column(select(conversations.c.id).where(conversations.c.address == "Minh")))[0]
    async with office.database.writing() as connection:
        await received_rows.mute(connection, await office.person("Trường"), "notices", NOW, off=True)
        await outbox.mark_blocked(connection, minh, NOW)
    assert await office.counts(notice_id) == {"queued": 2, "muted": 2, "blocked": 1}
    assert {one.address for one in await office.take(notice_id)} == {"Hạnh", "Hoa"}


async def test_a_stop_leaves_out_who_still_waits_and_ends_with_what_is_under_way(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    taken = await office.take(notice_id, most=2)
    await office.act(notice_id, "stop", "stopped")
    await office.keep()
    assert await office.counts(notice_id) == {"sending": 2, "stopped": 3}
    await office.settle(taken)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("stopped", {"sent": 2, "stopped": 3})


async def test_a_stop_only_marks_the_notice_and_the_keeper_takes_people_off_its_list_some_at_a_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "TAKEN_OFF_AT_ONCE", 2)
    notice_id = await office.write()
    await office.keep()
    await office.act(notice_id, "stop", "stopped")
    assert await office.counts(notice_id) == {"queued": 5}
    assert await office.take(notice_id) == []
    left = []
    while "queued" in (counts := await office.counts(notice_id)):
        left.append(counts["queued"])
        await office.keeper.run_once()
    assert left == [5, 3, 1]
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("stopped", {"stopped": 5})


async def test_two_people_on_one_phone_get_a_notice_once(office: Office) -> None:
    lan, minh = await office.person("Lan"), await office.person("Minh")
    async with office.database.writing() as connection:
        phone = select(contacts.c.conversation_id).where(contacts.c.person_id == lan).scalar_subquery()
        shared = update(contacts).where(contacts.c.person_id == minh).values(conversation_id=phone)
        await connection.execute(shared)
    notice_id = await office.write(roles=("resident",))
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 1})


async def test_no_turn_counts_a_ledger_while_others_wait_for_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice_id = await office.write()
    await office.keep()
    writing, count, open_transaction = [], ledger.counts_of, office.database.writing
    counted_by: list[AsyncConnection] = []

    @asynccontextmanager
    async def noted_writing() -> AsyncIterator[AsyncConnection]:
        async with open_transaction() as connection:
            writing.append(connection)
            yield connection

    async def noted_count(connection: AsyncConnection, notice_id: int) -> dict[LedgerState, int]:
        counted_by.append(connection)
        return await count(connection, notice_id)

    monkeypatch.setattr(office.database, "writing", noted_writing)
    monkeypatch.setattr(ledger, "counts_of", noted_count)
    await office.commune.say("Hoa", "/notices", "1", "dừng hẳn")
    assert await office.state(notice_id) == "stopped"
    assert counted_by
    assert not any(one is other for one in counted_by for other in writing)


async def test_a_stop_while_the_ledger_is_written_counts_what_was_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CHUNK", 2)
    notice_id = await office.write()
    await office.keeper.run_once()
    await office.act(notice_id, "stop", "stopped")
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("stopped", {"stopped": 2})


async def test_what_nobody_knows_of_is_uncertain_and_sent_again_only_when_asked_to(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    await office.settle(await office.take(notice_id, most=3))
    await office.take(notice_id)
    async with office.database.writing() as connection:
        await outbox.settle_in_flight(connection, CHANNEL, BOT, office.commune.now)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("done", {"sent": 3, "uncertain": 2})
    await office.act(notice_id, "repeat_uncertain", "sending")
    await office.settle(await office.take(notice_id))
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("done", {"sent": 5})


@pytest.mark.parametrize("kind", ["reminders", "digests", "dates"])
async def test_who_turns_reminders_off_gets_none_that_waits_for_them(office: Office, kind: MutedKind) -> None:
    for name in ("Lan", "Minh"):
        await office.remind(name, mine=kind, other=None)
    await office.commune.press("Lan", f"c:mute:{kind}")
    assert [text for text in await office.commune.texts("Lan") if text in {"mine", "other"}] == ["other"]
    assert await office.commune.texts("Minh") == ["mine", "other"]


async def test_a_reminder_turned_off_while_it_was_tried_is_not_tried_again(office: Office) -> None:
    for name in ("Lan", "Minh"):
        await office.remind(name, mine="reminders")
    taken = await office.take_reminders()
    assert len(taken) == 2
    await office.mute("Lan", "reminders")
    await office.settle(taken, "queued")
    assert [(one.address, one.state) for one in await office.reminders()] == [("", "muted"), ("Minh", "queued")]


async def test_a_reminder_queued_as_it_is_turned_off_does_not_go(office: Office) -> None:
    await office.mute("Lan", "reminders")
    await office.remind("Lan", mine="reminders", other="digests")
    await office.remind("Minh", mine="reminders")
    taken = await office.take_reminders()
    assert [(one.address, one.outgoing.text) for one in taken if one.outgoing] == [("Lan", "other"), ("Minh", "mine")]
    assert [one.state for one in await office.reminders()] == ["muted", "sending", "sending"]


async def test_what_one_of_a_shared_phone_has_turned_off_goes_on_for_the_other(office: Office) -> None:
    chat = await office.commune.column(select(conversations.c.id).where(conversations.c.address == "Lan"))
    sharing = {"conversation_id": chat[0], "place": 0, "session": None}
    async with office.database.writing() as connection:
        for name in ("Lan", "Minh"):
            one = {**sharing, "person_id": await office.person(name)}
            await connection.execute(insert(conversation_people), one)
    await office.remind("Lan", mine="reminders")
    await office.mute("Lan", "reminders")
    assert [one.outgoing.text for one in await office.take_reminders() if one.outgoing] == ["mine"]
    await office.mute("Minh", "reminders")
    await office.remind("Lan", mine="reminders")
    assert await office.take_reminders() == []


async def test_who_turned_notices_off_while_theirs_was_tried_is_not_tried_again(office: Office) -> None:
    notice_id = await office.write(roles=("resident",))
    await office.keep()
    taken = await office.take(notice_id)
    async with office.database.writing() as connection:
        await received_rows.mute(connection, await office.person("Lan"), "notices", NOW, off=True)
        await contact_rows.refresh(connection, [await office.person("Lan")])
    await office.settle(taken, "queued")
    assert await office.counts(notice_id) == {"muted": 1, "queued": 1}
    assert {one.address for one in await office.take(notice_id)} == {"Minh"}
    async with office.database.writing() as connection:
        await outbox.settle_in_flight(connection, CHANNEL, BOT, office.commune.now)
        await received_rows.mute(connection, await office.person("Minh"), "notices", NOW, off=True)
        await contact_rows.refresh(connection, [await office.person("Minh")])
    await office.act(notice_id, "repeat_uncertain", "sending")
    assert await office.counts(notice_id) == {"muted": 1, "uncertain": 1}


async def test_what_is_tried_in_vain_while_a_notice_is_stopped_ends_with_it(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    taken = await office.take(notice_id, most=2)
    await office.act(notice_id, "stop", "stopped")
    await office.settle(taken, "queued")
    await office.keep()
    assert await office.counts(notice_id) == {"stopped": 5}
    ended = await office.commune.column(select(notice_table.c.ended_at).where(notice_table.c.id == notice_id))
    assert ended != [None]


async def test_a_settled_recipient_stays_settled(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    taken = await office.take(notice_id)
    for state in ("sent", "failed", "queued", "uncertain"):
        await office.settle(taken, state)
    assert await office.counts(notice_id) == {"sent": 5}


async def test_an_act_on_what_somebody_else_has_moved_on_does_nothing(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    with pytest.raises(LostRace):
        async with office.database.writing() as connection:
            await writing.act(connection, NoticeActed(notice_id, "stop", 0, "stopped"), NOW)
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 5})


# the web chat


async def with_web(office: Office) -> None:
    """Let Lan read in the web chat."""
    async with office.database.writing() as connection:
        await connection.execute(update(conversations).where(conversations.c.address == "Lan").values(channel="web"))
        await contact_rows.refresh(connection, [await office.person("Lan")])


async def in_page(office: Office) -> list[str]:
    """Return what Lan's page gets, and the words of it."""
    async with office.database.reading() as connection:
        new = await outbox.read_new(connection, "web", BOT, "Lan")
        worded = await office.wording.worded(connection, new, "web")
        assert [place async for place in outbox.waiting_at(connection, "web", BOT, ["Lan"])] == ["Lan"][: len(new)]
        assert await outbox.open_among(connection, "web", BOT, "Lan", [1, *(one.id for one in new)]) == [
            one.id for one in new
        ]
    return [one.outgoing.text for one in worded if one.outgoing is not None]


async def opens_page(office: Office) -> None:
    """Let Lan's page show what waits."""
    async with office.database.writing() as connection:
        ids = [one.id for one in await outbox.read_new(connection, "web", BOT, "Lan")]
        await outbox.settle_read(connection, "web", BOT, "Lan", ids, office.commune.now)


async def test_a_notice_counts_as_sent_on_the_web_once_the_page_has_it(office: Office) -> None:
    await with_web(office)
    notice_id = await office.write(roles=("resident",))
    await office.keep()
    assert await office.counts(notice_id) == {"queued": 1, "waiting": 1}
    await office.settle(await office.take(notice_id))
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"sent": 1, "waiting": 1})
    assert await in_page(office) == ["Mời cả thôn dự họp."]
    await opens_page(office)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("done", {"sent": 2})
    assert await in_page(office) == []


async def test_a_notice_ends_without_a_page_that_stays_closed_which_gets_it_later(office: Office) -> None:
    await with_web(office)
    notice_id = await office.write(forms=("submitted",))
    await office.keep()
    office.commune.now += timedelta(hours=1)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("done", {"waiting": 1})
    office.commune.now += timedelta(days=3)
    await opens_page(office)
    assert await office.counts(notice_id) == {"sent": 1}


async def test_a_page_gets_nothing_of_a_notice_that_is_paused_stopped_or_turned_off(office: Office) -> None:
    await with_web(office)
    notice_id = await office.write(forms=("submitted",))
    await office.keep()
    await office.act(notice_id, "pause", "paused")
    assert await in_page(office) == []
    await office.act(notice_id, "mend", "scheduled", content=replace(HELLO, vi="Mời cả thôn."))
    await office.keep()
    assert await in_page(office) == ["Mời cả thôn."]
    await office.act(notice_id, "stop", "stopped")
    assert await in_page(office) == []
    await office.keep()
    assert await office.counts(notice_id) == {"stopped": 1}
    other = await office.write(forms=("submitted",))
    await office.keep()
    async with office.database.writing() as connection:
        await received_rows.mute(connection, await office.person("Lan"), "notices", office.commune.now, off=True)
    assert (await in_page(office), await office.counts(other)) == ([], {"muted": 1})


# content that a channel refuses


async def refused(office: Office, notice_id: int, one: DueLetter) -> None:
    async with office.database.writing() as connection:
        await stop_refused(connection, office.commune.runtime, notice_id, "Bad Request: text", office.commune.now)
        await outbox.settle(connection, [SettledLetter(one.id, "queued", "Bad Request: text")], office.commune.now)


async def test_what_is_refused_is_told_once_and_passed_over_only_when_it_goes_on_unchanged(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    await office.commune.deliver()
    for one in await office.take(notice_id, most=2):
        await refused(office, notice_id, one)
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("paused", {"queued": 5})
    assert len(await office.commune.texts("Hoa")) == 1
    await office.act(notice_id, "resume", "sending")
    assert await office.counts(notice_id) == {"queued": 3, "failed": 2}
    await refused(office, notice_id, (await office.take(notice_id, most=1))[0])
    await office.act(notice_id, "mend", "scheduled", content=replace(HELLO, vi="Mời cả thôn."))
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 5})
    await office.act(notice_id, "pause", "paused")
    await office.act(notice_id, "resume", "sending")
    assert len(await office.take(notice_id)) == 5


async def test_what_is_mended_is_said_from_then_on(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    said = []
    for text in ("Mời cả thôn.", ""):
        async with office.database.reading() as connection:
            await office.wording.learn(connection, [notice_id])
        said.append(office.wording.outgoing(notice_id, "vi").text)
        if text:
            await office.act(notice_id, "pause", "paused")
            await office.act(notice_id, "mend", "scheduled", content=replace(HELLO, vi=text))
    assert said == ["Mời cả thôn dự họp.", "Mời cả thôn."]


# approval


async def test_a_notice_that_has_grown_past_the_limit_since_waits_for_approval(office: Office) -> None:
    notice_id = await office.write(send_at=NOW + timedelta(hours=1))
    await office.limit(4)
    await office.commune.deliver()
    office.commune.now += timedelta(hours=1)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("awaiting", {})
    assert "5 người" in (await office.commune.texts("Hoa"))[0]
    await office.act(notice_id, "approve", "scheduled", approved_for=5)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 5})


async def test_an_approval_holds_for_those_it_was_given_for_and_for_the_copies(office: Office) -> None:
    notice_id = await office.write(send_at=NOW, repeat="weekly", state="awaiting")
    await office.limit(2)
    await office.act(notice_id, "approve", "scheduled", approved_for=3)
    await office.keep()
    assert await office.state(notice_id) == "sending"
    await office.limit(1)
    office.commune.now += timedelta(days=7)
    await office.keep()
    states = await office.commune.column(select(notice_table.c.state).order_by(notice_table.c.id))
    assert states == ["sending", "awaiting"]


async def test_nobody_lifts_the_limit_for_what_they_write_themselves(office: Office) -> None:
    hoa, commune_unit = await office.person("Hoa"), await office.unit("tk")

    async def limits(*settings: tuple[int, int | None]) -> tuple[int, int]:
        async with office.database.writing() as connection:
            await connection.execute(approval_limits.delete())
            for above, person_id in settings:
                await writing.set_limit(connection, commune_unit, above, person_id)
            units = (await read_reference(connection)).reference.units
            found = [
                await reading.approvers(connection, ApproversWanted(frozenset({commune_unit}), author), units)
                for author in (hoa, 0)
            ]
        return found[0].above, found[1].above

    assert await limits((9000, hoa)) == (DEFAULT_APPROVAL_ABOVE, 9000)
    assert await limits((9000, None), (9500, hoa), (9800, hoa)) == (9000, 9800)
    assert await limits((9000, hoa), (40, hoa)) == (40, 40)
    assert await limits((9000, hoa), (9000, None)) == (9000, 9000)


# when


async def test_a_notice_waits_for_its_time_and_is_sent_once(office: Office) -> None:
    notice_id = await office.write(send_at=NOW + timedelta(hours=1))
    await office.keep()
    assert await office.state(notice_id) == "scheduled"
    office.commune.now += timedelta(hours=1)
    await office.keep()
    await office.keep(office.new_keeper())
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 5})


async def test_a_repeated_notice_is_scheduled_anew_when_it_starts_and_what_was_missed_is_not_made_up_for(
    office: Office,
) -> None:
    await office.write(send_at=NOW, repeat="weekly")
    office.commune.now = NOW + timedelta(days=15)
    await office.keep()
    waiting = await office.commune.rows(select(notice_table).where(notice_table.c.state == "scheduled"))
    assert [(row.send_at, row.repeat) for row in waiting] == [(NOW + timedelta(days=21), "weekly")]


async def series(office: Office) -> list[str]:
    return await office.commune.column(select(notice_table.c.state).order_by(notice_table.c.id))


async def test_who_stops_a_repeated_notice_stops_all_that_come_after_it(office: Office) -> None:
    first = await office.write(send_at=NOW, repeat="weekly")
    await office.write(send_at=NOW + timedelta(days=90), repeat="weekly")
    await office.keep()
    office.commune.now += timedelta(days=7)
    await office.keep()
    assert await series(office) == ["sending", "scheduled", "sending", "scheduled"]
    await office.act(first, "stop", "stopped")
    assert await series(office) == ["stopped", "scheduled", "stopped", "withdrawn"]
    office.commune.now += timedelta(days=30)
    await office.keep()
    assert await series(office) == ["stopped", "scheduled", "stopped", "withdrawn"]


async def test_what_is_mended_is_mended_in_those_that_come_after_it(office: Office) -> None:
    first = await office.write(send_at=NOW, repeat="weekly")
    await office.keep()
    await office.act(first, "pause", "paused")
    await office.act(first, "mend", "scheduled", content=replace(HELLO, vi="Mời cả thôn."))
    office.commune.now += timedelta(days=7)
    await office.keep()
    assert await series(office) == ["sending", "sending", "scheduled"]
    async with office.database.reading() as connection:
        assert [(await reading.content_of(connection, first + later))[1].vi for later in range(3)] == [
            "Mời cả thôn."
        ] * 3


async def test_a_yearly_notice_names_that_years_days_or_is_not_sent_and_comes_again(office: Office) -> None:
    unit = await office.unit("tk")
    async with office.database.reading() as connection:
        reference = (await read_reference(connection)).reference
    text, origin = made(reference, NOW.date(), Origin("opens", (), unit), (unit,))
    await office.write(Content(text.vi, text.en, origin=origin), send_at=NOW, repeat="yearly")
    await office.keep()
    await office.commune.deliver()
    office.commune.now = NOW.replace(year=2027)
    await office.keep()
    assert await series(office) == ["sending", "withdrawn", "scheduled"]
    assert "2027" in (await office.commune.texts("Hoa"))[0]
    opens, closes = date(2028, 9, 1), date(2028, 11, 15)
    await rounds.open_round(
        office.database, year=2028, name="Đợt 2028", unit_code="tk", opens=opens, closes=closes, now=NOW
    )
    office.commune.now = NOW.replace(year=2028)
    await office.keep()
    assert await series(office) == ["sending", "withdrawn", "sending", "scheduled"]
    async with office.database.reading() as connection:
        _version, said = await reading.content_of(connection, 3)
    assert "Từ ngày 01/09/2028 đến hết ngày 15/11/2028" in said.vi


async def test_a_withdrawn_notice_never_starts(office: Office) -> None:
    notice_id = await office.write(send_at=NOW + timedelta(hours=1))
    await office.act(notice_id, "withdraw", "withdrawn")
    office.commune.now += timedelta(hours=2)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("withdrawn", {})


async def test_a_planned_notice_of_somebody_who_lost_the_role_is_taken_back(office: Office) -> None:
    notice_id = await office.write(send_at=NOW + timedelta(hours=1))
    await office.commune.deliver()
    async with office.database.writing() as connection:
        await connection.execute(roles.delete().where(roles.c.role == "admin"))
    office.commune.now += timedelta(hours=2)
    await office.keep()
    assert (await office.state(notice_id), len(await office.commune.texts("Hoa"))) == ("withdrawn", 1)


async def test_a_notice_whose_file_is_lost_is_taken_back_and_its_author_told(office: Office) -> None:
    notice_id = await office.write(replace(HELLO, file=NoticeFile("photo", "photo.jpg", "telegram", "gone")))
    await office.commune.deliver()
    await office.keep()
    assert await office.state(notice_id) == "withdrawn"
    assert "không" in (await office.commune.texts("Hoa"))[0]


async def test_a_notice_that_cannot_be_decoded_does_not_stop_others_and_is_named(office: Office) -> None:
    broken = await office.write(send_at=NOW)
    sound = await office.write(send_at=NOW)
    async with office.database.writing() as connection:
        await connection.execute(notice_table.update().where(notice_table.c.id == broken).values(content=b'{"vi": 1}'))
    await office.keep()
    assert (await office.state(broken), await office.state(sound)) == ("scheduled", "sending")
    assert list(office.supervisor.failing()) == [f"notice {broken}"]


async def test_a_ledger_that_cannot_be_written_keeps_no_other_from_it_nor_its_author_from_being_shown(
    office: Office,
) -> None:
    broken, sound = await office.write(), await office.write()
    unreadable = notice_table.update().where(notice_table.c.id == broken)
    async with office.database.writing() as connection:
        await connection.execute(unreadable.values(state="gathering", started_at=NOW, audience=b'{"unit_ids": 1}'))
    await office.keep()
    assert (await office.state(broken), await office.state(sound)) == ("gathering", "sending")
    assert list(office.supervisor.failing()) == [f"ledger {broken}"]
    async with office.database.writing() as connection:
        await connection.execute(unreadable.values(state="sending"))
    await office.commune.deliver()
    async with office.database.writing() as connection:
        due = await outbox.take_notices(connection, CHANNEL, BOT, [sound], 100, NOW)
    await office.settle(due)
    await office.keep()
    assert await office.state(sound) == "done"
    assert "đã gửi xong" in (await office.commune.texts("Hoa"))[-1]


async def test_a_notice_whose_photo_finds_the_disk_full_waits_and_keeps_none_from_starting(
    commune: Commune, tmp_path: Path
) -> None:
    folder = tmp_path / "evidence"
    folder.write_text("a file where the folder should be")
    office = Office(commune, folder)
    photo = NoticeFile("photo", "photo.jpg", CHANNEL, "held")
    office.sources = {(CHANNEL, BOT): ScriptedSource(JPEG)}
    office.keeper = office.new_keeper()
    waiting = await office.write(replace(HELLO, file=photo))
    sound = await office.write()
    await asyncio.wait_for(office.keep(), 30)
    assert (await office.state(waiting), await office.state(sound)) == ("scheduled", "sending")
    assert list(office.supervisor.failing()) == [f"notice {waiting}"]


@pytest.mark.parametrize("error", [FileNotNow("504"), ValueError("a bug")])
async def test_a_notice_whose_photo_cannot_be_had_now_rests_and_keeps_none_from_starting(
    office: Office, error: Exception
) -> None:
    office.sources = {(CHANNEL, BOT): ScriptedSource(error, JPEG)}
    office.keeper = office.new_keeper()
    waiting = await office.write(replace(HELLO, file=NoticeFile("photo", "photo.jpg", CHANNEL, "held")))
    sound = await office.write()
    await asyncio.wait_for(office.keep(), 30)  # there is not always more to do
    assert (await office.state(waiting), await office.state(sound)) == ("scheduled", "sending")
    assert office.supervisor.failing()[f"notice {waiting}"].startswith(type(error).__name__)
    office.seconds += FIRST_REST
    await office.keep()
    assert await office.state(waiting) == "sending"
    assert office.supervisor.failing() == {}


# who sees what


async def test_the_author_is_shown_how_it_goes_and_told_the_end(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    first = await office.commune.read("Hoa")
    assert [one.topic for one in first] == [f"notice-{notice_id}"]
    await office.settle(await office.take(notice_id))
    await office.keep()
    assert [one.topic for one in await office.commune.read("Hoa")] == [f"notice-{notice_id}"]
    await office.keep()
    assert await office.commune.read("Hoa") == []


async def test_a_ledger_is_counted_only_when_it_may_have_changed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, counts_of = [], ledger.counts_of

    async def count(connection: Any, notice_id: int) -> Any:
        counted.append(notice_id)
        return await counts_of(connection, notice_id)

    async def looks(seconds: int) -> int:
        """Look every second. Returns how often the ledger was counted."""
        counted.clear()
        for _second in range(seconds):
            office.commune.now += timedelta(seconds=1)
            await office.keep()
        return len(counted)

    notice_id = await office.write()
    await office.keep()
    taken = await office.take(notice_id, most=2)
    monkeypatch.setattr(ledger, "counts_of", count)
    assert await looks(9) == 3, "while it is sent, every three seconds"
    await office.act(notice_id, "pause", "paused")
    assert await looks(9) == 3, "nobody has read the last two messages yet"
    await office.commune.deliver()
    assert await looks(3) == 1
    assert "Đang gửi: 2" in (await office.commune.texts("Hoa"))[-1]
    await office.settle(taken)
    assert await looks(9) == 1, "what was on its way has landed"
    assert "Đã gửi: 2" in (await office.commune.texts("Hoa"))[-1]
    assert await looks(60) == 0, "nothing changes while it is paused"
    await office.act(notice_id, "resume", "sending")
    assert await looks(1) == 1
    await office.commune.deliver()
    office.commune.now = NOW.replace(hour=23)
    assert await looks(60) == 1, "nothing goes out in quiet hours"


async def test_answers_are_kept_the_last_one_counts_and_only_recipients_have_received_it(office: Office) -> None:
    notice_id = await office.write(roles=("resident",))
    await office.keep()
    lan, minh = await office.person("Lan"), await office.person("Minh")
    async with office.database.writing() as connection:
        pressed: list[tuple[int, NoticeAnswer]] = [(lan, "come"), (lan, "cannot"), (minh, "come"), (lan, "start")]
        for person_id, answer in pressed:
            await received_rows.answer(connection, [(person_id, NoticeAnswered(notice_id, answer))], NOW)
        village = (await office.commune.column(select(people.c.unit_id).where(people.c.id == minh)))[0]
        come = await reading.respondents(connection, RespondentsWanted(notice_id, "come", 10))
        cannot = await reading.respondents(connection, RespondentsWanted(notice_id, "cannot", 10))
        chats = {row.address: row.id for row in await connection.execute(select(conversations))}
        asked = [ReceivedWanted(notice_id, chats[name]) for name in ("Lan", "Hạnh")]
        received = await received_rows.received(connection, asked)
    assert come == Respondents(((Named(minh, "Lê Văn Minh"), village),), 1)
    assert cannot.total == 1
    assert list(received) == asked[:1]


async def test_a_page_of_notices_has_those_for_units_that_are_all_theirs(office: Office) -> None:
    wide, narrow = await office.write(), await office.write(unit="tk-dong")
    village, commune_unit = await office.unit("tk-dong"), await office.unit("tk")
    async with office.database.reading() as connection:
        seen = {
            units: [one.id for one in (await reading.page(connection, NoticesWanted(units, 0, 10))).notices]
            for units in (Scope(), Scope((village,), 1), Scope((commune_unit,), 3))
        }
    assert list(seen.values()) == [[], [narrow], [narrow, wide]]


async def test_the_report_is_made_once_and_its_file_forgotten_after_a_day(office: Office, tmp_path: Path) -> None:
    notice_id = await office.write()
    chat = (await office.commune.column(select(conversations.c.id).where(conversations.c.address == "Hoa")))[0]
    async with office.database.writing() as connection:
        await reports.ask_report(connection, notice_id, chat, NOW)
    await office.keep()
    (report,) = [one for one in await office.commune.read("Hoa") if one.files]
    digest = getattr(report.files[0], "digest", "")
    made = await office.files.read(digest)
    assert made is not None
    recipients = load_workbook(io.BytesIO(made)).worksheets[-1].iter_rows(min_row=2, values_only=True)
    assert {row[3] for row in recipients} == {"Tiếng Việt"}
    office.commune.now += timedelta(days=2)
    await office.keep()
    assert await office.files.read(digest) is None


async def test_a_report_that_is_asked_for_again_while_it_is_made_comes_once(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    await office.commune.deliver()
    await office.commune.together(*[("Hoa", Pressed(f"c:notice:report:{notice_id}"))] * 3)
    await office.keep()
    assert len([one for one in await office.commune.read("Hoa") if one.files]) == 1
    await office.commune.press("Hoa", f"c:notice:report:{notice_id}")
    await office.keep()
    assert len([one for one in await office.commune.read("Hoa") if one.files]) == 1, "asked for anew, made anew"


async def test_a_report_that_two_instances_have_made_is_sent_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when one stands still for so long that another takes its lease."""
    notice_id = await office.write()
    await office.keep()
    await office.commune.deliver()
    await office.commune.press("Hoa", f"c:notice:report:{notice_id}")
    made, both = [], asyncio.Event()

    async def make_side_by_side(*arguments: Any) -> bytes | None:
        made.append(await make_report(*arguments))
        if len(made) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 20)
        return made[-1]

    monkeypatch.setattr(keeping, "make_report", make_side_by_side)
    await asyncio.gather(office.keeper._report(), office.new_keeper()._report())
    assert len(made) == 2
    assert len([one for one in await office.commune.read("Hoa") if one.files]) == 1


async def test_approvers_are_the_other_administrators_over_every_unit(office: Office) -> None:
    hoa, hanh = await office.person("Hoa"), await office.person("Hạnh")
    village, commune_unit = await office.unit("tk-dong"), await office.unit("tk")
    async with office.database.writing() as connection:
        row = {"person_id": hanh, "role": "admin", "unit_id": village, "since": NOW}
        await connection.execute(roles.insert().values(row))
        units = (await read_reference(connection)).reference.units
        await writing.set_limit(connection, commune_unit, 3, None)
        for over, author, able in (({village}, hoa, (hanh,)), ({commune_unit}, hoa, ()), ({village}, hanh, (hoa,))):
            found = await reading.approvers(connection, ApproversWanted(frozenset(over), author), units)
            assert (found.person_ids, found.above) == (able, 3)
