"""How many statements a batch of turns takes: few, whatever its size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select

from bot.services.turns import BATCH
from bot.store.core import contacts
from bot.store.core.tables import conversations, notice_answers, people
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
