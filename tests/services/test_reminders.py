"""Reminders by the clock: who hears what on which day, who does not, and that nobody hears it twice."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql import Executable

from bot.services import rounds
from bot.services.leading import Leading
from bot.services.reminders import CHUNK, IDLE_SECONDS, DatesDue, Reminders, reminders_behind
from bot.services.signals import Signal
from bot.store import arrivals
from bot.store.core import contacts
from bot.store.core.database import Database
from bot.store.core.outbox import NOTICE
from bot.store.core.tables import (
    asked_reminders,
    assessments,
    conversations,
    leases,
    mutes,
    outbox,
    people,
    roles,
    units,
)
from bot.store.core.tables import reminders as said
from flows.conversation.facts import Reference
from flows.conversation.messages import Message, Outgoing, rendered
from flows.domain.quiet_hours import QuietHours
from flows.domain.rounds import Round, usual_phases
from flows.reminders.words import date_reminder, unfinished_reminder, waiting_digest
from flows.review.needs import ToldHow
from tests.commune import CHANNEL, Commune, under_way
from tests.databases import Databases
from tests.sample import CATALOGUES, COMMUNE, FAR_COMMUNE, FAR_VILLAGE, NOW, ROUND, UNITS, VILLAGE, ZONE

CLOSES = date(2026, 11, 15)
REPORT = date(2026, 12, 1)
BRANCH = date(2026, 11, 20)


def reminding(commune: Commune, quiet: QuietHours | None = None) -> Reminders:
    return Reminders(replace(commune.runtime, quiet=quiet or commune.runtime.quiet))


async def look(commune: Commune, reminders: Reminders, at: datetime) -> None:
    """Let the time be, and everything be done that is due then."""
    commune.now = at
    while await reminders.run_once():
        pass


async def hears(
    commune: Commune, name: str, looks: Sequence[datetime], reminders: Reminders | None = None
) -> list[datetime]:
    """Look at these times. Returns at which of them somebody heard something; everybody else's letters are sent."""
    reminders = reminders or reminding(commune)
    heard = []
    for at in looks:
        await look(commune, reminders, at)
        heard += [at for _text in await commune.texts(name)]
    await commune.deliver()
    return heard


