"""The benchmark of finding units: every commune of the country by its names, with ninety thousand villages beside.

The list of communes is the tests' and not in the wheel; the villages are made up, named as villages are. A place may
measure with its own list instead: then all its units are looked for, or as many as fit into a few minutes.

What is counted, over the present name and every old name of each unit, looked for by an administrator of everything:

- `exact_first`: typed with all that lies above it (`Xã Ba Tơ, tỉnh Quảng Ngãi`), as it is written and again without
  tone marks, a unit that is called so comes first and the one meant is shown.
- `unmarked_shown`: the name alone, without tone marks (`xa ba to`, `ba to`), shows the one meant, and no two of those
  shown read alike. Where more fit than can be shown, the answer says so and asks for more; then what lies above is
  added, as a person would.
- `typo_shown`: the full name without tone marks and with a letter wrong, missing, doubled, swapped or too many shows
  the one meant among the first six.
- `p99_ms`: CPU of one of these searches, and of as many by residents of villages.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from bot.commands.bench_broadcast import NotMeasurable
from bot.commands.bench_turns import percentile
from bot.services.unit_files import read_units
from flows.domain.finding import MOST_SUGGESTED, Finder, Found
from flows.domain.unit_lists import plan_units
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit
from flows.words.place_names import read_place_name
from flows.words.spelling import fold

COUNTRY = Path(__file__).parents[2] / "tests" / "data" / "country-2025-07.csv"
VILLAGES = 90_000
MOST_LOOKED_FOR = 4_000
RESIDENTS = 5_000
LETTERS = "abcdeghiklmnopqrstuvxy"

Report = Callable[[str], None]


class Figures(msgspec.Struct):
    """What was measured: shares of what was found, CPU of a search and of the index, memory the index takes."""

    units: int
    exact_first: float
    unmarked_shown: float
    typo_shown: float
    p99_ms: float
    index_s: float
    index_mb: float


@dataclass(frozen=True, slots=True)
class Sought:
    """A unit that is looked for by one of its names."""

    unit: Unit
    name: str
    above: str

    @property
    def full_name(self) -> str:
        """Return the name with all that lies above."""
        return f"{self.name}, {self.above}" if self.above else self.name


def measure(file: Path | None, report: Report) -> Figures:
    """Measure with the country and made-up villages, or with a list of one's own. Raises NotMeasurable."""
    units = from_file(file) if file is not None else with_villages(country(), VILLAGES)
    looked_for = [unit for unit in units if file is not None or unit.kind == "commune"]
    tree = UnitTree.of(units)
    report(f"{len(units):,} units, the index is built")
    index_s, index_mb = index_cost(tree)
    gc.freeze()
    look = Lookout(tree, tuple(unit.id for unit in units if unit.parent_id is None))
    some = Random(1).sample(looked_for, min(len(looked_for), MOST_LOOKED_FOR))
    sought = list(names_of(tree, some))
    report(f"{len(sought):,} names are looked for")
    figures = Figures(
        units=len(units),
        exact_first=share(look.is_first(one, typed) for one in sought for typed in full_names(one)),
        unmarked_shown=share(look.is_shown(one, typed) for one in sought for typed in names_alone(one)),
        typo_shown=share(look.is_among_six(one, typed) for one, typed in misspelt(sought, Random(2))),
        p99_ms=0.0,
        index_s=index_s,
        index_mb=index_mb,
    )
    look.be_residents(Random(3))
    figures.p99_ms = percentile(look.milliseconds, 99)
    return figures


def country() -> list[Unit]:
    """Return the provinces and communes of the country. Raises NotMeasurable."""
    if not COUNTRY.exists():
        raise NotMeasurable(
            "the list of the country's communes is not installed; name a list of units, or run this in a checkout"
        )
    return from_file(COUNTRY)


