"""What a unit is: a province, a commune, a village or a workplace; and what lies in whose scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. `aliases` are other and former names; `successor_id` is what it was merged into."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None = None
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    successor_id: int | None = None

    @property
    def takes_residents(self) -> bool:
        """Tell whether people register here: in villages and workplaces, not in what lies above."""
        return self.kind in LEAF_KINDS and self.valid_to is None


LEAF_KINDS = frozenset({"village", "workplace"})
KINDS = ("province", "district", "commune", "village", "workplace")


@dataclass(frozen=True, slots=True)
class Scope:
    """Some units with all that lies below them, told by the uppermost ones however many lie below.

    `size` is how many units that were when it was made: who looks them up may choose a way by it.
    """

    tops: tuple[int, ...] = ()
    size: int = 0


def numbered(parents: Mapping[int, int | None]) -> dict[int, tuple[int, int]]:
    """Number units so that all that lies below one follows it: its own number, and the last number below it.

    `parents` maps the id of every unit to that of its parent. Units that lie below each other get no numbers.
    """
    children: dict[int | None, list[int]] = {}
    for unit_id in sorted(parents, reverse=True):
        parent_id = parents[unit_id]
        children.setdefault(parent_id if parent_id in parents else None, []).append(unit_id)
    order: list[int] = []
    waiting = children.get(None, [])[:]
    while waiting:
        order.append(waiting.pop())
        waiting.extend(children.get(order[-1], ()))
    sizes = dict.fromkeys(order, 1)
    for unit_id in reversed(order):
        parent_id = parents[unit_id]
        if parent_id in sizes:
            sizes[parent_id] += sizes[unit_id]
    return {unit_id: (number, number + sizes[unit_id] - 1) for number, unit_id in enumerate(order, 1)}
