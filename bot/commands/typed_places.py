"""Places where people type: every question of every talk, with what is known there, in a made-up commune."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from bot.catalogues import choices, load
from bot.commands.sample import UNITS
from bot.services.criteria_files import shipped
from flows.batches.needs import AnyNeed as BatchNeed
from flows.batches.needs import BatchOfFormWanted, BatchWanted, Chosen, ChosenWanted, LastBatchWanted
from flows.commune.checking import Checking
from flows.commune.needs import AnyNeed as CommuneNeed
from flows.commune.needs import (
    CandidatesWanted,
    FormsWanted,
    NumberedProposal,
    NumberedWanted,
    Sample,
    SamplesWanted,
    ToPropose,
    ToProposeWanted,
)
from flows.commune.numbering import Numbering
from flows.conversation.facts import Another, Conversation, Facts, Found, Links, Need, Reference, Sharer, Start
from flows.conversation.session import HOME, Frame, Session, Talk
from flows.domain.assessments import Answer, Assessment, State
from flows.domain.closings import Closing, Counts, Village
from flows.domain.criteria import CriteriaSet, Group
from flows.domain.people import Person, Role, RoleKind
from flows.domain.rounds import Round, usual_phases
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit
from flows.forms.needs import AnyNeed as FormNeed
from flows.forms.needs import (
    AssessmentWanted,
    CountWanted,
    Latecomer,
    LatecomersWanted,
    LatecomerWanted,
    Since,
    SinceWanted,
)
from flows.forms.talk import Filling
from flows.households.needs import AnyNeed as HouseholdNeed
from flows.households.needs import AskersWanted, AskerWanted, Household, HouseholdWanted, NeighboursWanted
from flows.households.talk import Living
from flows.joining.needs import AnyNeed as JoiningNeed
from flows.joining.needs import CodeWanted, JoinCode, Misses, MissesWanted, OwnChat, OwnChatsWanted, OwnCodeWanted
from flows.joining.talk import Joining
from flows.late.talk import LettingIn
from flows.meeting.entering import Meeting
from flows.meeting.needs import AnyNeed as MeetingNeed
from flows.meeting.needs import VillagePage, VillagePageWanted, VillageWanted
from flows.notices.draft.drafting import Drafting
from flows.notices.needs import AnyNeed as NoticeNeed
from flows.notices.needs import (
    Approvers,
    ApproversWanted,
    AudienceWanted,
    LedgerWanted,
    NoticePage,
    NoticesWanted,
    NoticeWanted,
    Respondents,
    RespondentsWanted,
)
from flows.notices.notice import (
    DEFAULT_APPROVAL_ABOVE,
    Audience,
    Content,
    Ledger,
    LedgerState,
    Notice,
    NoticeState,
    Reached,
)
from flows.notices.talk import Noticing
from flows.papers.talk import Papering
from flows.people.needs import AnotherWanted
from flows.people.talk import Adding, Switching
from flows.privacy.needs import OwnData, OwnDataWanted
from flows.privacy.talk import ChoosingLanguage, Privacy
from flows.publishing.talk import AskingForNames
from flows.received.needs import MutedWanted, ReceivedWanted
from flows.received.talk import Muting
from flows.recognition.needs import AnyNeed as RecognitionNeed
from flows.recognition.needs import (
    LastDecision,
    LastDecisionWanted,
    NumberTakenWanted,
    Proposal,
    ProposalsWanted,
    ProposedForm,
    ProposedPage,
    ProposedWanted,
    RecordedWanted,
    Title,
    TitlesWanted,
    TitleWanted,
)
from flows.recognition.register import Registered
from flows.recognition.talk import Recognising
from flows.registration.talk import Registering
from flows.review.arrivals import ChoosingArrivals
from flows.review.listing import Reviewing
from flows.review.many import ConfirmingMany
from flows.review.needs import AnyNeed as ReviewNeed
from flows.review.needs import (
    ArrivalsWanted,
    FormList,
    ListedForm,
    ListWanted,
    RemindedWanted,
    VillageForms,
    VillagesWanted,
)
from flows.review.talk import Deciding
from flows.roles.needs import AnyNeed as RoleNeed
from flows.roles.needs import (
    Holder,
    HoldersWanted,
    Invitation,
    InvitationWanted,
    OpenInvitation,
    OpenInvitationsWanted,
    OwnRole,
    OwnRolesWanted,
    ReturningWanted,
)
from flows.roles.own import OwnRoleTalk
from flows.roles.talk import Inviting
from flows.subjects import FLOWS, AnyNeed
from flows.words.wording import Named

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
VILLAGE, OTHER_VILLAGE, COMMUNE = "ta-dong", "ta-doai", "ta"
FORM, THEIR_FORM, VERSION = 11, 12, 10
# Evidence is asked for under this question of each form.
WITH_EVIDENCE = 2
# A question that was answered the year before.
AGAIN = "again"


class NoSuchPlace(ValueError):
    """A place that is not there, in one line with the cure."""


class Place(Struct, frozen=True):
    """A question that waits for an answer, and what is known there."""

    name: str
    session: Session[Talk]
    facts: Facts
    notice: NoticeState = "awaiting"
    theirs: State = "submitted"
    closed: bool = False

    def find(self, needs: Iterable[Need[Any]]) -> Found:
        """Return what a turn at this place looks up."""
        found = Found()
        for need in needs:
            assert isinstance(need, AnyNeed)
            self._put(found, need)
        return found

    def _put(self, found: Found, need: AnyNeed) -> None:
        if isinstance(need, ReviewNeed | BatchNeed):
            self._put_of_branch(found, need)
            return
        if isinstance(need, RecognitionNeed):
            _put_of_committee(found, need)
            return
        if isinstance(need, MeetingNeed | CommuneNeed):
            _put_of_commune(found, need, _village(self.closed))
            return
        if isinstance(need, NoticeNeed):
            self._put_of_notices(found, need)
            return
        if isinstance(need, FormNeed):
            self._put_of_forms(found, need)
            return
        if isinstance(need, RoleNeed):
            _put_of_roles(found, need)
            return
        if isinstance(need, JoiningNeed):
            _put_of_joining(found, need)
            return
        if isinstance(need, HouseholdNeed):
            _put_of_household(found, need)
            return
        match need:
            case AnotherWanted():
                found.put(need, Another(_person(person_id=8)))
            case MutedWanted():
                found.put(need, frozenset())
            case ReceivedWanted():
                found.put(need, True)
            case OwnDataWanted():
                found.put(need, OwnData())

    def _put_of_forms(self, found: Found, need: FormNeed) -> None:
        match need:
            case AssessmentWanted(form_id):
                theirs = form_id == THEIR_FORM
                found.put(need, _form("farmer", 10, self.theirs, THEIR_FORM) if theirs else None)
            case LatecomersWanted():
                found.put(need, (_latecomer(), _latecomer()))
            case LatecomerWanted():
                found.put(need, _latecomer())
            case CountWanted():
                found.put(need, 1)
            case SinceWanted():
                found.put(need, Since())

    def _put_of_notices(self, found: Found, need: NoticeNeed) -> None:
        match need:
            case NoticeWanted():
                found.put(need, _notice(self.notice))
            case LedgerWanted():
                found.put(need, Ledger(_notice(self.notice).counts))
            case NoticesWanted():
                found.put(need, NoticePage((_notice("done"),)))
            case AudienceWanted():
                found.put(need, Reached({"telegram": 12}))
            case ApproversWanted():
                found.put(need, Approvers((), DEFAULT_APPROVAL_ABOVE))
            case RespondentsWanted():
                found.put(need, Respondents((), 0))

    def _put_of_branch(self, found: Found, need: ReviewNeed | BatchNeed) -> None:
        match need:
            case ListWanted():
                listed = ListedForm(THEIR_FORM, Named(8, "Trần Thị Hoa"), "submitted", 80, 10)
                found.put(need, FormList({"submitted": 1}, (listed,)))
            case VillagesWanted():
                villages = (_ids()[VILLAGE], _ids()[OTHER_VILLAGE])
                found.put(need, tuple(VillageForms(id_, {"submitted": 1}) for id_ in villages))
            case ChosenWanted():
                found.put(need, Chosen(3, 2))
            case BatchWanted() | LastBatchWanted() | BatchOfFormWanted():
                found.put(need, None)
            case ArrivalsWanted():
                found.put(need, "")
            case RemindedWanted():
                found.put(need, frozenset())


# The digest of an invitation that lets somebody in again.
BACK_AGAIN = "1"


def _put_of_household(found: Found, need: HouseholdNeed) -> None:
    match need:
        case HouseholdWanted():
            found.put(need, Household((Named(8, "Trần Thị Hoa"),)))
        case NeighboursWanted():
            found.put(need, (Named(8, "Trần Thị Hoa"),))
        case AskerWanted():
            found.put(need, Named(8, "Trần Thị Hoa"))
        case AskersWanted():
            found.put(need, ())


def _put_of_roles(found: Found, need: RoleNeed) -> None:
    match need:
        case InvitationWanted(digest):
            returning = 8 if digest == BACK_AGAIN else 0
            expires = NOW + timedelta(days=7)
            found.put(need, Invitation(digest, "head", _ids()[VILLAGE], expires, returning=returning))
        case ReturningWanted():
            found.put(need, Another(Person(8, "Trần Thị Hoa"), (Role("head", _ids()[VILLAGE]),)))
        case OpenInvitationsWanted():
            found.put(need, (OpenInvitation("0", "head", NOW + timedelta(days=7)),))
        case OwnRolesWanted():
            found.put(need, (OwnRole(31, Role("head", _ids()[VILLAGE])),))
        case HoldersWanted():
            found.put(need, (Holder(31, 8, "Trần Thị Hoa", Role("head", _ids()[VILLAGE])),))


def _put_of_commune(found: Found, need: MeetingNeed | CommuneNeed, village: Village) -> None:
    match need:
        case VillageWanted():
            found.put(need, village)
        case VillagePageWanted():
            found.put(need, VillagePage((village,), 2, 1, 0, village.counts))
        case ToProposeWanted():
            found.put(need, ToPropose((_ids()[VILLAGE],), (), (_ids()[OTHER_VILLAGE],), 1))
        case NumberedWanted():
            found.put(need, NumberedProposal(_ids()[COMMUNE], 1, False))
        case CandidatesWanted():
            found.put(need, tuple(range(100)))
        case SamplesWanted():
            found.put(need, (Sample("a seed", 100, (THEIR_FORM,), NOW),))
        case FormsWanted():
            found.put(need, (ListedForm(THEIR_FORM, Named(8, "Trần Thị Hoa"), "confirmed", 80, 10),))


def _put_of_committee(found: Found, need: RecognitionNeed) -> None:
    title = Title(
        1,
        THEIR_FORM,
        7,
        2026,
        Named(8, "Trần Thị Hoa"),
        _ids()[VILLAGE],
        "Công dân học tập",
        "05/QĐ-UBND",
        NOW.date(),
        "",
    )
    match need:
        case ProposalsWanted():
            found.put(need, (Proposal(1, _ids()[COMMUNE], 1, 12, 0, NOW),))
        case ProposedWanted():
            forms = (ProposedForm(THEIR_FORM, Named(8, "Trần Thị Hoa"), _ids()[VILLAGE], 80),)
            found.put(need, ProposedPage(forms, ((_ids()[VILLAGE], 12),)))
        case LastDecisionWanted():
            found.put(need, LastDecision("04/QĐ-UBND", "Trần Văn Bảy"))
        case NumberTakenWanted():
            found.put(need, False)
        case RecordedWanted():
            found.put(need, None)
        case TitlesWanted():
            found.put(need, (title,))
        case TitleWanted():
            found.put(need, title)


def place(name: str) -> Place:
    """Return a place by its name: `talk.step`, and where one step is several places, a variant after a blank.

    Raises NoSuchPlace.
    """
    where, *variant = name.split()
    build = _BUILDERS.get(where)
    if build is None:
        raise NoSuchPlace(f'there is no place "{name}"; one of: {", ".join(_BUILDERS)}')
    try:
        return replace(build(*variant), name=name)
    except (KeyError, IndexError, TypeError, ValueError):
        raise NoSuchPlace(f'"{name}" has no such variant; "hoctap bench words --places" lists them all') from None


def places() -> Iterator[str]:
    """Yield the name of every place there is."""
    for where in _BUILDERS:
        match where:
            case "self-assessment.indicator":
                yield from (
                    f"{where} {group} {number}"
                    for group, criteria in _sets().items()
                    for number in range(1, len(criteria.indicators) + 1)
                )
                yield from (f"{where} farmer {number} {AGAIN}" for number in range(1, 11))
            case "decision.adjust_level":
                yield from (f"{where} farmer {number}" for number in range(1, 11))
            case "home.home":
                yield from (f"{where} {variant}" for variant in _HOMES)
            case "notices.notice":
                yield from (f"{where} {variant}" for variant in _NOTICES)
            case "publishing.named":
                yield from (where, f"{where} helped")
            case _:
                yield where


# What is known


@cache
def _sets() -> dict[Group, CriteriaSet]:
    return {criteria.group: criteria for criteria in shipped()}


@cache
def _ids() -> dict[str, int]:
    return {code: number for number, (code, *_rest) in enumerate(UNITS, 1)}


@cache
def _reference() -> Reference:
    units = [
        Unit(number, code, name, kind, _ids()[parent] if parent else None)
        for number, (code, name, kind, parent) in enumerate(UNITS, 1)
    ]
    sets = _sets()
    round_ = Round(
        1, 2026, "Đợt đánh giá 2026", _ids()[COMMUNE], date(2026, 9, 1), date(2026, 11, 15),
        {group: criteria.id for group, criteria in sets.items()},
        usual_phases(2026, date(2026, 9, 1), date(2026, 11, 15)),
    )  # fmt: skip
    criteria = {criteria.id: criteria for criteria in sets.values()}
    opened, closed = date(2025, 9, 1), date(2025, 11, 15)
    before = dataclasses.replace(
        round_, id=2, year=2025, name="Đợt đánh giá 2025", opens=opened, closes=closed,
        phases=usual_phases(2025, opened, closed),
    )  # fmt: skip
    return Reference(
        UnitTree.of(units),
        (before, round_),
        criteria,
        Links((Start("https://hoctap.example/chat#{code}"),)),
        languages=choices(load()),
    )


def _person(group: Group = "farmer", person_id: int = 7) -> Person:
    return Person(person_id, "Nguyễn Thị Lan", 1965, _ids()[VILLAGE], group)


def _form(group: Group, answered: int, state: State = "draft", form_id: int = FORM) -> Assessment:
    """Return a form whose first questions are answered."""
    criteria = _sets()[group]
    answers = {i.id: Answer(i.levels[0].id, i.levels[0].points) for i in criteria.indicators[:answered]}
    owner = _person(group, 7 if form_id == FORM else 8)
    return Assessment(form_id, owner, 1, _ids()[VILLAGE], criteria, state, VERSION, answers)


def _latecomer() -> Latecomer:
    return Latecomer(_person(person_id=8), _ids()[VILLAGE])


def _village(closed: bool) -> Village:
    """Return a village that is closed, or was sent back."""
    counts = Counts({"confirmed": 36, "draft": 2}, {"confirmed": 30})
    return Village(_ids()[VILLAGE], 1, counts, Closing("closed" if closed else "sent_back", 1, None, None, "", NOW))


def _notice(state: NoticeState) -> Notice:
    content = Content("Kính mời bà con dự họp.", asks_who_comes=True)
    begun = state not in {"awaiting", "scheduled"}
    counts: Mapping[LedgerState, int] = {"sent": 5, "queued": 7} if begun else {}
    counts = {"sent": 5, "uncertain": 7} if state == "done" else counts
    return Notice(
        id=21, author_id=9, author_name="Lê Văn Tám", content=content, audience=Audience((_ids()[COMMUNE],)),
        state=state, counts=counts, started_at=NOW if begun else None,
    )  # fmt: skip


def _facts(person: Person | None = None, form: Assessment | None = None, *roles: RoleKind) -> Facts:
    return Facts(
        now=NOW,
        conversation=Conversation(1, "web", "vi", consented=True),
        reference=_reference(),
        person=person,
        roles=tuple(Role(kind, _ids()[COMMUNE]) for kind in roles),
        own=(form,) if form is not None else (),
        token="t" * 24,
    )


def _at(step: str, talk: Talk, facts: Facts) -> Place:
    return Place("", Session((HOME, Frame(step, talk)), asked=1), facts)


# The places


def _registering(step: str, **told: object) -> Callable[[], Place]:
    def build() -> Place:
        known = {"name": "Nguyễn Thị Lan", "unit_id": _ids()[VILLAGE], **told}
        facts = _facts()
        if step in {"language", "consent"}:
            language = None if step == "language" else "vi"
            facts = replace(facts, conversation=Conversation(1, "web", language))
        return _at(step, Registering(**known), facts)  # type: ignore[arg-type]

    return build


def _changing() -> Place:
    told = Registering(name="Nguyễn Thị Lân", birth_year=1965, unit_id=_ids()[VILLAGE], group="farmer", checking=True)
    return _at("consequences", told, _facts(_person(), _form("farmer", 10, "submitted")))


def _indicator(group: str, number: str, again: str = "") -> Place:
    """Return a question; with last year's answer beside it, the third one there is, if it is asked `again`."""
    criteria = _sets()[_group(group)]
    form = _form(criteria.group, int(number) - 1)
    talk = Filling(criteria.indicators[int(number) - 1].id)
    facts = _facts(_person(criteria.group), form)
    if again:
        if again != AGAIN:
            raise ValueError(again)
        answers = {i.id: Answer(i.levels[2].id, i.levels[2].points) for i in criteria.indicators}
        before = replace(form, id=FORM - 1, round_id=2, state="confirmed", answers=answers)
        facts = replace(facts, own=(before, form))
    return _at("indicator", talk, facts)


