"""Rounds: the year's campaign, where it holds, when it is open and which criteria sets are in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import MAXYEAR, MINYEAR, date, timedelta
from itertools import pairwise
from typing import Literal

from flows.domain.criteria import Group
from flows.domain.unit_tree import UnitTree

RoundState = Literal["upcoming", "open", "closed"]
RETURN_DAYS = 7
POSTING_DAYS = 5
MOST_POSTING_DAYS = 10


@dataclass(frozen=True, slots=True)
class Phases:
    """A round's days besides those of the self-assessment.

    People register from `registration` on. Branches meet until `branch`, the commune association checks until
    `commune`, the committee decides until `decision`; all of them with that day. The report is due before `report`.
    What a branch returns is open to its owner for `return_days`, also after the closing day. A village's list is
    posted for `posting_days` before it goes up.
    """

    registration: date
    branch: date
    commune: date
    decision: date
    report: date
    return_days: int = RETURN_DAYS
    posting_days: int = POSTING_DAYS


PHASES = tuple(field.name for field in fields(Phases))


def usual_phases(year: int, opens: date, closes: date) -> Phases:
    """Return the phases of a round of which only the days of the self-assessment are known.

    Reports are due before 1 December; a round that ends too late for that has a month after its closing day. Branch and
    commune have a third of the time between each, and the committee the rest.
    """
    # The year may be older than the check that it can be one.
    december = date(year if MINYEAR <= year <= MAXYEAR else closes.year, 12, 1)
    report = december if closes + timedelta(days=3) < december else closes + timedelta(days=31)
    third = (report - closes) // 3
    return Phases(
        registration=min(december.replace(month=1), opens),
        branch=closes + third,
        commune=closes + 2 * third,
        decision=report - timedelta(days=1),
        report=report,
    )


@dataclass(frozen=True, slots=True)
class Round:
    """One year's round for a unit and all below it. People fill in their forms from `opens` to `closes`; both days are
    part of it."""

    id: int
    year: int
    name: str
    unit_id: int
    opens: date
    closes: date
    sets: Mapping[Group, str]
    phases: Phases

    def state(self, today: date) -> RoundState:
        """Tell where a day lies: before, in or after the round."""
        if today < self.opens:
            return "upcoming"
        return "open" if today <= self.closes else "closed"

    def is_decided(self, today: date) -> bool:
        """Tell whether branch, commune and committee still have forms of this round before them."""
        return self.opens <= today <= self.phases.decision

    def returned_until(self, today: date) -> date:
        """Return the last day on which a form returned today may be corrected."""
        return max(self.closes, today + timedelta(days=self.phases.return_days))


def impossible(opens: date, closes: date, phases: Phases) -> str | None:
    """Say which two days of a round cannot follow each other, if any."""
    days = {
        "registration": phases.registration,
        "opens": opens,
        "closes": closes,
        "branch": phases.branch,
        "commune": phases.commune,
        "decision": phases.decision,
        "report": phases.report,
    }
    for (earlier, day), (later, then) in pairwise(days.items()):
        if then < day:
            return f"{later} on {then} comes before {earlier} on {day}"
    return None


def round_for(rounds: Iterable[Round], units: UnitTree, unit_id: int, today: date) -> Round | None:
    """Choose the round to fill in at a unit: the open one, else the next, else the last; the nearest unit's before a
    wider one's."""
    above = {unit.id: distance for distance, unit in enumerate(units.upwards(unit_id))}

    def preference(round_: Round) -> tuple[int, int, int]:
        state = round_.state(today)
        order = {"open": 0, "upcoming": 1, "closed": 2}[state]
        away = abs((round_.opens if state == "upcoming" else round_.closes).toordinal() - today.toordinal())
        return (order, 0 if state == "open" else away, above[round_.unit_id])

    return min((round_ for round_ in rounds if round_.unit_id in above), key=preference, default=None)


def rounds_at_work(rounds: Iterable[Round], units: UnitTree, unit_id: int, today: date) -> frozenset[int]:
    """Return the ids of the rounds whose forms count at a unit: those still being decided, else the last that began.

    A round that is still to come has no forms, so it hides nobody's.
    """
    above = {unit.id for unit in units.upwards(unit_id)}
    begun = [round_ for round_ in rounds if round_.unit_id in above and round_.opens <= today]
    decided = frozenset(round_.id for round_ in begun if round_.is_decided(today))
    if decided or not begun:
        return decided
    return frozenset({max(begun, key=lambda round_: (round_.closes, round_.id)).id})
