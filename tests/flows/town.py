"""A town in memory: people who chat with the engine, and the picture that their turns change. Nothing is stored."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, get_args

from msgspec.structs import replace

from flows.conversation.engine import Decision
from flows.conversation.events import Event, HeadsAddress, Told
from flows.conversation.facts import Conversation, FactMissing, Facts, Found, Need, Reference
from flows.conversation.messages import Message
from flows.conversation.replies import Pressed, Reply, Typed
from flows.conversation.session import Session, Talk
from flows.domain.assessments import Assessment
from flows.domain.people import Person, Role, RoleKind
from flows.domain.units import Scope
from flows.forms.needs import AssessmentWanted, assessment
from flows.forms.records import Acted, Answered, Begun, EvidenceGiven, Followed
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
    notice_of,
)
from flows.notices.notice import DEFAULT_APPROVAL_ABOVE, Audience, Ledger, MutedKind, Notice, NoticeAnswer, Reached
from flows.notices.records import ApprovalLimitSet, NoticeActed, NoticeSaved
from flows.privacy.needs import OwnData, OwnDataWanted
from flows.privacy.records import Erased
from flows.received.needs import MutedWanted, ReceivedWanted
from flows.received.records import Muted, NoticeAnswered
from flows.registration.records import PersonSaved
from flows.review.needs import FormList, ListedForm, ListWanted
from flows.roles.needs import (
    Holder,
    HoldersWanted,
    Invitation,
    InvitationWanted,
    OpenInvitation,
    OpenInvitationsWanted,
    OwnRole,
    OwnRolesWanted,
)
from flows.roles.records import InvitationUsed, Invited, RoleTaken
from flows.subjects import AnyNeed, decide
from tests.sample import CATALOGUES, NOW, REFERENCE

# What the shell looks up for one turn before it takes it for broken.
MOST_LOOK_UPS = 8


@dataclass
class Phone:
    """A conversation: where it stands, whose it is, and all messages it has shown."""

    conversation: Conversation
    session: Session[Talk] = field(default_factory=Session)
    person_id: int | None = None
    shown: list[Message] = field(default_factory=list)

    def payloads(self, message: int = -1) -> list[str]:
        """Return what the buttons of a message carry; of the newest one with buttons, unless told."""
        with_buttons = [[b.payload for group in one.buttons for b in group] for one in self.shown if one.buttons]
        return with_buttons[message % len(with_buttons)] if with_buttons else []


@dataclass(frozen=True)
class Turn:
    """One turn: who did what, what was known, and what was decided."""

    phone: Phone
    before: Session[Talk]
    reply: Reply
    facts: Facts
    decision: Decision


class Town:
    """All phones, and everything that a database would know."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self.reference: Reference = REFERENCE
        self.phones: dict[str, Phone] = {}
        self.people: dict[int, Person] = {}
        self.roles: dict[int, tuple[Role, ...]] = {}
        self.forms: dict[int, Assessment] = {}
        self.invitations: dict[str, Invitation] = {}
        self.tokens: list[str] = []
        self.notices: dict[int, Notice] = {}
        self.answers: dict[tuple[int, int], NoticeAnswer] = {}
        self.muted: dict[int, frozenset[MutedKind]] = {}
        self.above = DEFAULT_APPROVAL_ABOVE
        self._last_id = 100

    def copy(self) -> "Town":
        """Return a town that goes on from here by itself."""
        town = Town()
        town.__dict__.update(self.__dict__)
        town.phones = {
            name: Phone(phone.conversation, phone.session, phone.person_id, [*phone.shown])
            for name, phone in self.phones.items()
        }
        for name in ("people", "roles", "forms", "invitations", "notices", "answers", "muted"):
            setattr(town, name, {**getattr(self, name)})
        town.tokens = [*self.tokens]
        return town

    def phone(self, name: str) -> Phone:
        """Return somebody's phone, a new one if they come for the first time."""
        return self.phones.setdefault(name, Phone(Conversation(len(self.phones) + 1, "web")))

    def say(self, name: str, *texts: str) -> None:
        """Let somebody type, one turn after the other."""
        for text in texts:
            self.turn(name, Typed(text))

    def press(self, name: str, key: str) -> Turn:
        """Let somebody press a button of the newest message, by the end of what it carries."""
        payload = next(payload for payload in self.phone(name).payloads() if payload.endswith(f":{key}"))
        return self.turn(name, Pressed(payload))

    def turn(self, name: str, reply: Reply, *, more_waiting: bool = False) -> Turn:
        """Decide a turn, and let it happen. `more_waiting` tells that they have written again meanwhile."""
        phone = self.phone(name)
        facts = self._facts(phone)
        for _look_up in range(MOST_LOOK_UPS):
            try:
                decision = decide(phone.session, reply, facts, CATALOGUES, more_waiting=more_waiting)
            except FactMissing as missing:
                facts = replace(facts, found=facts.found | self._look_up(missing.needs))
            else:
                turn = Turn(phone, phone.session, reply, facts, decision)
                self._apply(turn)
                return turn
        raise AssertionError("the turn wants to know more and more")

    def form_of(self, name: str) -> Assessment | None:
        """Return somebody's newest form."""
        person_id = self.phone(name).person_id
        ids = [form.id for form in self.forms.values() if form.person.id == person_id]
        return self._form(max(ids)) if ids else None

    # what a turn may know

    def _facts(self, phone: Phone) -> Facts:
        person_id = phone.person_id or 0
        own = sorted(form.id for form in self.forms.values() if form.person.id == person_id)
        return Facts(
            now=self.now,
            conversation=phone.conversation,
            reference=self.reference,
            person=self.people.get(person_id),
            roles=self.roles.get(person_id, ()),
            own=tuple(self._form(form_id) for form_id in own),
            token=f"token-number-{len(self.tokens):011}",
        )

    def _form(self, form_id: int) -> Assessment:
        form = self.forms[form_id]
        return replace(form, person=self.people[form.person.id])

    def _look_up(self, needs: Iterable[Need[Any]]) -> Found:
        found = Found()
        for need in needs:
            assert isinstance(need, AnyNeed)
            self._find(need, found)
        return found

    def _find(self, need: AnyNeed, found: Found) -> None:
        if isinstance(need, NoticeNeed):
            self._find_of_notices(need, found)
            return
        match need:
            case AssessmentWanted(form_id):
                found.put(need, self._form(form_id) if form_id in self.forms else None)
            case InvitationWanted(digest):
                found.put(need, self.invitations.get(digest))
            case ListWanted():
                found.put(need, self._listed(need))
            case ReceivedWanted(notice_id):
                found.put(need, notice_id in self.notices and self.notices[notice_id].state in {"sending", "done"})
            case OpenInvitationsWanted(unit_id):
                found.put(need, tuple(self._still_open(unit_id)))
            case OwnRolesWanted(person_id):
                own = self.roles.get(person_id, ())
                found.put(need, tuple(OwnRole(self._role_id(person_id, role), role) for role in own))
            case HoldersWanted(unit_id):
                held = (
                    Holder(self._role_id(id_, role), id_, self.people[id_].name, role)
                    for id_, held in self.roles.items()
                    for role in held
                    if role.unit_id == unit_id
                )
                found.put(need, tuple(held))
            case MutedWanted(person_id):
                found.put(need, self.muted.get(person_id, frozenset()))
            case OwnDataWanted():
                found.put(need, OwnData())

    def _find_of_notices(self, need: NoticeNeed, found: Found) -> None:
        match need:
            case NoticeWanted(notice_id):
                found.put(need, self.notices.get(notice_id))
            case LedgerWanted(notice_id):
                found.put(need, Ledger(self.notices[notice_id].counts, self.notices[notice_id].answers))
            case NoticesWanted(units, offset, limit):
                seen = [
                    n
                    for n in self.notices.values()
                    if n.audience.unit_ids
                    and all(self.reference.units.is_in(units, id_) for id_ in n.audience.unit_ids)
                ]
                found.put(need, NoticePage(tuple(seen[::-1][offset : offset + limit]), len(seen) > offset + limit))
            case AudienceWanted(audience, units):
                found.put(need, self._reached(audience, units))
            case ApproversWanted(units, author_id):
                over = (id_ for id_ in self.roles if id_ != author_id and self._is_over(id_, units))
                found.put(need, Approvers(tuple(over), self.above))
            case RespondentsWanted(notice_id, answer, limit):
                ids = [id_ for (notice, id_), given in self.answers.items() if (notice, given) == (notice_id, answer)]
                named = tuple((self.people[id_].named, self.people[id_].unit_id) for id_ in ids if id_ in self.people)
                found.put(need, Respondents(named[:limit], len(named)))

    def _still_open(self, unit_id: int) -> Iterator[OpenInvitation]:
        for one in self.invitations.values():
            if one.unit_id == unit_id and one.open:
                yield OpenInvitation(one.digest, one.role, one.expires)

    def _listed(self, wanted: ListWanted) -> FormList:
        forms = [
            self._form(form.id)
            for form in self.forms.values()
            if self.reference.units.is_in(wanted.units, form.unit_id)
            and form.round_id in wanted.rounds
            and form.person.id != wanted.without_person
        ]
        of_state = [form for form in forms if form.state == wanted.state]
        return FormList(
            Counter(form.state for form in forms),
            tuple(
                ListedForm(form.id, form.person.named, form.state, 0, len(form.answers))
                for form in of_state[wanted.offset : wanted.offset + wanted.limit]
            ),
        )

    def _reached(self, audience: Audience, units: Scope) -> Reached:
        """Count people by place alone: what narrows an audience is the store's to test."""
        here = [
            id_
            for id_, person in self.people.items()
            if person.unit_id is not None and self.reference.units.is_in(units, person.unit_id)
        ]
        off = sum("notices" in self.muted.get(id_, ()) for id_ in here)
        return Reached({"web": len(here) - off}, {"muted": off} if off else {})

    def _is_over(self, person_id: int, units: frozenset[int]) -> bool:
        held = [role.unit_id for role in self.roles[person_id] if role.kind == "admin"]
        return all(any(self.reference.units.covers(above, unit_id) for above in held) for unit_id in units)

    # what a turn changes

    def _apply(self, turn: Turn) -> None:
        phone, decision = turn.phone, turn.decision
        phone.session, phone.conversation = decision.session, decision.facts.conversation
        phone.shown += decision.messages
        for told in decision.told:
            for name in self._addressed(told):
                self.phones[name].shown.append(told.message)
        for record in decision.records:
            self._happen(phone, decision, record)

    def _addressed(self, told: Told) -> Iterator[str]:
        if isinstance(told.to, HeadsAddress):
            heads = [id_ for id_, roles in self.roles.items() if Role("head", told.to.unit_id) in roles]
            ids = [person_id for person_id in heads if person_id != told.to.owner_id]
        else:
            ids = [told.to.person_id]
        yield from (name for name, phone in self.phones.items() if phone.person_id in ids)

    def _happen(self, phone: Phone, decision: Decision, record: Event) -> None:
        match record:
            case PersonSaved(name, birth_year, unit_id, group, representative):
                phone.person_id = phone.person_id or self._new_id()
                known = Person(phone.person_id, name, birth_year, unit_id, group, representative)
                self.people[phone.person_id] = known
            case Begun():
                assert phone.person_id is not None
                form_id = self._new_id()
                self.forms[form_id] = replace(decision.facts.own[-1], id=form_id, person=self.people[phone.person_id])
            case Answered() | EvidenceGiven() | Acted() | Followed():
                after = assessment(decision.facts, record.assessment_id)
                assert after is not None
                self.forms[after.id] = replace(after, evidence=self._numbered(after))
            case Invited(digest, role, unit_id, expires, until):
                self.invitations[digest] = Invitation(digest, role, unit_id, expires, until=until)
                self.tokens.append(decision.facts.token)
            case InvitationUsed(digest, role, unit_id, until):
                assert phone.person_id is not None
                self.invitations[digest] = replace(self.invitations[digest], open=False)
                self.roles[phone.person_id] = (*self.roles.get(phone.person_id, ()), Role(role, unit_id, until))
            case RoleTaken(role_id):
                self.roles = {
                    id_: tuple(role for role in held if self._role_id(id_, role) != role_id)
                    for id_, held in self.roles.items()
                }
            case Erased():
                self._erase(phone)
            case NoticeSaved() | NoticeActed() | NoticeAnswered() | ApprovalLimitSet() | Muted():
                self._happen_to_notices(phone, decision, record)
            case _:
                pass

    def _happen_to_notices(self, phone: Phone, decision: Decision, record: Event) -> None:
        person_id = phone.person_id or 0
        match record:
            case NoticeSaved(content, audience, state, send_at, repeat):
                id_ = self._new_id()
                self.notices[id_] = Notice(id_, person_id, content, audience, state, 0, send_at, repeat, self.now)
            case NoticeActed(notice_id):
                after = notice_of(decision.facts, notice_id)
                assert after is not None
                self.notices[notice_id] = after
            case NoticeAnswered(notice_id, answer):
                self.answers[notice_id, person_id] = answer
            case ApprovalLimitSet(_, above):
                self.above = above
            case Muted(kind, off):
                known = self.muted.get(person_id, frozenset())
                self.muted[person_id] = known | {kind} if off else known - {kind}
            case _:
                pass

    def _numbered(self, form: Assessment) -> dict[str, tuple[object, ...]]:
        return {
            indicator: tuple(replace(proof, id=proof.id or self._new_id()) for proof in proofs)
            for indicator, proofs in form.evidence.items()
        }

    def _erase(self, phone: Phone) -> None:
        phone.conversation = replace(phone.conversation, consented=None)
        if phone.person_id is not None:
            self.forms = {id_: form for id_, form in self.forms.items() if form.person.id != phone.person_id}
            self.roles.pop(phone.person_id, None)
            del self.people[phone.person_id]
            phone.person_id = None

    def _role_id(self, person_id: int, role: Role) -> int:
        return 100 * person_id + 10 * role.unit_id + get_args(RoleKind).index(role.kind)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id


