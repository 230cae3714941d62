"""Turns that cannot be done, of every kind: each costs itself, whoever else writes at that moment."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.left_alone import LeftAlone
from bot.services.turns import BATCH, SORRY, Turns
from bot.store.core import gathering
from bot.store.core.gathering import Claimed
from bot.store.core.tables import conversations, inbox, notice_units, roles, units
from bot.store.core.tables import evidence as evidence_table
from bot.store.core.tables import notices as notices_table
from bot.store.core.tables import rounds as rounds_table
from flows.conversation.replies import Pressed
from flows.words.wording import _, render
from tests.commune import Commune
from tests.sample import CATALOGUES

APOLOGY = render(SORRY, CATALOGUES["vi"])
GOOD = 200
LOOKS_UNTIL_ONE_IS_ALONE = 7  # at the whole batch, at the half of it, and so on

Poison = Callable[[Commune], Awaitable[str]]


async def a_statement_that_is_wrong(commune: Commune) -> str:
    """A table is gone, as after a migration of another version beside this one."""
    async with commune.database.writing() as connection:
        await connection.execute(text("ALTER TABLE invitations RENAME TO elsewhere"))
    return "/start i-" + "A" * 24


async def an_answer_that_the_database_refuses(commune: Commune) -> str:
    form = await commune.form("Minh")
    await _refuse(commune, "answers", "assessment_id", str(form.id))
    return "2"


async def a_letter_that_the_database_refuses(commune: Commune) -> str:
    """Not even the apology can be written."""
    await _refuse(commune, "outbox", "address", "'Minh'")
    return "2"


async def evidence_of_a_newer_version(commune: Commune) -> str:
    form = await commune.form("Minh")
    async with commune.database.writing() as connection:
        conversation = await connection.scalar(select(conversations.c.id).where(conversations.c.address == "Minh"))
        row = {"assessment_id": form.id, "indicator_id": "x", "kind": "film", "text": "", "source": "", "name": ""}
        await connection.execute(insert(evidence_table), row | {"conversation_id": conversation, "at": commune.now})
    return "2"


async def a_reply_of_a_newer_version(commune: Commune) -> str:
    """It is put into the inbox by an instance that knows how to sing."""
    await commune.turns.receive([commune.update("Minh", "2", "sung")])
    async with commune.database.writing() as connection:
        body = b'{"type":"sung","notes":"do re mi"}'
        await connection.execute(update(inbox).where(inbox.c.update_id == "sung").values(body=body))
    return ""


async def _refuse(commune: Commune, table: str, column: str, value: str) -> None:
    async with commune.database.writing() as connection:
        if commune.database.is_sqlite:
            refuse = f"WHEN NEW.{column} = {value} BEGIN SELECT RAISE(ABORT, 'refused'); END"
            await connection.execute(text(f"CREATE TRIGGER refuses BEFORE INSERT ON {table} {refuse}"))
        else:
            check = f"CHECK ({column} <> {value}) NOT VALID"
            await connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT refuses {check}"))


@pytest.mark.parametrize(
    ("poison", "apologies"),
    [
        (a_statement_that_is_wrong, 1),
        (an_answer_that_the_database_refuses, 1),
        (a_letter_that_the_database_refuses, 0),
        (evidence_of_a_newer_version, 1),
        (a_reply_of_a_newer_version, 1),
    ],
)
async def test_a_turn_that_cannot_be_done_costs_itself_among_two_hundred(
    commune: Commune, poison: Poison, apologies: int
) -> None:
    said = await poison(commune)
    names = [f"người {number}" for number in range(GOOD)]
    updates = [commune.update(name, "/start") for name in names]
    if said:
        updates.insert(BATCH - 1, commune.update("Minh", said))  # the last one of its batch
    await commune.turns.receive(updates)
    rounds = await commune.work()
    failed = select(conversations.c.address).join(inbox, inbox.c.conversation_id == conversations.c.id)
    assert await commune.column(failed.where(inbox.c.failed)) == ["Minh"]
    assert [one.count(APOLOGY) for one in [await commune.texts("Minh")]] == [apologies]
    assert {len(await commune.read(name)) for name in names} == {1}
    assert len(rounds) < 20  # the batches are halved, not done one by one


async def test_a_notice_of_a_newer_version_is_left_out_of_the_list_and_opened_by_nobody(commune: Commune) -> None:
    notice_id = await _notice_of_a_newer_version(commune)
    await commune.together(("Lan", "/help"), ("Hoa", "/notices"), ("Minh", "2"))
    assert await commune.count(inbox, inbox.c.failed) == 0
    assert [len(await commune.read(name)) for name in ("Lan", "Hoa", "Minh")] == [1, 1, 1]
    await commune.together(("Lan", "/help"), ("Hoa", Pressed(f"c:notice:show:{notice_id}:0")), ("Minh", "2"))
    assert await commune.texts("Hoa") == [APOLOGY]
    assert [len(await commune.read(name)) for name in ("Lan", "Minh")] == [1, 1]


async def _notice_of_a_newer_version(commune: Commune) -> int:
    hoa = (await commune.rows(select(conversations).where(conversations.c.address == "Hoa")))[0]
    notice = {"author_id": hoa.person_id, "conversation_id": hoa.id, "content": b'{"song":7}', "audience": b"{}"}
    async with commune.database.writing() as connection:
        state = {"state": "waiting", "version": 0, "created_at": commune.now}
        kept = await connection.execute(insert(notices_table).returning(notices_table.c.id), notice | state)
        notice_id: int = kept.scalar_one()
        unit_id = await connection.scalar(select(units.c.id).where(units.c.code == "tk"))
        await connection.execute(insert(notice_units), {"notice_id": notice_id, "unit_id": unit_id})
    return notice_id


async def test_a_round_for_a_group_of_a_newer_version_stops_nobody(commune: Commune) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(update(rounds_table).values(sets=b'{"farmer":"x","robot":"y"}'))
        await connection.execute(text("UPDATE reference_version SET version = version + 1"))
    await commune.together(("Lan", "/help"), ("Hạnh", "/help"))
    assert [len(await commune.read(name)) for name in ("Lan", "Hạnh")] == [1, 1]
    assert await commune.count(inbox, inbox.c.failed) == 0


async def test_only_the_turn_that_failed_is_given_up_whatever_came_free_meanwhile(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another instance holds the first turn, and lets it go while the one after it fails here."""
    said = await an_answer_that_the_database_refuses(commune)
    await commune.turns.receive([commune.update("Lan", "/help"), commune.update("Minh", said)])
    held, looks, claim = True, 0, gathering.claim

    async def claim_what_is_free(connection: AsyncConnection, most: int, *arguments: Any, **named: Any) -> Claimed:
        claimed = await claim(connection, most + 1, *arguments, **named)
        free = [turn for turn in claimed.turns if not (held and turn.address == "Lan")]
        return Claimed(tuple(free[:most]), claimed.reference_version)

    def let_go_when_it_is_given_up() -> datetime:
        nonlocal held, looks
        looks += 1
        held = looks <= LOOKS_UNTIL_ONE_IS_ALONE
        return commune.now

    monkeypatch.setattr(gathering, "claim", claim_what_is_free)
    commune.turns = Turns(replace(commune.runtime, clock=let_go_when_it_is_given_up))
    await commune.work()
    failed = select(conversations.c.address).join(inbox, inbox.c.conversation_id == conversations.c.id)
    assert await commune.column(failed.where(inbox.c.failed)) == ["Minh"]
    assert len(await commune.read("Lan")) == 1


