"""The made-up commune of the demo as values: its villages, its people, and how far each of them has come.

Nobody here is real. The same seed makes the same people; their names are put together of common parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from bot.commands.sample import COMMUNE, UNITS, VILLAGE
from flows.domain.people import RoleKind

SEED = 2026
RESIDENTS = 300

# How far a village has come this year. What is further has been through all that is nearer.
Stage = Literal["begun", "reviewing", "sent_back", "posted", "closed", "proposed", "recognised"]
# How far somebody has come with this year's form, before the village's meeting.
Standing = Literal["registered", "draft", "submitted", "returned", "confirmed"]

VILLAGES = tuple(code for code, _name, kind, parent in UNITS if parent == COMMUNE and kind == "village")
STAGES: tuple[tuple[Stage, int], ...] = (
    ("reviewing", 7), ("recognised", 5), ("proposed", 4), ("closed", 3), ("posted", 1), ("sent_back", 1), ("begun", 4),
)  # fmt: skip

FAMILIES = (
    *["Nguyễn"] * 8, *["Trần"] * 4, *["Lê"] * 4, *["Phạm"] * 3, *["Hoàng"] * 2, *["Vũ"] * 2, *["Đặng"] * 2,
    *["Bùi"] * 2, *["Đỗ"] * 2, "Phan", "Ngô", "Dương", "Lý", "Đinh", "Mai", "Tạ", "Hà", "Cao", "Lương", "Đào",
)  # fmt: skip
MIDDLES_OF_WOMEN = ("Thị", "Thị", "Thị", "Thị Thu", "Thị Ngọc", "Thị Kim", "Thị Thanh")
WOMEN = (
    "Hoa", "Hương", "Hạnh", "Hằng", "Huệ", "Hà", "Mai", "Nga", "Ngân", "Nhung", "Oanh", "Phương", "Thảo", "Thơm",
    "Thúy", "Thủy", "Trang", "Tuyết", "Vân", "Xuân", "Yến", "Loan", "Liên", "Lụa", "Mận", "Đào", "Sen", "Cúc", "Dung",
    "Duyên", "Giang", "Bích", "Chi", "Quyên", "Tâm", "Nhàn",
)  # fmt: skip
MIDDLES_OF_MEN = ("Văn", "Văn", "Văn", "Đức", "Quang", "Xuân", "Hữu", "Công", "Đình")
MEN = (
    "An", "Bảo", "Cường", "Chiến", "Dũng", "Đạt", "Hải", "Hiếu", "Hùng", "Huy", "Khánh", "Kiên", "Long", "Mạnh", "Nam",
    "Phong", "Phúc", "Quân", "Quý", "Sơn", "Tài", "Thành", "Thắng", "Thịnh", "Tiến", "Toàn", "Trung", "Tuấn", "Tùng",
    "Vinh", "Việt", "Lợi", "Hưng", "Lâm", "Nghĩa", "Chính",
)  # fmt: skip
# Numbers of the buttons: most are farmers.
GROUPS = (1, 1, 1, 1, 1, 2, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody with a role whose phone a visitor may use."""

    address: str
    name: str
    role: RoleKind
    unit: str


OFFICIALS: dict[RoleKind, Official] = {
    "head": Official("head", "Lê Thị Hòa", "head", VILLAGE),
    "deputy": Official("deputy", "Vũ Văn Tám", "deputy", VILLAGE),
    "association": Official("association", "Đỗ Văn Khải", "association", COMMUNE),
    "committee": Official("committee", "Phạm Thị Nguyệt", "committee", COMMUNE),
    "admin": Official("admin", "Trần Văn Bình", "admin", COMMUNE),
}
MINH, SEN, TU, CUC = RESIDENTS_WITH_PHONES = ("minh", "sen", "tu", "cuc")


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody made up, the number of their group in the chat, and the levels they choose: last year's, if they took
    part, and this year's. `proofs` is what they have to show for what is asked: a line, a photo or the branch."""

    address: str
    name: str
    born: int
    group: int
    village: str
    standing: Standing
    levels: tuple[int, ...]
    last_year: tuple[int, ...] | None
    proofs: tuple[str, ...]


