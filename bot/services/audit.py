"""The trail looked through: whether it is as it was written, and what was done with a form."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import reference, trail
from bot.store.core.chain import Check, Head, read_head
from bot.store.core.database import Database
from bot.store.own_data import read_act
from bot.store.subjects import PRINTED_HEADS
from flows.domain.criteria import CriteriaSet
from flows.forms.acts import FORM
from flows.privacy.needs import OwnAct

AT_ONCE = 2000


class Verified(Struct, frozen=True):
    """A trail that holds: its head, and how much of it erasures have blanked."""

    head: Head
    blanked: int


async def verify(
    database: Database,
    heads: Iterable[Head] = (),
    on_way: Callable[[int, int], None] = lambda entries, of: None,
    printed: Sequence[Select[str]] = PRINTED_HEADS,
) -> Verified:
    """Go along the whole trail, as it is at this moment, and compare it with heads from paper and with those that the
    papers of subjects have kept. Raises BrokenChain. `on_way` is told how many entries are done, and of how many."""
    async with database.snapshot() as connection:
        kept = await trail.read_head(connection)
        check = Check([*heads, *await _printed(connection, printed)])
        while rows := await trail.rows_after(connection, check.head.number, AT_ONCE):
            for row in rows:
                check.add(row._asdict())
            on_way(check.head.number, kept.number)
        check.end(kept)
    return Verified(check.head, check.blanked)


async def _printed(connection: AsyncConnection, selects: Sequence[Select[str]]) -> list[Head]:
    return [read_head(written) for wanted in selects for (written,) in await connection.execute(wanted)]


class FormAct(Struct, frozen=True):
    """An act on a form, by its number in the trail."""

    number: int
    act: OwnAct


async def life_of(database: Database, form_id: int) -> tuple[list[FormAct], CriteriaSet | None]:
    """Return all acts on a form, the first first, and the criteria set it has now. Of a form of somebody who was erased
    there is nothing."""
    async with database.snapshot() as connection:
        acts = [FormAct(row.number, read_act(row)) for row in await trail.entries_about(connection, FORM, form_id)]
        return acts, await reference.criteria_of_form(connection, form_id)