def local(day: int, hour: int = 9, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def mornings(first: datetime, last: datetime) -> list[datetime]:
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def in_vietnamese(message: Message) -> Outgoing:
    return rendered(message, CATALOGUES["vi"])


async def change(commune: Commune, *statements: Executable) -> None:
    """Change the database by hand, where no chat is what is looked at."""
    async with commune.database.writing() as connection:
        for statement in statements:
            await connection.execute(statement)
        await contacts.refresh(connection, list(await connection.scalars(select(people.c.id))))


async def person(commune: Commune, name: str) -> int:
    ids = await commune.column(select(conversations.c.person_id).where(conversations.c.address == name))
    return int(ids[0])


async def unit(commune: Commune, code: str) -> int:
    return int((await commune.column(select(units.c.id).where(units.c.code == code)))[0])


async def make_head(commune: Commune, name: str, code: str) -> None:
    values = {"person_id": await person(commune, name), "unit_id": await unit(commune, code), "since": NOW}
    await change(commune, insert(roles).values(role="head", **values))


async def plan(commune: Commune, *, year: int, name: str, unit_code: str, opens: date, closes: date) -> None:
    await rounds.open_round(
        commune.database, year=year, name=name, unit_code=unit_code, opens=opens, closes=closes, now=commune.now
    )


async def mute(commune: Commune, name: str, kind: str) -> None:
    await change(commune, insert(mutes).values(person_id=await person(commune, name), kind=kind))


# Residents with unfinished forms


async def test_an_unfinished_form_is_reminded_of_after_one_three_and_seven_days_and_never_again(
    commune: Commune,
) -> None:
    days = mornings(local(1), local(31))
    assert await hears(commune, "Minh", days) == [local(2), local(4), local(8)]


async def test_whoever_returns_to_the_form_is_reminded_anew(commune: Commune) -> None:
    await hears(commune, "Minh", mornings(local(2), local(9)))
    commune.now = local(10)
    await commune.say("Minh", "2")
    await commune.deliver()
    assert await hears(commune, "Minh", mornings(local(10), local(25))) == [local(11), local(13), local(17)]


async def test_whoever_goes_on_every_day_is_never_reminded(commune: Commune) -> None:
    for day in (2, 3, 4, 5):
        commune.now = local(day, 7)
        await commune.say("Minh", "2")
        await commune.deliver()
        assert await hears(commune, "Minh", [local(day), local(day, 20, 59)]) == []


async def test_whose_form_waits_for_the_branch_is_not_reminded(commune: Commune) -> None:
    assert await hears(commune, "Lan", mornings(local(1), local(31))) == []


async def test_the_reminder_tells_how_much_is_left_and_waits_behind_replies(commune: Commune) -> None:
    await look(commune, reminding(commune), local(2))
    (to,) = await commune.rows(select(outbox).where(outbox.c.address == "Minh", outbox.c.state == "queued"))
    assert (to.priority, to.notice_id, to.created_at, to.kind) == (NOTICE, None, local(2), "reminders")
    assert await commune.read("Minh") == [in_vietnamese(unfinished_reminder(7, False, CLOSES))]


async def test_what_is_returned_after_the_closing_day_is_reminded_of_while_its_owner_may_correct_it(
    commune: Commune,
) -> None:
    form = await commune.form("Lan")
    commune.now = local(20, 10, month=11)
    await commune.press("Hạnh", f"c:return:{form.id}:{form.version}")
    await commune.say("Hạnh", "Câu 2 chưa rõ ở đâu")
    await commune.deliver()
    days = mornings(local(20, 11, month=11), local(30, 11, month=11))
    assert await hears(commune, "Lan", days) == [local(day, 11, month=11) for day in (21, 23, 27)]


async def test_who_is_reminded_of_a_returned_form_is_told_its_own_last_day(commune: Commune) -> None:
    form = await commune.form("Lan")
    returned = {"state": "returned", "open_until": date(2026, 11, 20)}
    await change(commune, update(assessments).where(assessments.c.id == form.id).values(**returned))
    await change(commune, update(assessments).where(assessments.c.id != form.id).values(reminded=3))
    await look(commune, reminding(commune), local(17, month=11))
    expected = unfinished_reminder(0, True, date(2026, 11, 20))
    assert await commune.read("Lan") == [in_vietnamese(expected)]


async def test_a_returned_form_is_reminded_of_as_returned(commune: Commune) -> None:
    form = await commune.form("Lan")
    await change(commune, update(assessments).where(assessments.c.id == form.id).values(state="returned"))
    await look(commune, reminding(commune), local(2))
    assert await commune.read("Lan") == [in_vietnamese(unfinished_reminder(0, True, CLOSES))]


async def test_everybody_is_reminded_in_their_language(commune: Commune) -> None:
    await change(commune, update(conversations).where(conversations.c.address == "Minh").values(language="en"))
    await look(commune, reminding(commune), local(2))
    assert await commune.read("Minh") == [rendered(unfinished_reminder(7, False, CLOSES), CATALOGUES["en"])]


@pytest.mark.parametrize(
    ("first", "heard"), [(1, [1, 3, 7]), (2, [2, 7]), (5, [5, 7]), (6, [6]), (7, [7]), (8, [8]), (20, [20])]
)
async def test_after_a_downtime_one_reminder_is_given_and_those_missed_are_not(
    commune: Commune, first: int, heard: list[int]
) -> None:
    touched = (await commune.form("Minh")).touched_at + timedelta(minutes=1)
    looks = [touched + timedelta(days=days) for days in range(first, 30)]
    assert [(at - touched).days for at in await hears(commune, "Minh", looks)] == heard


@pytest.mark.parametrize(
    ("untouched", "behind"),
    [
        (timedelta(days=1), 1),
        (timedelta(days=1, hours=23), 1),
        (timedelta(days=2), 1),
        (timedelta(days=2, seconds=1), 2),
        (timedelta(days=3), 2),
        (timedelta(days=6), 2),
        (timedelta(days=6, seconds=1), 3),
        (timedelta(days=7), 3),
        (timedelta(days=300), 3),
    ],
)
def test_two_reminders_are_never_less_than_a_day_apart(untouched: timedelta, behind: int) -> None:
    assert reminders_behind(untouched) == behind


NIGHT = QuietHours()
LATE_RISERS = QuietHours(time(20, 0), time(9, 30))


@pytest.mark.parametrize(
    ("quiet", "hour", "minute", "speaks"),
    [
        (NIGHT, 0, 0, False),
        (NIGHT, 5, 59, False),
        (NIGHT, 6, 30, False),
        (NIGHT, 7, 59, False),
        (NIGHT, 8, 0, True),
        (NIGHT, 20, 59, True),
        (NIGHT, 21, 0, False),
        (NIGHT, 23, 59, False),
        (LATE_RISERS, 9, 29, False),
        (LATE_RISERS, 9, 30, True),
        (LATE_RISERS, 20, 0, False),
    ],
)
async def test_nobody_is_reminded_in_the_quiet_hours_or_before_eight(
    commune: Commune, quiet: QuietHours, hour: int, minute: int, speaks: bool
) -> None:
    at = local(3, hour, minute)
    heard = await hears(commune, "Minh", [at], reminding(commune, quiet))
    assert heard == ([at] if speaks else [])


async def test_what_falls_into_the_night_is_said_at_eight(commune: Commune) -> None:
    commune.now = local(2, 20)
    await commune.say("Minh", "2")
    await commune.deliver()
    hours = [local(3, 19) + timedelta(minutes=10 * step) for step in range(100)]
    assert await hears(commune, "Minh", hours) == [local(3, 20)]
    commune.now = local(5, 22)
    await commune.say("Minh", "2")
    await commune.deliver()
    hours = [local(6, 19) + timedelta(minutes=10 * step) for step in range(100)]
    assert await hears(commune, "Minh", hours) == [local(7, 8)]


async def test_whoever_turned_reminders_off_hears_none_and_whoever_turned_off_notices_does(commune: Commune) -> None:
    await mute(commune, "Minh", "notices")
    assert await hears(commune, "Minh", [local(2)]) == [local(2)]
    await mute(commune, "Minh", "reminders")
    assert await hears(commune, "Minh", mornings(local(3), local(20))) == []


async def test_whoever_turns_reminders_on_again_gets_the_next_and_not_those_missed(commune: Commune) -> None:
    await mute(commune, "Minh", "reminders")
    reminders = reminding(commune)
    assert await hears(commune, "Minh", mornings(local(2), local(5)), reminders) == []
    await change(commune, delete(mutes))
    assert await hears(commune, "Minh", mornings(local(5), local(12)), reminders) == [local(8)]


async def test_whoever_stopped_the_bot_or_has_no_chat_is_passed_over(commune: Commune) -> None:
    minh = conversations.c.address == "Minh"
    for values in ({"blocked_at": NOW}, {"blocked_at": None, "person_id": None}):
        await change(commune, update(assessments).values(reminded=0), update(conversations).where(minh).values(values))
        await look(commune, reminding(commune), local(2))
        assert await commune.texts("Minh") == []
        assert [form.reminded for form in await commune.rows(select(assessments).order_by(assessments.c.id))] == [0, 1]


async def test_of_several_chats_the_newest_open_one_is_written_to(commune: Commune) -> None:
    chat = {"channel": CHANNEL, "bot": "1", "person_id": await person(commune, "Minh"), "language": "vi"}
    newer = [{**chat, "address": "Minh 2", "blocked_at": None}, {**chat, "address": "Minh 3", "blocked_at": NOW}]
    await change(commune, insert(conversations).values(newer))
    await look(commune, reminding(commune), local(2))
    assert [len(await commune.texts(address)) for address in ("Minh", "Minh 2", "Minh 3")] == [0, 1, 0]


async def test_nobody_is_reminded_once_the_round_is_closed(commune: Commune) -> None:
    reminders = reminding(commune)
    commune.now = local(13, 12, month=11)
    await commune.say("Minh", "2")
    await commune.deliver()
    days = mornings(local(14, 13, month=11), local(30, 13, month=11))
    assert await hears(commune, "Minh", days, reminders) == [local(14, 13, month=11)]


async def test_on_the_last_day_of_the_round_there_is_still_time(commune: Commune) -> None:
    assert await hears(commune, "Minh", [local(15, month=11), local(16, month=11)]) == [local(15, month=11)]


async def test_a_form_of_a_round_that_is_no_longer_the_villages_is_left_alone(commune: Commune) -> None:
    await plan(
        commune, year=2026, name="Đợt riêng", unit_code="tk-dong", opens=date(2026, 9, 1), closes=date(2026, 12, 15)
    )
    assert await hears(commune, "Minh", mornings(local(2), local(12))) == []


async def test_many_people_are_reminded_in_chunks_and_each_once(commune: Commune) -> None:
    template = dict((await commune.form("Minh"))._mapping)
    many = range(1000, 1000 + 2 * CHUNK)
    chat = {"channel": CHANNEL, "bot": "1", "language": "vi"}
    await change(
        commune,
        insert(people).values(
            [{"id": id_, "name": "Người", "unit_id": template["unit_id"], "created_at": NOW} for id_ in many]
        ),
        insert(conversations).values([{**chat, "address": f"p{id_}", "person_id": id_} for id_ in many]),
        insert(assessments).values([{**template, "id": id_, "person_id": id_} for id_ in many]),
        delete(roles),
    )
    commune.now, reminders, letters = local(2), reminding(commune), []
    while await reminders.run_once():
        letters.append(await commune.count(outbox, outbox.c.state == "queued"))
    assert letters == [CHUNK, 2 * CHUNK, 2 * CHUNK + 1]
    addresses = await commune.column(select(outbox.c.address).where(outbox.c.state == "queued"))
    assert sorted(addresses) == ["Minh", *(f"p{id_}" for id_ in many)]


# Branch heads with people waiting


async def test_branch_heads_hear_every_morning_who_waits_until_nobody_does(commune: Commune) -> None:
    looks = [at for day in (1, 2, 3) for at in (local(day, 7), local(day, 8), local(day, 8, 1), local(day, 18))]
    reminders = reminding(commune)
    assert await hears(commune, "Trường", looks, reminders) == [local(2, 8), local(3, 8)]
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.deliver()
    assert await hears(commune, "Trường", mornings(local(4), local(8)), reminders) == []


async def test_the_digest_tells_how_many_wait_and_since_when(commune: Commune) -> None:
    await look(commune, reminding(commune), local(4))
    digest = in_vietnamese(waiting_digest(1, 3, BRANCH))
    assert [await commune.read(name) for name in ("Trường", "Hạnh", "Hoa")] == [[digest], [digest], []]
    digests = outbox.c.kind == "digests"
    assert await commune.column(select(outbox.c.priority).where(digests)) == [NOTICE, NOTICE]


async def test_the_digest_tells_when_the_last_day_to_confirm_is_past(commune: Commune) -> None:
    for at, late in ((local(20, month=11), False), (local(21, month=11), True)):
        await look(commune, reminding(commune), at)
        digest = waiting_digest(1, at.day + 30, BRANCH, late=late)
        assert (await commune.read("Trường"))[-1] == in_vietnamese(digest)


async def test_a_form_that_came_this_morning_is_no_news_to_those_who_were_told_of_it(commune: Commune) -> None:
    assert await hears(commune, "Trường", [local(1, 8, 30), local(1, 20)]) == []
    assert await hears(commune, "Trường", [local(1, 20, 30)]) == []


async def test_a_branch_head_may_turn_digests_off(commune: Commune) -> None:
    await mute(commune, "Trường", "digests")
    await mute(commune, "Hạnh", "reminders")
    await look(commune, reminding(commune), local(2))
    assert [len(await commune.texts(name)) for name in ("Trường", "Hạnh")] == [0, 1]


async def test_another_process_on_the_same_day_says_nothing_again(commune: Commune) -> None:
    heard = [await hears(commune, "Trường", [local(2, hour)]) for hour in (8, 10, 20)]
    assert heard == [[local(2, 8)], [], []]


async def test_where_a_village_has_no_head_those_of_the_nearest_unit_above_hear(commune: Commune) -> None:
    await make_head(commune, "Hoa", "tk")
    assert await hears(commune, "Hoa", [local(2)]) == []
    in_village = roles.c.unit_id == await unit(commune, "tk-dong")
    await change(commune, delete(roles).where(in_village))
    assert await hears(commune, "Hoa", [local(3)]) == [local(3)]
    assert await hears(commune, "Trường", [local(4)]) == []


async def test_nobody_hears_of_the_own_form_but_those_who_confirm_it(commune: Commune) -> None:
    await change(commune, delete(roles).where(roles.c.role == "head"))
    await make_head(commune, "Lan", "tk-dong")
    assert await hears(commune, "Lan", [local(2)]) == []
    await make_head(commune, "Hoa", "tk")
    minh = await commune.form("Minh")
    await change(
        commune,
        update(assessments).where(assessments.c.id == minh.id).values(state="submitted", submitted_at=local(1, 20)),
    )
    await look(commune, reminding(commune), local(5))
    assert await commune.read("Lan") == [in_vietnamese(waiting_digest(1, 4, BRANCH))]
    assert await commune.read("Hoa") == [in_vietnamese(waiting_digest(1, 4, BRANCH))]


async def test_who_heads_two_branches_gets_one_digest_of_both(commune: Commune) -> None:
    await make_head(commune, "Trường", "tk-doai")
    minh = await commune.form("Minh")
    values = {"state": "submitted", "submitted_at": local(3), "unit_id": await unit(commune, "tk-doai")}
    await change(commune, update(assessments).where(assessments.c.id == minh.id).values(values))
    await look(commune, reminding(commune), local(4))
    assert await commune.read("Trường") == [in_vietnamese(waiting_digest(2, 3, BRANCH))]
    assert await commune.read("Hạnh") == [in_vietnamese(waiting_digest(1, 3, BRANCH))]


async def test_forms_wait_after_the_round_has_closed_also_once_the_next_is_planned(commune: Commune) -> None:
    reminders = reminding(commune)
    assert await hears(commune, "Trường", [local(20, month=11)], reminders) == [local(20, month=11)]
    await plan(commune, year=2027, name="Đợt 2027", unit_code="tk", opens=date(2027, 9, 1), closes=date(2027, 11, 15))
    assert await hears(commune, "Trường", [local(21, month=11)], reminders) == [local(21, month=11)]


# The commune before its dates


async def test_administrators_hear_a_week_and_a_day_before_the_round_closes_and_before_the_report(
    commune: Commune,
) -> None:
    days = mornings(local(20, 8), local(20, 8, month=12))
    heard = await hears(commune, "Hoa", days)
    assert [(at.month, at.day) for at in heard] == [(11, 8), (11, 14), (11, 24), (11, 30)]


async def test_the_reminder_of_a_date_tells_how_the_forms_stand(commune: Commune) -> None:
    reminders = reminding(commune)
    await look(commune, reminders, local(8, month=11))
    assert await commune.read("Hoa") == [in_vietnamese(date_reminder("Đợt 2026", "closes", CLOSES, 1, 0, 1))]
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.deliver()
    await look(commune, reminders, local(24, month=11))
    assert await commune.read("Hoa") == [in_vietnamese(date_reminder("Đợt 2026", "report", REPORT, 0, 1, 1))]


async def test_an_administrator_gets_the_numbers_of_the_own_units_only(commune: Commune) -> None:
    await change(commune, update(roles).where(roles.c.role == "admin").values(unit_id=await unit(commune, "tk-doai")))
    await look(commune, reminding(commune), local(8, month=11))
    assert await commune.read("Hoa") == [in_vietnamese(date_reminder("Đợt 2026", "closes", CLOSES, 0, 0, 0))]


async def test_after_a_downtime_a_date_is_told_late_but_once(commune: Commune) -> None:
    for names_day, heard in ((12, [12, 14]), (15, [15])):
        await change(commune, delete(said))
        days = mornings(local(names_day, month=11), local(20, month=11))
        assert [at.day for at in await hears(commune, "Hoa", days)] == heard


async def test_a_date_is_told_once_by_whatever_process(commune: Commune) -> None:
    heard = [await hears(commune, "Hoa", [local(8, hour, month=11)]) for hour in (8, 9, 20)]
    assert heard == [[local(8, 8, month=11)], [], []]


async def test_a_round_that_closes_later_than_planned_is_told_of_again(commune: Commune) -> None:
    reminders = reminding(commune)
    assert await hears(commune, "Hoa", mornings(local(8, month=11), local(9, month=11)), reminders) == [
        local(8, month=11)
    ]
    await plan(commune, year=2026, name="Đợt 2026", unit_code="tk", opens=date(2026, 9, 1), closes=date(2026, 11, 20))
    heard = await hears(commune, "Hoa", mornings(local(10, month=11), local(22, month=11)), reminders)
    assert [at.day for at in heard] == [13, 19]


async def test_an_administrator_may_turn_dates_off(commune: Commune) -> None:
    await mute(commune, "Hoa", "dates")
    assert await hears(commune, "Hoa", mornings(local(1, month=11), local(2, month=12))) == []


def planned(id_: int, year: int, name: str, unit_id: int, opens: date, closes: date) -> Round:
    return Round(id_, year, name, unit_id, opens, closes, {}, usual_phases(year, opens, closes))


def days_of(reference: Reference, unit_id: int, today: date) -> list[tuple[str, int]]:
    due = DatesDue.on(today, reference.rounds)
    return [(one.what, one.round.id) for one in due.of(unit_id, reference, today)]


def test_the_round_of_the_nearest_unit_is_told_of() -> None:
    far = planned(2, 2026, "Đợt xã Minh Khai", FAR_COMMUNE.id, date(2026, 9, 1), date(2026, 11, 20))
    reference = Reference(UNITS, (planned(9, 2026, "Đợt tỉnh", 1, date(2026, 9, 1), date(2026, 11, 15)), far))
    assert days_of(reference, COMMUNE.id, date(2026, 11, 8)) == [("closes", 9)]
    assert days_of(reference, FAR_VILLAGE.id, date(2026, 11, 8)) == []
    assert days_of(reference, FAR_VILLAGE.id, date(2026, 11, 13)) == [("closes", 2)]
    assert days_of(reference, FAR_COMMUNE.id, date(2026, 11, 24)) == [("report", 2)]
    assert days_of(reference, VILLAGE.id, date(2026, 11, 30)) == [("report", 9)]


@pytest.mark.parametrize("year", [-1, 0, 1, 9999, 20266])
def test_a_round_of_a_year_that_cannot_be_stops_no_other(year: int) -> None:
    typo = planned(2, year, "Đợt gõ nhầm", FAR_COMMUNE.id, date(2026, 9, 1), date(2026, 11, 20))
    reference = Reference(UNITS, (planned(9, 2026, "Đợt tỉnh", 1, date(2026, 9, 1), date(2026, 11, 15)), typo))
    assert days_of(reference, VILLAGE.id, date(2026, 11, 30)) == [("report", 9)]


def test_whose_units_have_no_round_is_told_of_none() -> None:
    assert days_of(Reference(UNITS, (ROUND,)), FAR_COMMUNE.id, date(2026, 11, 8)) == []
    assert days_of(Reference(UNITS, (ROUND,)), 1, date(2026, 11, 24)) == []


def test_a_round_that_has_not_begun_closes_nothing_and_reports_nothing() -> None:
    late = planned(3, 2026, "Đợt cuối năm", COMMUNE.id, date(2026, 11, 28), date(2026, 12, 2))
    reference = Reference(UNITS, (late,))
    assert days_of(reference, COMMUNE.id, date(2026, 11, 27)) == []
    assert days_of(reference, COMMUNE.id, date(2026, 11, 28)) == [("closes", 3)]
    assert days_of(reference, COMMUNE.id, date(2026, 12, 1)) == [("closes", 3)]
    assert days_of(reference, COMMUNE.id, date(2026, 12, 3)) == []
    # Too late for 1 December, its report is due a month after its end.
    assert days_of(reference, COMMUNE.id, date(2026, 12, 26)) == [("report", 3)]
    assert days_of(reference, COMMUNE.id, date(2027, 1, 1)) == [("report", 3)]
    assert days_of(reference, COMMUNE.id, date(2027, 1, 2)) == []


def test_the_day_of_the_report_is_the_rounds_own() -> None:
    usual = planned(2, 2026, "Đợt", COMMUNE.id, date(2026, 9, 1), date(2026, 11, 15))
    early = replace(usual, phases=replace(usual.phases, report=date(2026, 11, 28)))
    assert days_of(Reference(UNITS, (early,)), COMMUNE.id, date(2026, 11, 27)) == [("report", 2)]
    assert days_of(Reference(UNITS, (early,)), COMMUNE.id, date(2026, 11, 30)) == []


# Killed, twice at once, and in a turn's way

ALL_DUE = local(8, month=11)
EVERYBODY = ("Minh", "Trường", "Hạnh", "Hoa")


async def letters(commune: Commune) -> list[int]:
    return [await commune.count(outbox, outbox.c.state == "queued", outbox.c.address == name) for name in EVERYBODY]


class KilledHere(BaseException):
    """The process ends here."""


class LastWords(dict[str, Any]):
    """Catalogues that nothing is said with any more."""

    def get(self, *_wanted: object) -> Any:
        """End."""
        raise KilledHere


class LastRing(Signal):
    """A bell after which nothing happens any more."""

    def ring(self) -> None:
        """End."""
        raise KilledHere


def fatal(commune: Commune) -> Iterator[Reminders]:
    """Yield reminders that end before a transaction of theirs does, and such that end right after it, by turns."""
    for _kind in ("dates", "digests", "reminders"):
        yield Reminders(replace(commune.runtime, catalogues=LastWords()))
        yield Reminders(replace(commune.runtime, letters_queued=LastRing()))


async def test_whenever_the_process_dies_everything_is_said_once(commune: Commune) -> None:
    commune.now, queued = ALL_DUE, []
    for reminders in fatal(commune):
        with suppress(KilledHere):
            await reminders.run_once()
        queued.append(sum(await letters(commune)))
    assert queued == [0, 1, 1, 3, 3, 4]
    await look(commune, reminding(commune), ALL_DUE)
    assert await letters(commune) == [1, 1, 1, 1]


async def test_several_instances_at_once_say_everything_once(commune: Commune) -> None:
    commune.now = ALL_DUE
    await asyncio.gather(*(look(commune, reminding(commune), ALL_DUE) for _instance in range(4)))
    assert await letters(commune) == [1, 1, 1, 1]


async def test_whoever_is_just_speaking_is_neither_waited_for_nor_forgotten(databases: Databases) -> None:
    async with databases.fresh("postgresql", under_way) as url:
        database = Database(url)
        commune, reminders = Commune(database), None
        minh = select(conversations).where(conversations.c.address == "Minh").with_for_update()
        async with database.writing() as turn, asyncio.timeout(10):
            await turn.execute(minh)
            reminders = reminding(commune)
            assert await hears(commune, "Minh", [local(2)], reminders) == []
            await turn.execute(select(assessments).with_for_update())
        assert await hears(commune, "Minh", [local(2, 10)], reminders) == [local(2, 10)]
        await database.close()


async def test_the_bell_rings_when_something_was_queued_and_only_then(commune: Commune) -> None:
    bell, reminders = commune.runtime.letters_queued, reminding(commune)
    before = bell.rings
    await look(commune, reminders, local(1, 20))
    assert bell.rings == before
    await look(commune, reminders, local(2))
    assert bell.rings > before


async def test_reminders_go_on_by_themselves(commune: Commune) -> None:
    commune.now = local(2)
    task = asyncio.create_task(reminding(commune).run())
    async with asyncio.timeout(20):
        while not await commune.count(outbox, outbox.c.state == "queued"):
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


# Several instances


async def test_one_instance_reminds_over_its_pauses_too_and_another_goes_on_when_it_is_stopped(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.reminders.CHUNK", 1)
    async with databases.fresh("postgresql", under_way) as url:
        commune = Commune(Database(url))
        await make_head(commune, "Hoa", "tk-doai")
        commune.now = local(8)
        one, other = Signal(), Signal()
        first = asyncio.create_task(_instance(commune, one).run())
        await one.wait(0, 20)
        second = asyncio.create_task(_instance(commune, other).run())
        assert not await Leading(commune.database, "reminders").holds()
        holds = (await commune.column(select(leases.c.until).where(leases.c.name == "reminders")))[0]
        assert holds - datetime.now(UTC) > timedelta(seconds=IDLE_SECONDS - 10)
        for task in (first, second):
            task.cancel()
        await asyncio.wait([first, second])
        assert (one.rings, other.rings) == (1, 0)
        third = asyncio.create_task(_instance(commune, other).run())
        await other.wait(0, 20)
        assert other.rings == 1
        third.cancel()
        await asyncio.wait([third])
        await commune.database.close()


def _instance(commune: Commune, bell: Signal) -> Reminders:
    return Reminders(replace(commune.runtime, letters_queued=bell))


# Asked for by a branch head


async def ask_for_reminders(commune: Commune, name: str = "Trường") -> None:
    await commune.say(name, "/review", "chưa làm xong", "nhắc")


async def test_whom_a_head_lets_remind_is_reminded_once_that_day(commune: Commune) -> None:
    commune.now = local(1, 10)
    await ask_for_reminders(commune)
    await ask_for_reminders(commune, "Hạnh")
    assert await hears(commune, "Minh", [local(1, 10), local(1, 11)]) == [local(1, 10)]


async def test_who_was_reminded_by_the_clock_is_not_reminded_again_that_day(commune: Commune) -> None:
    reminders = reminding(commune)
    assert await hears(commune, "Minh", [local(2, 9)], reminders) == [local(2, 9)]
    await ask_for_reminders(commune)
    assert await hears(commune, "Minh", [local(2, 10)], reminders) == []
    assert (await commune.rows(select(asked_reminders)))[0].passed_over == 1


async def test_who_was_reminded_by_the_head_is_not_reminded_by_the_clock_that_day(commune: Commune) -> None:
    commune.now = local(2, 8)
    await ask_for_reminders(commune)
    assert await hears(commune, "Minh", [local(2, 8), local(2, 9), local(2, 20)]) == [local(2, 8)]


async def test_at_night_nobody_is_reminded_and_in_the_morning_they_are(commune: Commune) -> None:
    commune.now = local(1, 22)
    await ask_for_reminders(commune)
    assert await hears(commune, "Minh", [local(1, 23), local(2, 5), local(2, 8)]) == [local(2, 8)]


async def test_who_turned_reminders_off_is_left_in_peace_and_counted(commune: Commune) -> None:
    commune.now = local(1, 10)
    await mute(commune, "Minh", "reminders")
    await ask_for_reminders(commune)
    assert await hears(commune, "Minh", [local(1, 10)]) == []
    (asked,) = await commune.rows(select(asked_reminders))
    assert (asked.reached, asked.passed_over) == (0, 1)


async def test_when_the_round_is_closed_nobody_is_reminded(commune: Commune) -> None:
    commune.now = local(16, 10, month=11)
    await ask_for_reminders(commune)
    assert await hears(commune, "Minh", [local(16, 10, month=11)]) == []
    (asked,) = await commune.rows(select(asked_reminders))
    assert (asked.reached, asked.passed_over) == (0, 0)


# New forms


async def submits_again(commune: Commune, how: ToldHow) -> None:
    """Let Trường choose how he hears of new forms, and Lan's be one."""
    async with commune.database.writing() as connection:
        await arrivals.choose(connection, await person(commune, "Trường"), how)
    await commune.say("Lan", "rút lại", "nộp phiếu")
    await commune.deliver()


async def test_new_forms_that_were_held_back_are_told_in_the_evening_once(commune: Commune) -> None:
    commune.now = local(1, 10)
    await submits_again(commune, "evening")
    assert await hears(commune, "Trường", [local(1, 12), local(1, 18), local(1, 19)]) == [local(1, 18)]


async def test_new_forms_that_were_held_back_are_told_after_an_hour(commune: Commune) -> None:
    commune.now = local(1, 10)
    await submits_again(commune, "hourly")
    looks = [local(1, 10, 30), local(1, 11, 30), local(1, 13)]
    assert await hears(commune, "Trường", looks) == [local(1, 11, 30)]


async def test_who_turned_such_messages_off_is_not_told_of_new_forms(commune: Commune) -> None:
    commune.now = local(1, 10)
    await submits_again(commune, "hourly")
    await mute(commune, "Trường", "digests")
    assert await hears(commune, "Trường", [local(1, 12)]) == []
