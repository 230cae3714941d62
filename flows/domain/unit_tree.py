"""The dated tree of units: what lies below what, how units are called, and how they are found."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from flows.domain import layers
from flows.domain.finding import Finder, Found
from flows.domain.units import Scope, Unit, numbered
from flows.words.place_names import inside_sentence

# From so many on it is noticed when all names are indexed anew.
MANY_UNITS = 2000


@dataclass(frozen=True)
class UnitTree:
    """All units of a deployment, read once and shared by every turn."""

    by_id: Mapping[int, Unit] = field(default_factory=dict)
    # The index of names of the tree that this one was made of: searches go on with it until there is a new one.
    former_finder: Finder | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "UnitTree":
        """Build the tree."""
        return cls({unit.id: unit for unit in units})

    def changed(self, units: Iterable[Unit]) -> "UnitTree":
        """Return the tree with some units added or changed, which costs little where only names have changed."""
        changed = {unit.id: unit for unit in units}
        if not changed:
            return self
        by_id: Mapping[int, Unit] = layers.changed(self.by_id, changed)
        index = vars(self).get("finder")
        finder = index.changed(by_id, changed.values()) if index is not None else None
        former = self._newest_finder if finder is None and len(self.by_id) >= MANY_UNITS else None
        if finder is None:  # all units will be looked through
            by_id = layers.flat(by_id)
        tree = UnitTree(by_id, former)
        if finder is not None:
            vars(tree)["finder"] = finder
        befores = {id_: self.by_id[id_] for id_ in changed if id_ in self.by_id}
        if all(id_ in befores and befores[id_].parent_id == unit.parent_id for id_, unit in changed.items()):
            # What was found out about how units lie is still true.
            vars(tree).update({name: vars(self)[name] for name in ("children", "numbers") if name in vars(self)})
        if "by_code" in vars(self) and all(changed[id_].code == before.code for id_, before in befores.items()):
            vars(tree)["by_code"] = layers.changed(self.by_code, {unit.code.lower(): unit for unit in changed.values()})
        return tree

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
            below.extend(self.children.get(parent_id, ()))
        return frozenset(below)

    def scope(self, unit_ids: Iterable[int]) -> Scope:
        """Return units with all below them. What lies below another of them adds nothing."""
        wanted = frozenset(unit_ids)
        tops = sorted(unit_id for unit_id in wanted if not any(unit.id in wanted for unit in self._above(unit_id)))
        return Scope(tuple(tops), sum(self._size(unit_id) for unit_id in tops))

    def is_in(self, scope: Scope, unit_id: int) -> bool:
        """Tell whether a unit is one of a scope."""
        return any(unit.id in scope.tops for unit in self.upwards(unit_id))

    def _above(self, unit_id: int) -> Iterator[Unit]:
        return (unit for unit in self.upwards(unit_id) if unit.id != unit_id)

    def _size(self, unit_id: int) -> int:
        first, last = self.numbers.get(unit_id, (0, -1))
        return last - first + 1

    @cached_property
    def numbers(self) -> Mapping[int, tuple[int, int]]:
        """The number of each unit, and the last number below it."""
        return numbered({unit.id: unit.parent_id for unit in self.by_id.values()})

    @cached_property
    def children(self) -> Mapping[int, list[int]]:
        children: dict[int, list[int]] = {}
        for unit in self.by_id.values():
            if unit.parent_id is not None:
                children.setdefault(unit.parent_id, []).append(unit.id)
        return children

    def full_name(self, unit_id: int) -> str:
        """Name a unit with its commune, as a label: `Thôn Đông, xã Thần Khê`."""
        own, *above = self._names_upwards(unit_id)
        return ", ".join((own, *map(inside_sentence, above)))

    def in_sentence(self, unit_id: int) -> str:
        """Name a unit with its commune, as it stands inside a sentence: `thôn Đông, xã Thần Khê`."""
        return ", ".join(map(inside_sentence, self._names_upwards(unit_id)))

    def _names_upwards(self, unit_id: int) -> list[str]:
        """Return the name of a unit and of what it lies in. The province goes without saying."""
        named = [unit.name for unit in self.upwards(unit_id) if unit.kind != "province"]
        return named[:2] or [self.by_id[unit_id].name]

    def names(self, unit_ids: Iterable[int]) -> Mapping[int, str]:
        """Name units of one commune that are shown together; with more than their names where two are called alike."""
        names = {unit_id: self.by_id[unit_id].name for unit_id in unit_ids}
        return names if len(set(names.values())) == len(names) else self.labels(names)

    def labels(self, unit_ids: Iterable[int]) -> Mapping[int, str]:
        """Label units that are shown together, so that no two of them read alike.

        Where the commune does not tell them apart, all that lies above does, or an old name, or in the end the code.
        """
        labels: dict[int, str] = {}
        unclear = list(dict.fromkeys(unit_ids))
        for label in (self.full_name, self._with_all_above, self._with_old_name, self._with_code):
            said = {unit_id: label(unit_id) for unit_id in unclear}
            times = Counter(map(str.casefold, said.values()))
            labels |= said
            unclear = [unit_id for unit_id in unclear if times[said[unit_id].casefold()] > 1]
        return labels

    def _with_all_above(self, unit_id: int) -> str:
        own, *above = (unit.name for unit in self.upwards(unit_id))
        return ", ".join((own, *map(inside_sentence, above)))

    def _with_old_name(self, unit_id: int) -> str:
        unit = self.by_id[unit_id]
        old = next((alias for alias in unit.aliases if alias != unit.name), "")
        return f"{self._with_all_above(unit_id)} ({inside_sentence(old)})" if old else self._with_all_above(unit_id)

    def _with_code(self, unit_id: int) -> str:
        return f"{self._with_all_above(unit_id)} ({self.by_id[unit_id].code})"

    @cached_property
    def example(self) -> str:
        """Name a village as people may type it, for whoever does not know what to type; nothing where there is none."""
        villages = (unit for unit in self.by_id.values() if unit.kind == "village" and unit.takes_residents)
        village = next((unit for unit in villages if unit.parent_id is not None), None)
        return self.in_sentence(village.id) if village is not None else ""

    def example_below(self, top: int | None) -> str:
        """Name a village of a unit as people may type it, or any one, and nothing where there is none."""
        below = [top] if top is not None else []
        while below:
            unit = self.by_id[below.pop()]
            if unit.kind == "village" and unit.takes_residents and unit.parent_id is not None:
                return self.in_sentence(unit.id)
            below.extend(reversed(self.children.get(unit.id, ())))
        return self.example

    def search(self, typed: str, within: Collection[int] | None = None) -> Found:
        """Find units by name, code or old name, without tone marks and with typing mistakes; best first.

        Without `within`, only units that take residents are looked for; with it, these units and all below them.
        """
        return (self._newest_finder or self.finder).find(typed, within)

    @cached_property
    def finder(self) -> Finder:
        """The index of names, built at the first search, or before by whoever has time for it."""
        return Finder(self.by_id, self.children)

    @property
    def _newest_finder(self) -> Finder | None:
        return vars(self).get("finder", self.former_finder)
