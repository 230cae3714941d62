"""The dated tree of units: provinces, communes, villages, workplaces; what lies in whose scope; search by name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from rapidfuzz import fuzz, process

from flows.spelling import fold

# Below this likeness (0–100) a suggestion confuses more than it helps.
LIKE_ENOUGH = 72
MOST_SUGGESTED = 6
CLEARLY_WORSE = 12


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


@dataclass(frozen=True)
class UnitTree:
    """All units of a deployment, read once and shared by every turn."""

    by_id: Mapping[int, Unit] = field(default_factory=dict)

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "UnitTree":
        """Build the tree."""
        return cls({unit.id: unit for unit in units})

    @cached_property
    def by_code(self) -> Mapping[str, Unit]:
        """Units by their code, in lower case."""
        return {unit.code.lower(): unit for unit in self.by_id.values()}

    def upwards(self, unit_id: int) -> Iterator[Unit]:
        """Yield a unit and what lies above it, nearest first."""
        unit = self.by_id.get(unit_id)
        while unit is not None:
            yield unit
            unit = self.by_id.get(unit.parent_id) if unit.parent_id is not None else None

    def covers(self, unit_id: int, below_id: int) -> bool:
        """Tell whether a unit is another or lies above it."""
        return any(unit.id == unit_id for unit in self.upwards(below_id))

    def subtree(self, unit_id: int) -> frozenset[int]:
        """Return the ids of a unit and of all below it."""
        below = [unit_id]
        for parent_id in below:
            below.extend(self._children.get(parent_id, ()))
        return frozenset(below)

    @cached_property
    def _children(self) -> Mapping[int, list[int]]:
        children: dict[int, list[int]] = {}
        for unit in self.by_id.values():
            if unit.parent_id is not None:
                children.setdefault(unit.parent_id, []).append(unit.id)
        return children

    def full_name(self, unit_id: int) -> str:
        """Name a unit with its commune, as people say it: `Thôn Đông, xã Thần Khê`."""
        named = [unit.name for unit in self.upwards(unit_id) if unit.kind != "province"]
        if len(named) < 2:
            return self.by_id[unit_id].name
        return f"{named[0]}, {named[1][:1].lower()}{named[1][1:]}"

    def in_sentence(self, unit_id: int) -> str:
        """Name a unit as it stands inside a sentence: `thôn Đông, xã Thần Khê`, but `Thôn 5` (Decree 30/2020)."""
        name, full = self.by_id[unit_id].name, self.full_name(unit_id)
        numbered = any(letter.isdigit() for letter in name)
        return full if numbered or name == "Thành phố Hồ Chí Minh" else f"{full[:1].lower()}{full[1:]}"

    def search(self, typed: str, within: frozenset[int] | None = None) -> tuple[Unit, ...]:
        """Find units by name, code or old name, without tone marks and with typing mistakes; best first.

        Without `within`, only units that take residents are looked for.
        """
        wanted = fold(typed)
        if not wanted:
            return ()
        index = self._resident_index if within is None else self._indexed(self.by_id[id_] for id_ in within)
        near = process.extract(
            wanted, index.names, scorer=fuzz.WRatio, score_cutoff=LIKE_ENOUGH, limit=8 * MOST_SUGGESTED
        )
        ranked = sorted(near, key=lambda hit: (-_fit(wanted, hit[0]), _place(wanted, hit[0]), -hit[1], len(hit[0])))
        best = _fit(wanted, ranked[0][0]) if ranked else 0
        good = [position for name, _score, position in ranked if _fit(wanted, name) >= best - CLEARLY_WORSE]
        ids = dict.fromkeys(index.ids[position] for position in good)
        return tuple(self.by_id[unit_id] for unit_id in list(ids)[:MOST_SUGGESTED])

    @cached_property
    def _resident_index(self) -> "_NameIndex":
        return self._indexed(unit for unit in self.by_id.values() if unit.takes_residents)

    def _indexed(self, units: Iterable[Unit]) -> "_NameIndex":
        pairs = [(name, unit.id) for unit in units for name in self._spellings(unit)]
        return _NameIndex(tuple(name for name, _ in pairs), tuple(unit_id for _, unit_id in pairs))

    def _spellings(self, unit: Unit) -> Iterator[str]:
        above = next((fold(parent.name) for parent in self.upwards(unit.id) if parent.id != unit.id), "")
        for name in (unit.name, *unit.aliases):
            yield f"{fold(name)} {above}".strip()
        yield fold(unit.code)


@dataclass(frozen=True, slots=True)
class _NameIndex:
    names: tuple[str, ...]
    ids: tuple[int, ...]


def _fit(wanted: str, name: str) -> float:
    """Score 0–100 how well the words fit: all that was typed should be there, the whole name need not be."""
    return fuzz.token_set_ratio(wanted, name)


def _place(wanted: str, name: str) -> int:
    """Tell how late in a name the typed words stand: a unit's own name comes before that of the unit above."""
    place = f" {name} ".find(f" {wanted} ")
    return place if place >= 0 else len(name)
