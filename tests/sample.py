"""A made-up commune as values: its units, its round, the shipped criteria sets, and forms filled in as wanted."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from bot.catalogues import choices, load
from bot.services.criteria_files import shipped
from flows.conversation.facts import Links, Reference, Start
from flows.conversation.questions import Heard, Question
from flows.conversation.understanding import Order, understand
from flows.domain.assessments import Answer, Assessment, State
from flows.domain.criteria import CriteriaSet, Group
from flows.domain.people import Person
from flows.domain.quiet_hours import QuietHours
from flows.domain.rounds import Round, usual_phases
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit
from flows.words.refusals import NotUnderstood

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 10, 1, 8, 0, tzinfo=ZONE)
CATALOGUES = load()
NEVER_QUIET = QuietHours(time(0), time(0))

PROVINCE = Unit(1, "hp", "Tỉnh Hương Phú", "province")
COMMUNE = Unit(2, "tk", "Xã Thần Khê", "commune", 1)
VILLAGE = Unit(3, "tk-dong", "Thôn Đông", "village", 2)
OTHER_VILLAGE = Unit(4, "tk-doai", "Thôn Đoài", "village", 2)
FAR_COMMUNE = Unit(5, "mk", "Xã Minh Khai", "commune", 1)
FAR_VILLAGE = Unit(6, "mk-dong", "Thôn Đông", "village", 5)
UNITS = UnitTree.of([PROVINCE, COMMUNE, VILLAGE, OTHER_VILLAGE, FAR_COMMUNE, FAR_VILLAGE])

SETS: dict[Group, CriteriaSet] = {criteria.group: criteria for criteria in shipped()}
ROUND = Round(
    1, 2026, "Đợt 2026", COMMUNE.id, date(2026, 9, 1), date(2026, 11, 15),
    {group: criteria.id for group, criteria in SETS.items()},
    usual_phases(2026, date(2026, 9, 1), date(2026, 11, 15)),
)  # fmt: skip
REFERENCE = Reference(
    UNITS,
    (ROUND,),
    {criteria.id: criteria for criteria in SETS.values()},
    Links((Start("https://hoctap.example/chat#{code}"),)),
    languages=choices(CATALOGUES),
)

LAN = Person(7, "Nguyễn Thị Lan", 1975, VILLAGE.id, "farmer")


def heard(typed: str, question: Question) -> Heard | Order | None:
    """Return what a typed text is understood as; None for nothing, also where that is said at once."""
    try:
        understood = understand(typed, question, CATALOGUES)
    except NotUnderstood:
        return None
    return understood.heard if understood is not None else None


def form(*levels: int, state: State = "draft", owner: Person = LAN) -> Assessment:
    """Return a form whose first questions are answered, each with the level at this place, from 1."""
    criteria = SETS[owner.group or "farmer"]
    answers = {
        indicator.id: Answer(indicator.levels[level - 1].id, indicator.levels[level - 1].points)
        for indicator, level in zip(criteria.indicators, levels, strict=False)
    }
    return Assessment(11, owner, ROUND.id, owner.unit_id or VILLAGE.id, criteria, state, len(answers), answers)
