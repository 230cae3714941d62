"""A mapping of which a few values have changed: they lie over the others, which are shared and not copied."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Layered(Mapping[K, V]):
    """Values that were there once, and over them those that came or changed since."""

    below: Mapping[K, V]
    over: Mapping[K, V]

    def __getitem__(self, key: K) -> V:
        found = self.over.get(key)
        return found if found is not None else self.below[key]

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, default: V | T, /) -> V | T: ...
    def get(self, key: K, default: V | T | None = None, /) -> V | T | None:
        """Return the value of a key. What is not there costs no exception: a search asks for much that is not."""
        found = self.over.get(key)
        return found if found is not None else self.below.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self.over or key in self.below

    def __iter__(self) -> Iterator[K]:
        """Yield the keys in the order of a dict that was changed."""
        yield from self.below
        yield from (key for key in self.over if key not in self.below)

    def __len__(self) -> int:
        return len(self.below) + sum(key not in self.below for key in self.over)


def changed(values: Mapping[K, V], some: Mapping[K, V]) -> Layered[K, V]:
    """Return a mapping with some values added or changed; none of them is None. It never has more than two layers."""
    if isinstance(values, Layered):
        return Layered(values.below, {**values.over, **some})
    return Layered(values, some)


def flat(values: Mapping[K, V]) -> dict[K, V]:
    """Return the values in one layer of their own, for who will look through all of them."""
    return {**values.below, **values.over} if isinstance(values, Layered) else dict(values)
