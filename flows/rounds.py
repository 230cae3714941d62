"""Rounds: the year's campaign, where it holds, when it is open and which criteria sets are in force."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from flows.criteria import Group
from flows.units import UnitTree

RoundState = Literal["upcoming", "open", "closed"]


@dataclass(frozen=True, slots=True)
class Round:
    """One year's round for a unit and all below it. Both days are part of it."""

    id: int
    year: int
    name: str
    unit_id: int
    opens: date
    closes: date
    sets: Mapping[Group, str]

    def state(self, today: date) -> RoundState:
        """Tell where a day lies: before, in or after the round."""
        if today < self.opens:
            return "upcoming"
        return "open" if today <= self.closes else "closed"


def round_for(rounds: Iterable[Round], units: UnitTree, unit_id: int, today: date) -> Round | None:
    """Choose a unit's round: the open one, else the next, else the last; the nearest unit's before a wider one's."""
    above = {unit.id: distance for distance, unit in enumerate(units.upwards(unit_id))}

    def preference(round_: Round) -> tuple[int, int, int]:
        state = round_.state(today)
        order = {"open": 0, "upcoming": 1, "closed": 2}[state]
        away = abs((round_.opens if state == "upcoming" else round_.closes).toordinal() - today.toordinal())
        return (order, 0 if state == "open" else away, above[round_.unit_id])

    return min((round_ for round_ in rounds if round_.unit_id in above), key=preference, default=None)