def _group(named: str) -> Group:
    return next(group for group in _sets() if group == named)


def _filling(step: str) -> Callable[[], Place]:
    def build() -> Place:
        answered = WITH_EVIDENCE if step == "evidence" else 10
        asked = _sets()["farmer"].indicators[WITH_EVIDENCE - 1].id if step == "evidence" else ""
        return _at(step, Filling(asked), _facts(_person(), _form("farmer", answered)))

    return build


def _deciding(step: str, **told: str) -> Callable[[], Place]:
    return lambda: _at(step, Deciding(THEIR_FORM, VERSION, **told), _facts(_person(), None, "head"))


def _adjust_level(group: str, number: str) -> Place:
    indicator = _sets()[_group(group)].indicators[int(number) - 1]
    return _deciding("adjust_level", indicator=indicator.id)()


def _meeting(step: str, **told: object) -> Callable[[], Place]:
    def build() -> Place:
        known = {
            "unit_id": _ids()[VILLAGE], "round_id": 1, "version": 1, "day": date(2026, 10, 1), "timed": True,
            "place": "Nhà văn hóa", "chair": "Nguyễn Thị Lan", "secretary": "Lê Thị Thư", "present": 35, "members": 40,
            "votes": (35, 0, 0), "posting": 5,
        }  # fmt: skip
        return _at(step, Meeting(**{**known, **told}), _facts(_person(), None, "head"))  # type: ignore[arg-type]

    return build


