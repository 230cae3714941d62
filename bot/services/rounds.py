"""Opening rounds and loading criteria sets: what an administrator sets up before residents come."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from bot.services.criteria_files import SHIPPED_BEFORE, shipped
from bot.store.core import setup, trail
from bot.store.core.chain import OPERATOR, Entry
from bot.store.core.database import Database
from bot.store.core.reference import newest, read_criteria, read_unit
from flows.domain.criteria import GROUPS, CriteriaSet, Group
from flows.domain.rounds import MOST_POSTING_DAYS, Phases, impossible, usual_phases
from flows.words.spelling import has_invisible

FIRST_YEAR, LAST_YEAR = 2020, 2100
LONGEST_NAME = 120
MOST_RETURN_DAYS = 60


class RoundRefused(Exception):
    """A round that cannot be opened as asked; the message says why and what would do."""


async def load_criteria(database: Database, sets: tuple[CriteriaSet, ...], now: datetime) -> list[CriteriaSet]:
    """Load criteria sets that are new. Returns those; raises RoundRefused for another text under a known version."""
    async with database.writing() as connection:
        try:
            added = await setup.add_criteria(connection, sets, now)
        except setup.VersionTaken as taken:
            raise RoundRefused(f"{taken}; give the new text a new version") from None
        await trail.append(connection, [_loaded(criteria) for criteria in added], now)
        return added


def _loaded(criteria: CriteriaSet) -> Entry:
    details = {"set": criteria.id, "version": criteria.version, "pin": criteria.pin}
    return Entry(act="load", role=OPERATOR, about="criteria", details=details)


async def load_shipped(database: Database, now: datetime) -> None:
    """Load the sets that come with the program; forms pinned to older ones keep theirs.

    Where an association has put a set of its own in the place of one, of whatever version, that one stays in force.
    """
    async with database.reading() as connection:
        in_force = newest(await read_criteria(connection))
    known = {criteria.id for criteria in in_force.values() if criteria.pin not in SHIPPED_BEFORE}
    await load_criteria(database, tuple(criteria for criteria in shipped() if criteria.id not in known), now)


async def open_round(
    database: Database,
    *,
    year: int,
    name: str,
    unit_code: str,
    opens: date,
    closes: date,
    sets: Mapping[Group, str] | None = None,
    phases: Mapping[str, date | int] = setup.NO_PHASES,
    now: datetime,
) -> int:
    """Open a round for a unit and all below it; the same year and unit again changes its days. Phases that are not
    given have their usual days. Returns its id."""
    _refuse_name(name)
    planned(year, opens, closes, phases)
    async with database.writing() as connection:
        unit = await read_unit(connection, unit_code)
        if unit is None:
            raise RoundRefused(f"there is no unit with the code {unit_code!r}; see: hoctap export units")
        chosen = {group: f"learning-citizen-{group}" for group in GROUPS} | dict(sets or {})
        in_force = newest(await read_criteria(connection))
        for group, set_id in chosen.items():
            if set_id not in in_force:
                raise RoundRefused(f"there is no criteria set {set_id!r} for {group}; import it first")
        round_id = await setup.save_round(
            connection,
            year=year,
            name=name,
            unit_id=unit.id,
            opens=opens,
            closes=closes,
            sets=chosen,
            phases=phases,
        )
        days = {"opens": str(opens), "closes": str(closes), **{phase: str(day) for phase, day in phases.items()}}
        groups = {str(group): set_id for group, set_id in chosen.items()}
        details: dict[str, str | int] = {"year": year, "name": name, **days, **groups}
        opened = Entry(act="set", role=OPERATOR, about="round", about_id=round_id, unit_id=unit.id, details=details)
        await trail.append(connection, [opened], now)
        return round_id


def _refuse_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or has_invisible(name) or not name.isprintable():
        raise RoundRefused(f"the name is not one line of 1 to {LONGEST_NAME} letters; type it anew")


def planned(year: int, opens: date, closes: date, phases: Mapping[str, date | int]) -> Phases:
    """Return all phases of a round from those that are given. Raises RoundRefused for days that cannot be."""
    days = [opens, closes, *(day for day in phases.values() if isinstance(day, date))]
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise RoundRefused(f"the year {year} is not one from {FIRST_YEAR} to {LAST_YEAR}; correct it")
    for day in days:
        if abs(day.year - year) > 1:
            raise RoundRefused(f"the day {day} is far from the year {year}; correct one of them")
    chosen = replace(usual_phases(year, opens, closes), **phases)  # type: ignore[arg-type]
    if not 0 <= chosen.return_days <= MOST_RETURN_DAYS:
        raise RoundRefused(f"return-days is {chosen.return_days}; give 0 to {MOST_RETURN_DAYS}")
    if not 0 <= chosen.posting_days <= MOST_POSTING_DAYS:
        raise RoundRefused(f"posting-days is {chosen.posting_days}; give 0 to {MOST_POSTING_DAYS}")
    if (why := impossible(opens, closes, chosen)) is not None:
        raise RoundRefused(f"{why}; put them in order")
    return chosen


def read_sets(written: list[str]) -> dict[Group, str]:
    """Read GROUP=SET-ID pairs. Raises RoundRefused."""
    chosen: dict[Group, str] = {}
    for pair in written:
        name, equals, set_id = pair.partition("=")
        group = next((known for known in GROUPS if known == name), None)
        if group is None or not equals or not set_id:
            raise RoundRefused(f"{pair!r} is not GROUP=SET-ID with a group of: {', '.join(GROUPS)}")
        chosen[group] = set_id
    return chosen