def settled() -> Town:
    """Return a town that has begun: Lan has submitted, Minh is at question 4, Trường is head and has submitted too,
    Hạnh is head of the same village, Hoa and Bình administer the commune, Hoa heads the other village. Sáu came by."""
    town = Town()
    staff = (
        ("Trường", "Trần Văn Trường", Role("head", 3)),
        ("Hạnh", "Vũ Thị Hạnh", Role("head", 3)),
        ("Hoa", "Phạm Thị Hoa", Role("admin", 2), Role("head", 4)),
        ("Bình", "Ngô Văn Bình", Role("admin", 2)),
    )
    for name, full_name, *roles in staff:
        town.say(name, "xin chào", "vi", "đồng ý", full_name, "1970", "thon dong than khe", "1", "1", "có")
        town.roles[town.phones[name].person_id or 0] = tuple(roles)
    for name, full_name in (("Lan", "Nguyễn Thị Lan"), ("Minh", "Lê Văn Minh")):
        town.say(name, "/start v-tk-dong", "vi", "đồng ý", full_name, "1975", "có", "1", "có")
    for name, answers in (("Lan", 10), ("Trường", 10), ("Minh", 3)):
        town.say(name, "/status", "bắt đầu làm phiếu")
        _fill_in(town, name, answers)
    town.say("Lan", "nộp")
    town.say("Trường", "nộp")
    town.say("Sáu", "/start")
    town.say("Hoa", "/invite", "1", "thon doai", "1", "1")
    return town


WEEK = timedelta(days=7)


def _fill_in(town: Town, name: str, answers: int) -> None:
    for _question in range(answers):
        town.say(name, "1")
        if town.phone(name).session.frame.step == "evidence":
            town.say(name, "bỏ qua")