def _checking(step: str, theirs: State = "confirmed", **told: object) -> Callable[[], Place]:
    def build() -> Place:
        known = {"unit_id": _ids()[COMMUNE], "round_id": 1, "village_id": _ids()[VILLAGE], "version": 1}
        at = _at(step, Checking(**{**known, **told}), _facts(_person(), None, "association"))  # type: ignore[arg-type]
        return replace(at, theirs=theirs, closed=True)

    return build


def _as_association(step: str, talk: Talk) -> Callable[[], Place]:
    return lambda: _at(step, talk, _facts(_person(), None, "association"))


def _as_admin(step: str, talk: Talk) -> Callable[[], Place]:
    return lambda: _at(step, talk, _facts(_person(), None, "admin"))


def _own_role(step: str, talk: OwnRoleTalk) -> Callable[[], Place]:
    return lambda: _at(step, talk, _facts(_person(), None, "head"))


def _letting_in(step: str, **told: object) -> Callable[[], Place]:
    talk = replace(LettingIn(_ids()[VILLAGE]), **told)

    def build() -> Place:
        facts = _facts(_person(), None, "association")
        return _at(step, talk, replace(facts, now=NOW.replace(month=11, day=20)))

    return build


def _recognising(step: str, **told: object) -> Callable[[], Place]:
    talk = replace(Recognising(1, NOW), **told)
    return lambda: replace(_at(step, talk, _facts(_person(), None, "committee")), theirs="checked")