def from_file(file: Path) -> list[Unit]:
    """Return the units of a list, as they would be imported."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotMeasurable(f"{file}: cannot be read: {error.strerror}") from None
    plan = plan_units(read_units(file.name, data), UnitTree())
    ids = {unit.code: number for number, unit in enumerate(plan.new, 1)}
    above = {code: ids.get(parent) for code, parent in plan.parents.items()}
    return [
        Unit(ids[unit.code], unit.code, unit.name, unit.kind, above.get(unit.code), unit.aliases) for unit in plan.new
    ]


# Made-up villages

_FIRST = """
    An Bình Đông Tây Nam Bắc Hòa Long Minh Ngọc Phú Phước Quang Tân Thái Thành Thanh Thạnh Thiện Thuận Thượng Hạ Trung
    Trường Vân Vĩnh Xuân Yên Mỹ Kim Hưng Lộc Đại Đoài Hải Hương Lâm Liên Lương Nghĩa Nội Ngoại Sơn Tam
"""
_SECOND = """
    An Bình Châu Cường Điền Đồng Đức Giang Hà Hải Hạnh Hòa Hưng Khánh Khê Lạc Lâm Lập Lễ Lộc Long Lợi Lương Mỹ Nghĩa
    Nhuận Phong Phú Phước Quý Sơn Tân Thái Thành Thắng Thịnh Thọ Thuận Thủy Tiến Trạch Trì Vinh Xá Xuân Yên
