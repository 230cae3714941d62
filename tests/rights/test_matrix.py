"""Every role, in every place, tries every act in every phase: what the table allows happens, and nothing else does."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import pytest

from bot.store.core.database import Database
from flows.domain.assessments import Assessment
from tests.databases import Backend, Databases
from tests.rights.acts import ACTS
from tests.rights.table import Row, rows
from tests.rights.trying import Trier, as_owner
from tests.rights.world import FORMS, PHASES, Actor, Heads, Village, World, come_about, settled

ROWS = rows()
# Before the self-assessment there are no forms.
WITHOUT_FORMS = {"own", "role", "notice"}
WITH_FORMS = tuple(PHASES)[2:]
# Nobody decides on themselves on any day: two are enough to see it.
OWN_IN = {"self-assessment", "commune"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One question of the matrix."""

    act: str
    actor: Actor
    phase: str
    form: str = ""
    own: bool = False

    def allowed(self, world: World) -> bool:
        """Tell what the table says."""
        return any(self._fits(row, world) for row in ROWS[self.act])

    def _fits(self, row: Row, world: World) -> bool:
        who = ("owner", "") if self.own else (self.actor.kind, self.actor.place)
        return (
            who in row.who
            and (not row.only_away or world.heads == "away")
            and self.form in row.forms
            and world.village in row.villages
            and self.phase in row.phases
        )

    def __str__(self) -> str:
        of_form = f" a form that is {self.form}{', their own,' if self.own else ''}" if self.form else ""
        return f"{self.actor.name}: {self.act}{of_form} ({self.phase})"


def cells(world: World) -> Iterator[Cell]:
    """Yield every question that can be asked in a world."""
    for name, act in ACTS.items():
        phases = tuple(PHASES) if act.about in WITHOUT_FORMS else WITH_FORMS
        forms = FORMS[world.village] if act.about in {"form", "many", "undo", "reading"} else ("",)
        for actor in world.actors:
            for phase in phases:
                for form in forms:
                    yield Cell(name, actor, phase, form)
                    if form and act.about != "undo" and phase in OWN_IN:
                        yield Cell(name, actor, phase, form, own=True)


async def faults(trier: Trier, asked: Iterator[Cell]) -> tuple[Counter[bool], list[str]]:
    """Try every cell. Returns how many were allowed and refused, and those that were not as the table says."""
    counted, wrong = Counter[bool](), []
    world = trier.world
    for cell in asked:
        form: Assessment | None = world.forms[cell.form] if cell.form else None
        actor = as_owner(cell.actor, form) if cell.own and form is not None else cell.actor
        done, allowed = await trier.tried(actor, ACTS[cell.act], cell.phase, form), cell.allowed(world)
        counted[done] += 1
        if done != allowed:
            wrong.append(f"{'done, though refused' if done else 'refused, though allowed'}: {cell}")
    return counted, wrong


def _some(world: World, step: int) -> Iterator[Cell]:
    return (cell for number, cell in enumerate(cells(world)) if number % step == 0)


@pytest.mark.parametrize("heads", get_args(Heads))
@pytest.mark.parametrize("village", get_args(Village))
async def test_what_the_table_allows_is_done_and_all_else_is_refused(
    village: Village, heads: Heads, databases: Databases
) -> None:
    await _matrix("sqlite", village, heads, databases, 1)


@pytest.mark.parametrize("village", get_args(Village))
async def test_another_database_answers_the_same(village: Village, databases: Databases) -> None:
    await _matrix("postgresql", village, "away", databases, 23)


async def _matrix(backend: Backend, village: Village, heads: Heads, databases: Databases, step: int) -> None:
    async with databases.fresh(backend, settled) as url:
        database = Database(url)
        world = await come_about(database, village, heads)
        async with database.writing() as connection:
            counted, wrong = await faults(Trier(connection, world), _some(world, step))
        await database.close()
    for line, times in Counter(one.rpartition(" (")[0] for one in wrong).items():
        print(times, line)
    print(f"\n{village}, heads {heads}, {backend}: {counted.total():,} cells, {counted[True]:,} allowed")
    assert counted[True] > 0
    assert wrong == []


def test_every_act_has_a_row() -> None:
    assert ROWS.keys() == ACTS.keys()