def _registered(step: str, **told: object) -> Callable[[], Place]:
    talk = replace(Registered(), **told)
    return lambda: replace(_at(step, talk, _facts(_person(), None, "committee")), theirs="recognised")


def _draft(step: str, **told: object) -> Callable[[], Place]:
    def build() -> Place:
        content = Content("" if step in {"occasion", "detail", "text"} else "Kính mời bà con dự họp.")
        talk = Drafting(content=content, audience=Audience((_ids()[COMMUNE],)), reached=Reached({"telegram": 12}))
        return _at(step, replace(talk, **told), _facts(_person(), None, "admin"))

    return build


def _notice_page(state: str) -> Place:
    at = _as_admin("notice", Noticing(notice_id=21))()
    return replace(at, notice=next(known for known in _NOTICES if known == state))


_NOTICES: tuple[NoticeState, ...] = ("awaiting", "scheduled", "sending", "paused", "done")
_HOMES: dict[str, Callable[[], Facts]] = {
    "stranger": lambda: _facts(),
    "registered": lambda: _facts(_person()),
    "draft": lambda: _facts(_person(), _form("farmer", 3)),
    "submitted": lambda: _facts(_person(), _form("farmer", 10, "submitted")),
    "confirmed": lambda: _facts(_person(), _form("farmer", 10, "confirmed")),
    "head": lambda: _facts(replace(_person(), birth_year=None, group=None), None, "head"),
    "admin": lambda: _facts(replace(_person(), birth_year=None, group=None), None, "admin"),
    "association": lambda: _facts(replace(_person(), birth_year=None, group=None), None, "association"),
    "committee": lambda: _facts(replace(_person(), birth_year=None, group=None), None, "committee"),
}