"""
_NORTHWEST = ("Nà Pá Huổi Pom Co Noong Phiêng Tà", "Lốc Sản Cai Lếch Hin Khoang Mạt Nghè Phung Luông Bon Ca Đít Tâu")
_HIGHLANDS = ("Ea Cư Krông Ia Đắk Đạ", "Tling M'Droh H'Leo Kuăng Bông Na K'Nia Sar Tul Drơng M'Ta Sup Mur Knốp")


def with_villages(communes: list[Unit], wanted: int) -> list[Unit]:
    """Return units and so many villages, spread evenly over the communes; the same ones each time."""
    chance = Random(0)
    parents = [unit for unit in communes if unit.kind == "commune"]
    units, number = list(communes), max(unit.id for unit in communes)
    for place, parent in enumerate(parents):
        names = _village_names(parent, wanted * (place + 1) // len(parents) - wanted * place // len(parents), chance)
        for one, name in enumerate(names, 1):
            number += 1
            units.append(Unit(number, f"{parent.code}-{one:02}", name, "village", parent.id))
    return units


def _village_names(commune: Unit, count: int, chance: Random) -> list[str]:
    nouns = ("Tổ dân phố", "Khu phố", "Khóm") if commune.name.startswith("Phường") else ("Thôn", "Xóm", "Ấp", "Đội")
    noun = chance.choice(nouns)
    match chance.randrange(10):
        case 0 | 1 | 2 | 3:
            return [f"{noun} {number}" for number in range(1, count + 1)]
        case 4:
            return [f"Bản {name}" for name in chance.sample(_pairs(*_NORTHWEST), count)]
        case 5:
            return [f"Buôn {name}" for name in chance.sample(_pairs(*_HIGHLANDS), count)]
        case _:
            return [f"{noun} {name}" for name in chance.sample([*_FIRST.split(), *_pairs(_FIRST, _SECOND)], count)]


def _pairs(first: str, second: str) -> list[str]:
    return [f"{one} {other}" for one in first.split() for other in second.split() if one != other]


# What is typed


def names_of(tree: UnitTree, units: Iterable[Unit]) -> Iterator[Sought]:
    """Yield units by each name they have, the present one first."""
    for unit in units:
        above = ", ".join(upper.name for upper in tree.upwards(unit.id) if upper is not unit)
        yield from (Sought(unit, name, above) for name in dict.fromkeys((unit.name, *unit.aliases)))


def full_names(sought: Sought) -> tuple[str, str]:
    """Return the full name as it is written, and without tone marks."""
    return sought.full_name, fold(sought.full_name)


def names_alone(sought: Sought) -> tuple[str, ...]:
    """Return the name without tone marks: with its common noun, and without it where it is not a number."""
    bare = " ".join(word.plain for word in read_place_name(sought.name).words)
    return (fold(sought.name),) if bare.isdigit() else (fold(sought.name), bare)


def misspelt(sought: Iterable[Sought], chance: Random) -> Iterator[tuple[Sought, str]]:
    """Yield full names without tone marks and with one mistake, the kinds of mistakes taking turns."""
    for number, one in enumerate(sought):
        yield one, mistyped(fold(one.full_name), number, chance)


def mistyped(typed: str, kind: int, chance: Random) -> str:
    """Return a text with a letter wrong, missing, doubled, swapped with the next, or too many."""
    places = [n for n, letter in enumerate(typed[:-1]) if letter.isalpha() and typed[n + 1].isalpha()]
    if not places:
        return typed
    place = chance.choice(places)
    letter, after = typed[place], typed[place + 1]
    other = chance.choice([one for one in LETTERS if one != letter])
    wrong = (other + after, after, letter + letter + after, after + letter, letter + other + after)[kind % 5]
    return typed[:place] + wrong + typed[place + 2 :]


# What is found


@dataclass(slots=True)
class Lookout:
    """Somebody who looks for units and takes the time: an administrator of all, for `tops` lie in nothing."""

    tree: UnitTree
    tops: tuple[int, ...]
    milliseconds: list[float] = field(default_factory=list)

    def search(self, typed: str, *, as_resident: bool = False) -> Found:
        """Search once."""
        within = None if as_resident else self.tops
        began = time.process_time()
        found = self.tree.search(typed, within)
        self.milliseconds.append((time.process_time() - began) * 1000)
        return found

    def is_first(self, sought: Sought, typed: str) -> bool:
        """Tell whether a unit that is called as it was typed comes first, and the one meant is there."""
        found = self.search(typed)
        return sought.unit in found.units and any(_reads(one, typed) for one in names_of(self.tree, found.units[:1]))

    def is_shown(self, sought: Sought, typed: str) -> bool:
        """Tell whether a unit is shown, at once or after what lies above was added because the answer asks for it."""
        found = self.search(typed)
        if found.more and sought.unit not in found.units:
            found = self.search(f"{typed} {fold(sought.above)}")
        labels = self.tree.labels(found.ids)
        return sought.unit in found.units and len(set(labels.values())) == len(found.units)

    def is_among_six(self, sought: Sought, typed: str) -> bool:
        """Tell whether a unit is among the first six."""
        return sought.unit in self.search(typed).units[:MOST_SUGGESTED]

    def be_residents(self, chance: Random) -> None:
        """Look for villages as residents do: the village, with its commune or without, rightly or wrongly spelt."""
        villages = [unit for unit in self.tree.by_id.values() if unit.takes_residents]
        for number, village in enumerate(chance.sample(villages, min(len(villages), RESIDENTS))):
            typed = fold(self.tree.full_name(village.id))
            said = (
                typed,
                f"toi o {typed} a",
                fold(village.name),
                self.tree.full_name(village.id),
                mistyped(typed, number // 5, chance),
            )
            self.search(said[number % 5], as_resident=True)


def _reads(sought: Sought, typed: str) -> bool:
    return typed in full_names(sought)


def share(seen: Iterable[bool]) -> float:
    """Return how many of all are so, 0 to 1."""
    all_seen = list(seen)
    return sum(all_seen) / len(all_seen) if all_seen else 1.0


def index_cost(tree: UnitTree) -> tuple[float, float]:
    """Build the index of a tree. Returns the seconds of CPU it took, and the megabytes a second one takes."""
    began = time.process_time()
    finder = tree.finder
    seconds = time.process_time() - began
    tracemalloc.start()
    another = Finder(tree.by_id, tree.children)
    megabytes = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    del finder, another
    return seconds, megabytes