# Two versions beside each other, while one is being put in place of the other

SINGS = b'{"frames":[{"step":"home","talk":{"type":"home"}},%s{"step":"sing","talk":{"type":"choir"}}],"asked":9}'
INSIDE_A_FORM = b'{"step":"indicator","talk":{"type":"self-assessment","indicator":"study-plan"}},'
LOST = render(
    _("I have just been updated, and what you were in the middle of is lost. We go on here:"), CATALOGUES["vi"]
)


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(commune: Commune) -> Clock:
    """The clock of an instance that leaves to a newer one what it cannot read."""
    clock = Clock()
    commune.turns.left_alone = LeftAlone(seconds_for_newer=5, monotonic=clock)
    return clock


async def _sings(commune: Commune, name: str, inside: bytes = b"") -> None:
    async with commune.database.writing() as connection:
        of_person = update(conversations).where(conversations.c.address == name)
        await connection.execute(of_person.values(session=SINGS % inside))


async def _session_of(commune: Commune, name: str) -> bytes:
    session: bytes = (await commune.column(select(conversations.c.session).where(conversations.c.address == name)))[0]
    return session


async def test_a_session_of_a_newer_version_is_left_to_it_as_it_is(commune: Commune, clock: Clock) -> None:
    await _sings(commune, "Minh")
    await commune.together(("Minh", "la la"), ("Lan", "/help"))
    clock.seconds = 4.9
    await commune.together(("Lan", "/help"))
    assert await _session_of(commune, "Minh") == SINGS % b""
    assert (len(await commune.read("Lan")), await commune.read("Minh")) == (2, [])
    # The newer one takes it: here it is played by an answer that puts things in order.
    async with commune.database.writing() as connection:
        await connection.execute(update(inbox).values(done_at=commune.now))
    clock.seconds = 60.0
    assert await commune.work() == []


async def test_without_a_newer_version_people_are_told_that_something_was_lost(commune: Commune, clock: Clock) -> None:
    answered = await commune.answers("Minh")
    await _sings(commune, "Minh", INSIDE_A_FORM)
    await commune.together(("Minh", "2"))
    assert await commune.read("Minh") == []
    clock.seconds = 5.0
    await commune.work()
    said = (await commune.texts("Minh"))[0]
    assert said.startswith(LOST)
    assert "2/10" in said
    assert await commune.answers("Minh") == answered  # what answered the lost question answers no other one
    await _sings(commune, "Lan")
    await commune.say("Lan", "la la")  # nobody is waited for again: there is no newer one
    assert (await commune.texts("Lan"))[0].startswith(LOST)


async def test_a_command_is_done_though_the_talk_is_lost(commune: Commune) -> None:
    await _sings(commune, "Minh", INSIDE_A_FORM)
    await commune.say("Minh", "/help")
    assert LOST not in (await commune.texts("Minh"))[0]


@pytest.mark.parametrize("poison", [a_reply_of_a_newer_version, evidence_of_a_newer_version])
async def test_what_only_a_newer_version_can_read_is_left_to_it(commune: Commune, clock: Clock, poison: Poison) -> None:
    if said := await poison(commune):
        await commune.turns.receive([commune.update("Minh", said)])
    await commune.together(("Lan", "/help"))
    assert (len(await commune.read("Lan")), await commune.read("Minh")) == (1, [])
    clock.seconds = 5.0
    await commune.work()
    assert await commune.texts("Minh") == [APOLOGY]


async def test_who_has_a_role_of_a_newer_version_is_left_to_it(commune: Commune, clock: Clock) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(update(roles).values(role="auditor"))
    await commune.together(("Hạnh", "/review"), ("Minh", "2"))
    assert (len(await commune.read("Minh")), await commune.read("Hạnh")) == (1, [])
    clock.seconds = 5.0
    await commune.work()
    assert "Chỉ chi hội trưởng" in (await commune.texts("Hạnh"))[0]
