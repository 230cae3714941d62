"""How many statements a batch of turns takes: few, whatever its size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select, update

from bot.services.audit import verify
from bot.services.turns import BATCH
from bot.store.core import contacts
from bot.store.core.tables import answers, assessments, conversations, notice_answers, people, trail
from flows.conversation.replies import Pressed
from tests.commune import BOT, CHANNEL, Commune, commune
from tests.sample import NOW
from tests.services.test_notices import Office

__all__ = ["commune"]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that are executed, of all databases."""
    executed: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, _given: Any, _context: Any, _many: bool) -> None:
        executed.append(sql)

    event.listen(Engine, "before_cursor_execute", note)
    yield executed
    event.remove(Engine, "before_cursor_execute", note)


async def settle(commune: Commune, names: list[str]) -> None:
    """Let people come to live in the village, each with a conversation."""
    village = (await commune.rows(select(people.c.unit_id).where(people.c.unit_id.is_not(None))))[0][0]
    async with commune.database.writing() as connection:
        for name in names:
            resident = {"name": name, "unit_id": village, "created_at": NOW}
            person_id = await connection.scalar(insert(people).values(resident).returning(people.c.id))
            chat = {"channel": CHANNEL, "bot": BOT, "address": name, "language": "vi", "person_id": person_id}
            await connection.execute(insert(conversations).values(chat))
            await contacts.refresh(connection, [person_id])


async def forms_of(commune: Commune, names: list[str]) -> None:
    """Give people a form like Lan's, all answered and not handed in."""
    lan = await commune.form("Lan")
    form = {**lan._mapping, "state": "draft", "submitted_at": None}
    given = await commune.rows(select(answers).where(answers.c.assessment_id == lan.id))
    details = {"birth_year": 1975, "group": "farmer"}
    del form["id"]
    async with commune.database.writing() as connection:
        await connection.execute(update(conversations).values(consented=True))
        for name in names:
            await connection.execute(update(people).where(people.c.name == name).values(details))
            person_id = await connection.scalar(select(people.c.id).where(people.c.name == name))
            added = insert(assessments).values({**form, "person_id": person_id}).returning(assessments.c.id)
            form_id = await connection.scalar(added)
            rows = [{**row._mapping, "assessment_id": form_id} for row in given]
            await connection.execute(insert(answers), rows)


def is_of_trail(sql: str) -> bool:
    """Tell whether a statement is about the trail itself: forms are read with what it says of them."""
    return "trail_head" in sql or "INTO trail" in sql


async def test_a_batch_of_acts_takes_as_many_statements_as_one_act(commune: Commune, statements: list[str]) -> None:
    names = [f"resident {number}" for number in range(BATCH)]
    await settle(commune, names)
    await forms_of(commune, names)
    taken = []
    await commune.together(*((name, "nộp phiếu") for name in names))  # they look at what it comes to
    for some in (names[:1], names[1:]):
        await commune.turns.receive([commune.update(name, "nộp phiếu") for name in some])
        statements.clear()
        assert (await commune.turns.run_once()).answered == len(some)
        taken.append(len(statements))
        # The last that is waited for: who is named, and the end of the trail.
        of_trail = [sql for sql in statements if is_of_trail(sql)]
        assert statements[-len(of_trail) :] == of_trail
        assert len(of_trail) <= 3, of_trail
    assert taken[0] == taken[1] <= 21, "\n".join(statements)
    assert await commune.count(trail, trail.c.act == "submit") == BATCH + 1
    assert (await verify(commune.database)).head.number > BATCH


async def test_a_batch_without_an_act_does_not_touch_the_trail(commune: Commune, statements: list[str]) -> None:
    await commune.say("Minh", "/status")
    statements.clear()
    await commune.say("Minh", "2")
    assert len(await commune.answers("Minh")) == 4
    assert [sql for sql in statements if is_of_trail(sql)] == []


async def test_a_batch_of_answers_to_a_notice_takes_a_dozen_statements(
    commune: Commune, tmp_path: Path, statements: list[str]
) -> None:
    names = [f"resident {number}" for number in range(BATCH)]
    await settle(commune, names)
    office = Office(commune, tmp_path)
    notice_id = await office.write()
    await office.keep()
    await commune.turns.receive([commune.update(name, Pressed(f"c:answer:{notice_id}:come")) for name in names])
    await commune.turns.run_once()  # the reference is read once
    await commune.turns.receive([commune.update(name, Pressed(f"c:answer:{notice_id}:cannot")) for name in names])
    statements.clear()
    done = await commune.turns.run_once()
    assert done.answered == BATCH
    assert len(statements) <= 12, "\n".join(statements)
    assert set(await commune.column(select(notice_answers.c.answer))) == {"cannot"}