def _home(variant: str) -> Place:
    return Place("", Session(asked=1), _HOMES[variant]())


def _being_named(variant: str = "") -> Place:
    """Whether posted lists name somebody: asked of themselves, or `helped` by whoever fills in."""
    person = replace(_person(), helper="Trần Văn Tám", helper_id=9) if variant == "helped" else _person()
    return _at("named", AskingForNames(), _facts(person, _form("farmer", 10, "submitted")))


def _own(step: str, talk: Talk) -> Callable[[], Place]:
    return lambda: _at(step, talk, _facts(_person(), _form("farmer", 3)))


def _on_shared_phone(step: str, talk: Talk) -> Callable[[], Place]:
    people = (Sharer(7, "Nguyễn Thị Lan", 1965), Sharer(8, "Trần Thị Hoa", 1970))
    conversation = Conversation(1, "web", "vi", consented=True, people=people)
    return lambda: _at(step, talk, replace(_facts(_person(), _form("farmer", 3)), conversation=conversation))


def _put_of_joining(found: Found, need: JoiningNeed) -> None:
    code = JoinCode("0", 8, Conversation(2, "telegram"), NOW, NOW + timedelta(minutes=10))
    match need:
        case CodeWanted() | OwnCodeWanted():
            found.put(need, code)
        case MissesWanted():
            found.put(need, Misses())
        case OwnChatsWanted():
            found.put(need, (OwnChat(1, "web", NOW, NOW), OwnChat(2, "telegram", NOW, NOW)))


