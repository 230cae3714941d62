"""Lists of units: the rows somebody wrote, their faults and doubts, and what they change among the units there are.

Everything said here is for whoever imports a list: what is wrong, in which row, and the cure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flows.domain.unit_tree import UnitTree
from flows.domain.units import KINDS, LEAF_KINDS, Unit
from flows.words.spelling import fold, has_invisible

MOST_FAULTS_TOLD = 20
LONGEST_NAME = 120
MOST_ALIASES = 20
MOST_QUOTED = 60
DEEPEST = 30

# How the kinds are called; the first word is the one that exported lists use.
KIND_NAMES: Mapping[str, tuple[str, ...]] = {
    "province": ("tỉnh/thành phố", "tỉnh", "thành phố", "thành phố trực thuộc trung ương"),
    "district": ("huyện (cũ)", "huyện", "quận", "thị xã", "quận/huyện", "thành phố thuộc tỉnh"),
    "commune": ("xã/phường/đặc khu", "xã", "phường", "đặc khu", "thị trấn", "xã/phường", "ward"),
    "village": (
        *("thôn/bản/tổ dân phố", "thôn", "bản", "làng", "ấp", "buôn", "bon", "plei", "phum", "sóc", "xóm", "khóm"),
        *("khu", "khu phố", "tổ", "tổ dân phố", "TDP", "tiểu khu", "khu dân cư", "thôn/bản", "thôn/tổ dân phố"),
    ),
    "workplace": (
        *("cơ quan/trường/doanh nghiệp", "cơ quan", "đơn vị", "cơ quan/đơn vị", "trường", "trường học", "công ty"),
        *("doanh nghiệp", "xí nghiệp", "nhà máy", "hợp tác xã", "bệnh viện", "trạm y tế"),
    ),
}
KIND_OF: Mapping[str, str] = {fold(word): kind for kind, words in KIND_NAMES.items() for word in (kind, *words)}

_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")  # with "v-" before it, it fits a start link of 64 bytes


class UnitsRefused(Exception):
    """A list of units that is refused, with every fault as a line: the file, the row, what is wrong; the cure."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row as it was written. `names` are other and old names; None when the list has no columns for them."""

    place: str
    code: str
    name: str
    kind: str
    parent: str
    names: tuple[str, ...] | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitList:
    """The rows of a file, and what was found odd while reading it."""

    file: str
    rows: tuple[UnitRow, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """What a list changes. `parents` maps the codes of new and changed units to those they lie in."""

    new: tuple[Unit, ...]
    changed: tuple[Unit, ...]
    unchanged: int
    parents: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def plan_units(read: UnitList, known: UnitTree) -> UnitPlan:
    """Return what a list changes. Raises UnitsRefused with every fault of every row."""
    rows: dict[str, UnitRow] = {}
    for row in filter(lambda row: row.code, read.rows):
        rows.setdefault(row.code.lower(), row)
    places = _places(rows, known)
    _refuse_faults([*_faults(read.rows, rows, places), *_misplaced(rows, places)])
    wanted = {code: _unit(row, known) for code, row in rows.items()}
    new = [unit for unit in wanted.values() if unit.id == 0]
    changed = [unit for code, unit in wanted.items() if unit.id and _differs(unit, places[code].parent, known)]
    units = {**wanted, **known.by_code}
    return UnitPlan(
        new=tuple(new),
        changed=tuple(changed),
        unchanged=len(wanted) - len(new) - len(changed),
        parents={u.code: units[parent].code for u in (*new, *changed) if (parent := places[u.code.lower()].parent)},
        warnings=(*read.warnings, *_doubts(rows, places)),
    )


def _refuse_faults(faults: Sequence[str]) -> None:
    more = len(faults) - MOST_FAULTS_TOLD
    if faults:
        raise UnitsRefused([*faults[:MOST_FAULTS_TOLD], *([f"and {more:,} more faults"] if more > 0 else [])])


@dataclass(frozen=True, slots=True)
class _Place:
    """What a unit is and where it lies once a list is imported. An empty kind is one that is not understood."""

    name: str
    kind: str
    parent: str
    code: str


def _places(rows: Mapping[str, UnitRow], known: UnitTree) -> dict[str, _Place]:
    """Return all units, those in the database and those of a list, by their code in lower case."""
    places = {
        code: _Place(
            unit.name, unit.kind, "" if unit.parent_id is None else known.by_id[unit.parent_id].code.lower(), unit.code
        )
        for code, unit in known.by_code.items()
    }
    for code, row in rows.items():
        places[code] = _Place(row.name, KIND_OF.get(fold(row.kind), ""), row.parent.lower(), row.code)
    return places


def _faults(listed: Iterable[UnitRow], rows: Mapping[str, UnitRow], places: Mapping[str, _Place]) -> Iterator[str]:
    for row in listed:
        for fault in row.faults or _row_faults(row, rows, places):
            yield f"{row.place}: {fault}"


def _row_faults(row: UnitRow, rows: Mapping[str, UnitRow], places: Mapping[str, _Place]) -> Iterator[str]:
    yield from _code_faults(row, rows)
    yield from _name_faults(row)
    if not row.kind:
        yield f"the kind is missing; write one of: {_KINDS_SAID}"
    elif fold(row.kind) not in KIND_OF:
        yield f"{quoted(row.kind)} is no kind of unit; write one of: {_KINDS_SAID}"
    if rows.get(row.code.lower()) is row and row.parent:
        yield from _parent_faults(row, places)


_KINDS_SAID = "tỉnh, xã, phường, thôn, tổ dân phố, cơ quan (province, commune, village, workplace)"


def _code_faults(row: UnitRow, rows: Mapping[str, UnitRow]) -> Iterator[str]:
    if not row.code:
        yield "the code is missing; give the unit one, such as ta-dong"
    elif not _CODE.fullmatch(row.code):
        yield f"the code {quoted(row.code)} cannot go into a link; use 1 to 40 of A-Z a-z 0-9 _ -"
    elif (first := rows[row.code.lower()]) is not row:
        yield f"the code {quoted(row.code)} is there already in {_row_of(first)}; give every unit its own"


def _row_of(row: UnitRow) -> str:
    return row.place.partition(", ")[2]


def _name_faults(row: UnitRow) -> Iterator[str]:
    if not row.name:
        yield "the name is missing; write the name of the unit"
    for name in filter(None, (row.name, *(row.names or ()))):
        if not name.isprintable() and has_invisible(name):
            yield f"the name {quoted(name)} has hidden characters in it; type it again by hand"
        elif len(name) > LONGEST_NAME:
            yield f"the name {quoted(name)} has {len(name)} characters; {LONGEST_NAME} at most"
        elif not any(letter.isalnum() for letter in name):
            yield f"the name {quoted(name)} has no letters; write the name of the unit"
        elif name[0] in "=+-@":
            yield f"the name {quoted(name)} looks like a formula; type the text instead"
    if len(row.names or ()) > MOST_ALIASES:
        yield f"there are {len(row.names or ())} other and old names; {MOST_ALIASES} at most"


def _parent_faults(row: UnitRow, places: Mapping[str, _Place]) -> Iterator[str]:
    place, parent = places[row.code.lower()], places.get(row.parent.lower())
    if parent is None:
        yield (
            f"there is no unit with the code {quoted(row.parent)}, neither in this file nor in the database;"
            " correct the parent code"
        )
    elif (circle := _circle(row.code.lower(), places)) is not None:
        yield f"the unit lies inside itself ({circle}); correct the parent code"
    elif place.kind and parent.kind and KINDS.index(parent.kind) >= KINDS.index(place.kind):
        above = ", ".join(KINDS[: KINDS.index(place.kind)])
        cure = f"give the code of one of: {above}" if above else "leave the parent code empty"
        yield f"a {place.kind} cannot lie in a {parent.kind} ({quoted(row.parent)}); {cure}"


def _circle(code: str, places: Mapping[str, _Place]) -> str | None:
    """Return the way from a unit up to itself, if there is one."""
    way = [code]
    while len(way) < DEEPEST and (above := places[way[-1]].parent) in places:
        way.append(above)
        if above == code:
            return " → ".join(places[step].code for step in way)
    return None


def _misplaced(rows: Mapping[str, UnitRow], places: Mapping[str, _Place]) -> Iterator[str]:
    """Name the rows whose new kind does not suit what lies in the unit already and is not in the list."""
    for code, place in places.items():
        row = rows.get(place.parent)
        if row is None or code in rows or not (kind := places[place.parent].kind):
            continue
        if KINDS.index(kind) >= KINDS.index(place.kind):
            problem = f"cannot become a {kind}, for {quoted(place.code)}, a {place.kind}, lies in it"
            yield f"{row.place}: the unit {problem}; correct the kind, or move what lies in it first"


def _unit(row: UnitRow, known: UnitTree) -> Unit:
    kind = KIND_OF[fold(row.kind)]
    unit = known.by_code.get(row.code.lower())
    if unit is None:
        return Unit(0, row.code, row.name, kind, None, row.names or ())
    return replace(unit, name=row.name, kind=kind, aliases=unit.aliases if row.names is None else row.names)


def _differs(unit: Unit, parent: str, known: UnitTree) -> bool:
    above = known.by_id[unit.id].parent_id
    return unit != known.by_id[unit.id] or parent != (known.by_id[above].code.lower() if above is not None else "")


def _doubts(rows: Mapping[str, UnitRow], places: Mapping[str, _Place]) -> Iterator[str]:
    """Say what is possible but seldom meant: villages that lie nowhere, neighbours of one name."""
    for code, row in rows.items():
        if not row.parent and places[code].kind in LEAF_KINDS:
            yield f"{row.place}: {quoted(row.name)} lies in no commune, for its parent code is empty"
    namesakes: dict[tuple[str, str], list[str]] = {}
    for code, place in places.items():
        namesakes.setdefault((place.parent, place.name.casefold()), []).append(code)
    for (_parent, _name), codes in namesakes.items():
        listed = [rows[code] for code in codes if code in rows]
        if len(codes) > 1 and listed:
            both = ", ".join(places[code].code for code in codes)
            yield f"{listed[-1].place}: {quoted(listed[-1].name)} is the name of several units of one parent: {both}"


def quoted(text: str) -> str:
    """Quote what somebody wrote, not too long and without what no terminal shows."""
    shown = text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
    return '"' + "".join(letter if letter.isprintable() else "?" for letter in shown) + '"'