# Residents whose phones a visitor may use: the first at this standing in their village.
Known = dict[tuple[str, Standing], dict[str, Any]]
KNOWN: Known = {
    (VILLAGE, "returned"): {
        "address": MINH, "name": "Lê Văn Minh", "born": 1985, "levels": (1, 1, 2, 1, 2, 2, 1, 1, 2, 1),
        "last_year": (1, 2, 2, 1, 2, 2, 2, 1, 2, 1), "proofs": ("line", "photo", "none", "line"),
    },
    (VILLAGE, "registered"): {
        "address": TU, "name": "Phạm Văn Tư", "born": 1958, "levels": (1, 1, 1, 1, 2, 2, 1, 1, 1, 1),
        "last_year": (1, 1, 2, 1, 2, 2, 1, 1, 1, 1), "proofs": ("line", "line", "none", "line"),
    },
    ("ta-doai", "submitted"): {
        "address": CUC, "name": "Trần Thị Cúc", "born": 1980, "levels": (1, 2, 1, 1, 1, 2, 1, 1, 2, 1),
        "last_year": None, "proofs": ("line", "photo", "none", "line"),
    },
    ("ta-ben-do", "confirmed"): {
        "address": SEN, "name": "Nguyễn Thị Sen", "born": 1968, "levels": (1, 1, 1, 1, 2, 2, 1, 1, 1, 1),
        "last_year": (1, 2, 1, 1, 2, 2, 2, 1, 1, 1), "proofs": ("photo", "line", "line", "line"),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Village:
    """A village, who heads its branch, and who lives there."""

    code: str
    stage: Stage
    head: Official
    residents: tuple[Resident, ...]


def villages(seed: int = SEED) -> tuple[Village, ...]:
    """Return the villages with all their people."""
    chance = Random(seed)  # noqa: S311 - what chance makes up here is no secret
    names = _names(chance)
    known = dict(KNOWN)
    stages = [stage for stage, count in STAGES for _one in range(count)]
    sizes = _sizes(chance)
    return tuple(
        Village(code, stage, _head(code, names), tuple(_residents(chance, names, known, code, stage, size)))
        for code, stage, size in zip(VILLAGES, stages, sizes, strict=True)
    )


def _head(code: str, names: Iterator[str]) -> Official:
    if code == OFFICIALS["head"].unit:
        return OFFICIALS["head"]
    return Official(f"head-{code}", next(names), "head", code)


def _names(chance: Random) -> Iterator[str]:
    """Yield full names, each once, and none that somebody on a phone has."""
    given = {one.name for one in OFFICIALS.values()} | {str(known["name"]) for known in KNOWN.values()}
    while True:
        middles, last = (MIDDLES_OF_WOMEN, WOMEN) if chance.random() < 0.5 else (MIDDLES_OF_MEN, MEN)
        name = f"{chance.choice(FAMILIES)} {chance.choice(middles)} {chance.choice(last)}"
        if name not in given and len(set(name.split())) == len(name.split()):
            given.add(name)
            yield name


def _sizes(chance: Random) -> list[int]:
    """Return how many people of each village take part. The demo's own is a large one."""
    sizes = [26, *(chance.randint(7, 14) for _village in VILLAGES[1:])]
    while sum(sizes) != RESIDENTS:
        place = chance.randrange(1, len(sizes))
        step = 1 if sum(sizes) < RESIDENTS else -1
        sizes[place] = min(15, max(6, sizes[place] + step))
    return sizes


def _residents(
    chance: Random,
    names: Iterator[str],
    known: Known,
    code: str,
    stage: Stage,
    size: int,
) -> Iterator[Resident]:
    for place, standing in enumerate(_standings(stage, size, large=code == VILLAGE)):
        made_up = Resident(
            address=f"{code}-{place}",
            name=next(names),
            born=chance.randint(1944, 2002),
            group=chance.choice(GROUPS),
            village=code,
            standing=standing,
            levels=_levels(chance),
            last_year=_levels(chance) if place % 3 == 0 else None,
            proofs=tuple(chance.choices(("line", "photo", "branch", "none"), (5, 2, 2, 3), k=4)),
        )
        yield replace(made_up, **known.pop((code, standing), {}))


def _standings(stage: Stage, size: int, *, large: bool) -> list[Standing]:
    """Return how far people are in a village at a stage."""
    if large:  # the one whose head a visitor plays: enough waits for two pages
        shares = {"registered": 2, "draft": 4, "returned": 2, "confirmed": 6}
    elif stage == "begun":
        shares = {"registered": size // 2, "draft": size // 4}
    elif stage == "reviewing":
        shares = {"registered": 1, "draft": 2, "returned": 1, "confirmed": size // 3}
    else:
        shares = {"registered": 1, "draft": 1, "returned": size % 2, "confirmed": size - 2 - size % 2}
    listed = [standing for standing, count in shares.items() for _one in range(count)]
    return [*listed, *["submitted"] * (size - len(listed))]  # type: ignore[list-item]


def _levels(chance: Random) -> tuple[int, ...]:
    """Return the levels somebody chooses. Most reach the title; a few miss it by points, or by one low answer."""
    kind = chance.random()
    weights = (5, 4, 1, 0) if kind < 0.85 else (1, 4, 5, 0)
    levels = chance.choices((1, 2, 3, 4), weights, k=10)
    if kind > 0.95:
        levels[chance.randrange(10)] = 4
    return tuple(levels)