_BUILDERS: dict[str, Callable[..., Place]] = {
    "registration.language": _registering("language", name=""),
    "registration.consent": _registering("consent", name=""),
    "registration.name": _registering("name", name=""),
    "registration.name_sure": _registering("name_sure", name="Lan", as_typed=True),
    "registration.take_role": _registering("take_role", invitation="0"),
    "registration.come_back": _registering("come_back", name="", invitation=BACK_AGAIN),
    "registration.birth_year": _registering("birth_year"),
    "registration.year_sure": _registering("year_sure", birth_year=1966),
    "registration.representative": _registering("representative", birth_year=2014),
    "registration.representative_sure": _registering("representative_sure", birth_year=2014, representative="Hoa"),
    "registration.representative_consent": _registering(
        "representative_consent", birth_year=2014, representative="Trần Thị Hoa"
    ),
    "registration.village_from_link": _registering("village_from_link", birth_year=1965),
    "registration.village": _registering("village", birth_year=1965, unit_id=None),
    "registration.group": _registering("group", birth_year=1965),
    "registration.check": _registering("check", birth_year=1965, group="farmer", checking=True),
    "registration.consequences": _changing,
    "self-assessment.indicator": _indicator,
    "self-assessment.evidence": _filling("evidence"),
    "self-assessment.summary": _filling("summary"),
    "self-assessment.change": _filling("change"),
    "review.list": lambda: _at("list", Reviewing(), _facts(_person(), None, "head")),
    "review.villages": lambda: _at("villages", Reviewing(), _facts(_person(), None, "head")),
    "confirming_many.confirm_many": lambda: _at("confirm_many", ConfirmingMany(NOW), _facts(_person(), None, "head")),
    "arrivals.how": lambda: _at("how", ChoosingArrivals(), _facts(_person(), None, "head")),
    "review.form": lambda: _at("form", Reviewing(assessment_id=THEIR_FORM), _facts(_person(), None, "head")),
    "decision.adjust_which": _deciding("adjust_which"),
    "decision.adjust_level": _adjust_level,
    "decision.adjust_reason": _deciding("adjust_reason", indicator="keeps-up", level="sometimes"),
    "decision.return_reason": _deciding("return_reason"),
    "decision.reason_sure": _deciding("reason_sure", reason="sai"),
    "letting_in.who": _letting_in("who"),
    "letting_in.found": _letting_in("found", typed="hoa"),
    "letting_in.reason": _letting_in("reason", typed="hoa", person_id=8),
    "letting_in.until": _letting_in("until", typed="hoa", person_id=8, reason="Đi làm xa mới về"),
    "letting_in.sure": _letting_in(
        "sure", typed="hoa", person_id=8, reason="Đi làm xa mới về", until=date(2026, 11, 25)
    ),
    "meeting.village": _meeting("village", unit_id=0),
    "meeting.standing": _meeting("standing"),
    "meeting.day": _meeting("day", day=None),
    "meeting.hours": _meeting("hours", timed=False),
    "meeting.place": _meeting("place", place=""),
    "meeting.chair": _meeting("chair", chair=""),
    "meeting.secretary": _meeting("secretary", secretary=""),
    "meeting.present": _meeting("present", present=0, votes=None),
    "meeting.votes": _meeting("votes", votes=None),
    "meeting.posting": _meeting("posting", posting=None),
    "meeting.check": _meeting("check"),
    "meeting.change": _meeting("change"),
    "commune.commune": _checking("commune", unit_id=0, village_id=0),
    "commune.villages": _checking("villages", village_id=0),
    "commune.village": _checking("village"),
    "commune.forms": _checking("forms"),
    "commune.sample": _checking("sample"),
    "commune.sampled": _checking("sampled", sample=(THEIR_FORM,)),
    "commune.form": _checking("form", assessment_id=THEIR_FORM, version=VERSION),
    "commune.reason": _checking("reason", assessment_id=THEIR_FORM, version=VERSION, act="send_back"),
    "commune.reason_sure": _checking(
        "reason_sure", assessment_id=THEIR_FORM, version=VERSION, act="send_back", reason="Câu 3 chưa rõ"
    ),
    "commune.proposing": _checking("proposing", village_id=0, up=(_ids()[VILLAGE],), shown_at=NOW),
    "proposal_number.proposal_number": _as_association("proposal_number", Numbering(1)),
    "proposal_number.proposal_dated": _as_association("proposal_dated", Numbering(1, "03/TTr-HKH")),
    "proposal_number.proposal_check": _as_association("proposal_check", Numbering(1, "03/TTr-HKH", NOW.date())),
    "publishing.named": _being_named,
    "household.household": _own("household", Living()),
    "household.member": _own("member", Living()),
    "household.leaving": _own("leaving", Living()),
    "papers.kinds": _as_association("kinds", Papering()),
    "papers.unit": lambda: _as_association("unit", Papering("list", _ids()[COMMUNE]))(),
    "papers.group": lambda: _as_association("group", Papering("form", chosen_id=_ids()[VILLAGE]))(),
    "invitation.role": _as_admin("role", Inviting()),
    "invitation.unit": _as_admin("unit", Inviting("head")),
    "invitation.holders": _as_admin("holders", Inviting(taking=True, unit_id=_ids()[VILLAGE])),
    "invitation.take_away": _as_admin("take_away", Inviting(taking=True, unit_id=_ids()[VILLAGE], role_id=31)),
    "invitation.sign_out": _as_admin("sign_out", Inviting(taking=True, unit_id=_ids()[VILLAGE], role_id=31)),
    "invitation.term": _as_admin("term", Inviting("head", unit_id=_ids()[VILLAGE])),
    "invitation.withdraw": _as_admin("withdraw", Inviting(taking=True, unit_id=_ids()[VILLAGE], invitation="0")),
    "own-role.which": _own_role("which", OwnRoleTalk()),
    "own-role.act": _own_role("act", OwnRoleTalk(31)),
    "own-role.away": _own_role("away", OwnRoleTalk(31)),
    "own-role.hand_over": _own_role("hand_over", OwnRoleTalk(31)),
    "own-role.give_up": _own_role("give_up", OwnRoleTalk(31)),
    "recognition.proposals": _recognising("proposals", proposal_id=0),
    "recognition.proposal": _recognising("proposal"),
    "recognition.reason": _recognising("reason", out=THEIR_FORM),
    "recognition.number": _recognising("number"),
    "recognition.dated": _recognising("dated", number="05/QĐ-UBND"),
    "recognition.signer": _recognising("signer", number="05/QĐ-UBND", dated=NOW.date()),
    "recognition.check": _recognising("check", number="05/QĐ-UBND", dated=NOW.date(), signer="Trần Văn Bảy"),
    "register.search": _registered("search"),
    "register.found": _registered("found", typed="hoa"),
    "register.entry": _registered("entry", assessment_id=THEIR_FORM, version=VERSION),
    "register.reason": _registered("reason", assessment_id=THEIR_FORM, version=VERSION, act="revoke"),
    "register.act_sure": _registered(
        "act_sure", assessment_id=THEIR_FORM, version=VERSION, act="revoke", reason="Kê khai không đúng"
    ),
    "notices.list": _as_admin("list", Noticing()),
    "notices.notice": _notice_page,
    "notices.limit": _as_admin("limit", Noticing()),
    "notice-draft.occasion": _draft("occasion"),
    "notice-draft.detail": _draft("detail", occasion="day"),
    "notice-draft.text": _draft("text", occasion="opens"),
    "notice-draft.draft": _draft("draft"),
    "notice-draft.drop": _draft("drop"),
    "notice-draft.english": _draft("english"),
    "notice-draft.file": _draft("file"),
    "notice-draft.buttons": _draft("buttons"),
    "notice-draft.link_label": _draft("link_label"),
    "notice-draft.link_url": _draft("link_url", link_label="Chương trình"),
    "notice-draft.whom": _draft("whom"),
    "notice-draft.units": _draft("units"),
    "notice-draft.facet": _draft("facet", facet="groups"),
    "notice-draft.ages": _draft("ages"),
    "notice-draft.when": _draft("when"),
    "notice-draft.confirm": _draft("confirm"),
    "switching.whom": _on_shared_phone("whom", Switching()),
    "adding.who": _on_shared_phone("who", Adding()),
    "adding.agrees": _on_shared_phone("agrees", Adding()),
    "adding.how": _on_shared_phone("how", Adding()),
    "adding.day": _on_shared_phone("day", Adding("said")),
    "adding.witness": _on_shared_phone("witness", Adding("said", NOW.date())),
    "adding.sure": _on_shared_phone("sure", Adding("said", NOW.date(), "Lò Văn Páo")),
    "joining.code": _own("code", Joining()),
    "joining.own": _own("own", Joining("0")),
    "joining.chats": _own("chats", Joining()),
    "joining.chat": _own("chat", Joining(chat_id=2)),
    "joining.sure": _own("sure", Joining(chat_id=2)),
    "muting.kinds": _own("kinds", Muting()),
    "privacy.privacy": _own("privacy", Privacy()),
    "privacy.sure": _own("sure", Privacy()),
    "language.language": _own("language", ChoosingLanguage()),
    "home.home": _home,
}


def steps_without_place() -> list[str]:
    """Return the steps where nobody was thought of typing."""
    steps = [f"{flow.talk.__struct_config__.tag}.{step.name}" for flow in FLOWS.values() for step in flow.steps]
    return [step for step in steps if step not in _BUILDERS]
