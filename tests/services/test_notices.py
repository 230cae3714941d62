"""The keeper of notices on a real database: who is in a ledger, what moves it on, and that its counts always sum."""

import asyncio
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook
from sqlalchemy import select, update

from bot.services import notices as keeping
from bot.services.bell import Bell
from bot.services.files import FileStore
from bot.services.notices import NoticeKeeper
from bot.services.sending import FileSource
from bot.services.supervisor import Supervisor
from bot.services.wording import NoticeWording
from bot.store import contacts as contact_rows
from bot.store import notices, outbox
from bot.store.database import Database, LostRace
from bot.store.outbox import Due, OutboxState, Settled
from bot.store.reference import read_reference
from bot.store.tables import contacts, conversations, people, roles
from bot.store.tables import notices as notice_table
from flows.events import NoticeActed, NoticeAnswered, NoticeSaved
from flows.facts import ApproversWanted, AudienceWanted, NoticesWanted, ReceivedWanted, Respondents, RespondentsWanted
from flows.notices import (
    Audience,
    Content,
    NoticeAct,
    NoticeAnswer,
    NoticeFile,
    NoticeState,
    QuietHours,
    Reached,
    Repeat,
)
from flows.replies import Blocked
from flows.units import Scope
from tests.commune import BOT, CHANNEL, Commune
from tests.sample import CATALOGUES, NOW, ZONE
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
        self.supervisor = Supervisor(lambda: 0.0)  # what fails rests until the end of the test
        self.sources: dict[tuple[str, str], FileSource] = {}
        self.keeper = self.new_keeper()

    def new_keeper(self) -> NoticeKeeper:
        """Return a keeper that remembers nothing, as after a restart."""
        return NoticeKeeper(
            self.database,
            self.sources,
            self.files,
            CATALOGUES,
            lambda: self.commune.now,
            ZONE,
            Bell(),
            self.wording,
            NIGHT,
            self.supervisor,
        )

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
            return await notices.save(connection, saved, author, chat[0], self.commune.now)

    async def keep(self, keeper: NoticeKeeper | None = None) -> None:
        """Let the keeper work until there is nothing to do at once."""
        while await (keeper or self.keeper).run_once():
            pass

    async def take(self, notice_id: int, most: int = 100) -> list[Due]:
        """Take recipients as delivery does."""
        async with self.database.writing() as connection:
            sources = await outbox.sources(connection, CHANNEL, BOT, self.commune.now)
            assert sources in ([], [notice_id])
            return await outbox.take_notices(connection, CHANNEL, BOT, sources, most, self.commune.now)

    async def settle(self, due: list[Due], state: OutboxState = "sent") -> None:
        """Settle recipients as delivery does."""
        async with self.database.writing() as connection:
            await outbox.settle(connection, [Settled(one.id, state, "why") for one in due], self.commune.now)

    async def counts(self, notice_id: int) -> dict[str, int]:
        """Return a ledger's counts, which must sum to its recipients once it is written."""
        async with self.database.reading() as connection:
            notice = await notices.read(connection, notice_id)
        assert notice is not None
        if notice.state not in {"scheduled", "gathering"}:
            assert sum(notice.counts.values()) == notice.recipients
        return {str(state): number for state, number in notice.counts.items()}

    async def state(self, notice_id: int) -> str:
        """Return the state of a notice."""
        return str((await self.commune.column(select(notice_table.c.state).where(notice_table.c.id == notice_id)))[0])

    async def act(self, notice_id: int, act: NoticeAct, state: NoticeState) -> None:
        """Let an act happen."""
        async with self.database.writing() as connection:
            notice = await notices.read(connection, notice_id)
            assert notice is not None
            await notices.act(connection, NoticeActed(notice_id, act, notice.version, state), self.commune.now)

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
        await notices.mute(connection, await office.person("Lan"), "notices", NOW, off=True)
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
        await notices.mute(connection, await office.person("Trường"), "notices", NOW, off=True)
        await outbox.mark_blocked(connection, minh, NOW)
    assert await office.counts(notice_id) == {"queued": 2, "muted": 2, "blocked": 1}
    assert {one.address for one in await office.take(notice_id)} == {"Hạnh", "Hoa"}


async def test_a_stop_leaves_out_who_still_waits_and_ends_with_what_is_under_way(office: Office) -> None:
    notice_id = await office.write()
    await office.keep()
    taken = await office.take(notice_id, most=2)
    await office.act(notice_id, "stop", "stopped")
    assert await office.counts(notice_id) == {"sending": 2, "stopped": 3}
    await office.settle(taken)
    await office.keep()
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("stopped", {"sent": 2, "stopped": 3})


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


