"""Scope as a condition: a statement says that a unit lies below others, and its parameters stay few."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select

from bot.store.core.tables import units
from flows.domain.units import Scope

# So many units are looked up one by one in the index of a table. With more of them it is quicker to go through the
# table and look where each row lies.
FEW_UNITS = 1000

_tops, _below = units.alias("tops"), units.alias("below")


def lies_in(unit_id: ColumnElement[Any], scope: Scope, few: int = FEW_UNITS) -> ColumnElement[bool]:
    """Say that a unit is one of a scope.

    The numbers are read by the very statement that uses them: one that was thought of before units were moved sees
    what is theirs now, never what bears their old numbers.
    """
    is_below = and_(_tops.c.id.in_(scope.tops), _below.c.first.between(_tops.c.first, _tops.c.last))
    if scope.size <= few:
        return unit_id.in_(select(_below.c.id).where(is_below))
    return select(_below.c.id).where(_below.c.id == unit_id, is_below).correlate_except(_below, _tops).exists()
