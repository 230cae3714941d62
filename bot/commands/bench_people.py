"""The people of benchmarks: a made-up province, filled by the thousand or the million in a handful of statements."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, bindparam, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.rounds import load_shipped, open_round
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.migrating import migrate
from bot.store.core.tables import Moment, contacts, conversations, criteria_sets, mutes, roles, units
from flows.domain.units import Unit

PROVINCE = "bench"
VILLAGES_A_COMMUNE = 25
PEOPLE_A_COMMUNE = 30_000

# Ages, groups and forms follow no other pattern than that there are some of each in every village.
_ADD_PEOPLE = """
INSERT INTO people (name, birth_year, unit_id, "group", created_at)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :people)
SELECT 'Người thứ ' || n, 1940 + (n * 31) % 70, :first_village + n % :villages,
    CASE (n / 7) % 5 WHEN 0 THEN 'worker' WHEN 1 THEN 'official' WHEN 2 THEN 'other' ELSE 'farmer' END, :now
FROM numbers ORDER BY n
"""
_ADD_CHATS = """
INSERT INTO conversations (channel, bot, address, person_id, language, consented)
SELECT :channel, :bot, CAST(:first + :step * (row_number() OVER (ORDER BY id) - 1) AS TEXT), id,
    CASE WHEN id % 20 = 0 THEN 'en' ELSE 'vi' END, true
FROM people WHERE id > :after
"""
_ADD_FORMS = """
INSERT INTO assessments (person_id, round_id, unit_id, pin, state, version, total, passed, begun_at, touched_at)
SELECT id, :round_id, unit_id, :pin,
    CASE (id / 3) % 10 WHEN 0 THEN 'returned' WHEN 1 THEN 'submitted' WHEN 2 THEN 'confirmed' ELSE 'draft' END,
    0, 0, false, :now, :now
FROM people WHERE id > :after AND id % 3 <> 0
"""
_ADD_CONTACTS = """
INSERT INTO contacts
    (person_id, unit_id, "group", birth_year, conversation_id, channel, language, reach, round_id, form_state)
SELECT p.id, p.unit_id, p."group", p.birth_year, c.id, c.channel, c.language, 'open',
    a.round_id, coalesce(a.state, 'none')
FROM people p JOIN conversations c ON c.person_id = p.id LEFT JOIN assessments a ON a.person_id = p.id
WHERE p.id > :after
"""
_TYPES: dict[str, Any] = {"now": Moment(), "channel": Text(), "bot": Text(), "pin": Text(), "first": BigInteger()}


@dataclass(frozen=True, slots=True)
class Province:
    """Where benchmarks happen: its own unit, its villages, which follow one another, and its round."""

    unit_id: int
    first_village: int
    villages: int
    round_id: int


async def found(database: Database, people: int, now: datetime) -> Province:
    """Make an empty database a province for so many people, with a round that is open."""
    await migrate(database)
    await load_shipped(database, now)
    communes = [f"{PROVINCE}-{number}" for number in range(max(1, people // PEOPLE_A_COMMUNE))]
    villages = {f"{commune}-{number}": commune for commune, number in product(communes, range(VILLAGES_A_COMMUNE))}
    wanted = [
        Unit(0, PROVINCE, "Tỉnh Mẫu", "province"),
        *(Unit(0, code, f"Xã Mẫu {code.rpartition('-')[2]}", "commune") for code in communes),
        *(Unit(0, code, f"Thôn Mẫu {code.rpartition('-')[2]}", "village") for code in villages),
    ]
    async with database.writing() as connection:
        await setup.save_units(connection, wanted, dict.fromkeys(communes, PROVINCE) | villages)
        ids = {row.code: row.id for row in await connection.execute(select(units.c.code, units.c.id))}
    opens, closes = (now.date() + timedelta(days) for days in (-30, 30))
    round_id = await open_round(
        database, year=now.year, name="Đợt mẫu", unit_code=PROVINCE, opens=opens, closes=closes, now=now
    )
    return Province(ids[PROVINCE], min(ids[code] for code in villages), len(villages), round_id)


async def settle(
    connection: AsyncConnection, province: Province, addresses: range, to: tuple[str, str], now: datetime
) -> None:
    """Let people live in a province, all of whom pressed start and agreed, and two of three have a form."""
    channel, bot = to
    after = int(await connection.scalar(text("SELECT coalesce(max(id), 0) FROM people")) or 0)
    pin = await connection.scalar(select(criteria_sets.c.pin).limit(1))
    values = {
        "people": len(addresses), "first_village": province.first_village, "villages": province.villages, "now": now,
        "after": after, "channel": channel, "bot": bot, "first": addresses.start, "step": addresses.step,
        "round_id": province.round_id, "pin": pin,
    }  # fmt: skip
    for statement in (_ADD_PEOPLE, _ADD_CHATS, _ADD_FORMS, _ADD_CONTACTS):
        await connection.execute(*_bound(statement, values))


async def make_admin(connection: AsyncConnection, province: Province, now: datetime) -> tuple[int, int]:
    """Let the first person administer the province. Returns them and their conversation."""
    first = select(conversations.c.person_id, conversations.c.id).order_by(conversations.c.id).limit(1)
    person_id, conversation_id = (await connection.execute(first)).one()
    role = {"person_id": person_id, "role": "admin", "unit_id": province.unit_id, "since": now}
    await connection.execute(insert(roles), role)
    return person_id, conversation_id


async def turn_off_notices(connection: AsyncConnection, addresses: Iterable[int]) -> None:
    """Let some people have turned notices off."""
    chats = select(conversations.c.person_id).where(conversations.c.address.in_([str(one) for one in addresses]))
    await connection.execute(insert(mutes).from_select(["person_id", "kind"], chats.add_columns(literal("notices"))))
    await connection.execute(update(contacts).where(contacts.c.person_id.in_(chats)).values(reach="muted"))


def _bound(statement: str, values: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a statement that knows the types of its parameters, and those it has."""
    clause = text(statement)
    own = {name: value for name, value in values.items() if re.search(rf":{name}\b", statement)}
    return clause.bindparams(*(bindparam(name, type_=_TYPES.get(name, Integer())) for name in own)), own