async def test_who_turned_notices_off_while_theirs_was_tried_is_not_tried_again(office: Office) -> None:
    notice_id = await office.write(roles=("resident",))
    await office.keep()
    taken = await office.take(notice_id)
    async with office.database.writing() as connection:
        await notices.mute(connection, await office.person("Lan"), "notices", NOW, off=True)
        await contact_rows.refresh(connection, [await office.person("Lan")])
    await office.settle(taken, "queued")
    assert await office.counts(notice_id) == {"muted": 1, "queued": 1}
    assert {one.address for one in await office.take(notice_id)} == {"Minh"}
    async with office.database.writing() as connection:
        await outbox.settle_in_flight(connection, CHANNEL, BOT, office.commune.now)
        await notices.mute(connection, await office.person("Minh"), "notices", NOW, off=True)
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
            await notices.act(connection, NoticeActed(notice_id, "stop", 0, "stopped"), NOW)
    assert (await office.state(notice_id), await office.counts(notice_id)) == ("sending", {"queued": 5})


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


async def test_answers_are_kept_the_last_one_counts_and_only_recipients_have_received_it(office: Office) -> None:
    notice_id = await office.write(roles=("resident",))
    await office.keep()
    lan, minh = await office.person("Lan"), await office.person("Minh")
    async with office.database.writing() as connection:
        pressed: list[tuple[int, NoticeAnswer]] = [(lan, "come"), (lan, "cannot"), (minh, "come"), (lan, "start")]
        for person_id, answer in pressed:
            await notices.answer(connection, NoticeAnswered(notice_id, answer), person_id, NOW)
        village = (await office.commune.column(select(people.c.unit_id).where(people.c.id == minh)))[0]
        come = await notices.respondents(connection, RespondentsWanted(notice_id, "come", 10))
        cannot = await notices.respondents(connection, RespondentsWanted(notice_id, "cannot", 10))
        chats = {row.address: row.id for row in await connection.execute(select(conversations))}
        received = [
            await notices.received(connection, ReceivedWanted(notice_id, chats[name])) for name in ("Lan", "Hạnh")
        ]
    assert come == Respondents((("Lê Văn Minh", village),), 1)
    assert cannot.total == 1
    assert received == [True, False]


async def test_a_page_of_notices_has_those_for_units_that_are_all_theirs(office: Office) -> None:
    wide, narrow = await office.write(), await office.write(unit="tk-dong")
    village, commune_unit = await office.unit("tk-dong"), await office.unit("tk")
    async with office.database.reading() as connection:
        seen = {
            units: [one.id for one in (await notices.page(connection, NoticesWanted(units, 0, 10))).notices]
            for units in (Scope(), Scope((village,), 1), Scope((commune_unit,), 3))
        }
    assert list(seen.values()) == [[], [narrow], [narrow, wide]]


async def test_the_report_is_made_once_and_its_file_forgotten_after_a_day(office: Office, tmp_path: Path) -> None:
    notice_id = await office.write()
    chat = (await office.commune.column(select(conversations.c.id).where(conversations.c.address == "Hoa")))[0]
    async with office.database.writing() as connection:
        await notices.ask_report(connection, notice_id, chat, NOW)
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


async def test_a_report_that_is_asked_for_again_while_it_waits_is_made_once(office: Office) -> None:
    notice_id = await office.write()
    chat = (await office.commune.column(select(conversations.c.id).where(conversations.c.address == "Hoa")))[0]
    for _again in range(2):
        for _time in range(3):
            async with office.database.writing() as connection:
                await notices.ask_report(connection, notice_id, chat, NOW)
        await office.keep()
        assert len([one for one in await office.commune.read("Hoa") if one.files]) == 1


async def test_approvers_are_the_other_administrators_over_every_unit(office: Office) -> None:
    hoa, hanh = await office.person("Hoa"), await office.person("Hạnh")
    village, commune_unit = await office.unit("tk-dong"), await office.unit("tk")
    async with office.database.writing() as connection:
        row = {"person_id": hanh, "role": "admin", "unit_id": village, "since": NOW}
        await connection.execute(roles.insert().values(row))
        units = (await read_reference(connection)).reference.units
        await notices.set_limit(connection, commune_unit, 3)
        for over, author, able in (({village}, hoa, (hanh,)), ({commune_unit}, hoa, ()), ({village}, hanh, (hoa,))):
            found = await notices.approvers(connection, ApproversWanted(frozenset(over), author), units)
            assert (found.person_ids, found.above) == (able, 3)
