"""What a turn may know: everything that was gathered for it, and how its own events change that picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from flows.assessments import Assessment, Evidence, State
from flows.criteria import CriteriaSet
from flows.events import (
    Acted,
    Answered,
    ApprovalLimitSet,
    Begun,
    Consented,
    Erased,
    Event,
    EvidenceGiven,
    InvitationUsed,
    LanguageChosen,
    Muted,
    NoticeActed,
    PersonSaved,
    RoleTaken,
)
from flows.notices import (
    AGAIN,
    HIGHEST_LIMIT,
    QUIET,
    Audience,
    Ledger,
    MutedKind,
    Notice,
    NoticeAnswer,
    QuietHours,
    Reached,
)
from flows.people import Person, Role, RoleKind
from flows.questions import Choice
from flows.rounds import Round, round_for, rounds_at_work
from flows.units import Scope, UnitTree

INVITATION_LIFE = timedelta(days=7)


class Conversation(Struct, frozen=True):
    """One chat of one channel. `language` is unknown until chosen, `consented` until answered."""

    id: int
    channel: str
    language: str | None = None
    consented: bool | None = None


@dataclass(frozen=True)
class Reference:
    """What all turns share and seldom changes. `criteria` maps set ids to their newest version; `languages` are those
    to choose from."""

    units: UnitTree = field(default_factory=UnitTree)
    rounds: tuple[Round, ...] = ()
    criteria: Mapping[str, CriteriaSet] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    quiet: QuietHours = QUIET
    languages: tuple[Choice, ...] = ()

    def round_for(self, unit_id: int, today: date) -> Round | None:
        """Return the round to fill in at a unit, which every turn asks for: found once a day for all below a unit with
        rounds."""
        nearest = self._nearest_with_rounds(unit_id)
        if nearest is None:
            return None
        key = (nearest, today)
        if key not in self._rounds_found:
            if len(self._rounds_found) > 2 * len(self._with_rounds):  # those of days that are over
                self._rounds_found.clear()
            self._rounds_found[key] = round_for(self.rounds, self.units, nearest, today)
        return self._rounds_found[key]

    def rounds_in(self, scope: Scope, today: date) -> frozenset[int]:
        """Return the rounds whose forms count in units: those still being decided, or else the last.

        All below a unit share its rounds but for those with rounds of their own: so it takes no longer where there are
        more units.
        """
        own = (unit_id for unit_id in self._with_rounds if self.units.is_in(scope, unit_id))
        return frozenset().union(*(self.rounds_at_work(unit_id, today) for unit_id in (*scope.tops, *own)))

    def rounds_at_work(self, unit_id: int, today: date) -> frozenset[int]:
        """Return the rounds whose forms count in a unit: found once a day for all below a unit with rounds."""
        nearest = self._nearest_with_rounds(unit_id)
        if nearest is None:
            return frozenset()
        key = (nearest, today)
        if key not in self._at_work:
            if len(self._at_work) > 2 * len(self._with_rounds):  # those of days that are over
                self._at_work.clear()
            self._at_work[key] = rounds_at_work(self.rounds, self.units, nearest, today)
        return self._at_work[key]

    def _nearest_with_rounds(self, unit_id: int) -> int | None:
        return next((unit.id for unit in self.units.upwards(unit_id) if unit.id in self._with_rounds), None)

    @cached_property
    def rounds_by_id(self) -> Mapping[int, Round]:
        """Return all rounds there ever were."""
        return {round_.id: round_ for round_ in self.rounds}

    @cached_property
    def _at_work(self) -> dict[tuple[int, date], frozenset[int]]:
        return {}

    @cached_property
    def _with_rounds(self) -> frozenset[int]:
        return frozenset(round_.unit_id for round_ in self.rounds)

    @cached_property
    def _rounds_found(self) -> dict[tuple[int, date], Round | None]:
        return {}


class Invitation(Struct, frozen=True):
    """An invitation as stored. `open` is false once it was used."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime
    open: bool = True


class ListedForm(Struct, frozen=True):
    """One line of a branch head's list. `answered` counts the questions that have an answer."""

    assessment_id: int
    name: str
    state: State
    total: int
    answered: int


class FormList(Struct, frozen=True):
    """A page of forms of one state, and how many there are in each."""

    counts: Mapping[State, int]
    forms: tuple[ListedForm, ...]


class AssessmentWanted(Struct, frozen=True):
    """An assessment by its id."""

    id: int


class InvitationWanted(Struct, frozen=True):
    """An invitation by the digest of its token."""

    digest: str


class ListWanted(Struct, frozen=True):
    """A page of a list: forms of one state in these units and rounds but for one's own, oldest first."""

    units: Scope
    rounds: frozenset[int]
    state: State
    without_person: int
    offset: int
    limit: int


class NoticeWanted(Struct, frozen=True):
    """A notice by its id, without its counts."""

    id: int


class LedgerWanted(Struct, frozen=True):
    """The counts of a notice."""

    notice_id: int


class NoticesWanted(Struct, frozen=True):
    """A page of notices, newest first: those whose audience lies within these units."""

    units: Scope
    offset: int
    limit: int


class NoticePage(Struct, frozen=True):
    """A page of notices without their counts, and whether there are more."""

    notices: tuple[Notice, ...]
    more: bool = False


class AudienceWanted(Struct, frozen=True):
    """How many people an audience reaches, of its units with all below them."""

    audience: Audience
    units: Scope


class ApproversWanted(Struct, frozen=True):
    """Who may approve a notice for these units: administrators over all of them, but for its author; and from how many
    recipients on that is needed."""

    units: frozenset[int]
    author_id: int


class Approvers(Struct, frozen=True):
    """The people who may approve. `above` is the number of recipients that needs no approval yet. More than `others`
    it cannot be for whoever asks, whatever they set it to themselves."""

    person_ids: tuple[int, ...]
    above: int
    others: int = HIGHEST_LIMIT


class ReceivedWanted(Struct, frozen=True):
    """Whether a conversation was among a notice's recipients."""

    notice_id: int
    conversation_id: int


class RespondentsWanted(Struct, frozen=True):
    """Who pressed a button of a notice, and from which village; latest first."""

    notice_id: int
    answer: NoticeAnswer
    limit: int


class Respondents(Struct, frozen=True):
    """Names and units of those who pressed, and how many there are in all."""

    named: tuple[tuple[str, int | None], ...]
    total: int


class HoldersWanted(Struct, frozen=True):
    """Who holds a role over exactly this unit."""

    unit_id: int


class Holder(Struct, frozen=True):
    """Somebody who holds a role over a unit."""

    role_id: int
    person_id: int
    name: str
    kind: RoleKind


class Holders(Struct, frozen=True):
    """Those who hold a role, the longest first."""

    held: tuple[Holder, ...] = ()


class MutedWanted(Struct, frozen=True):
    """What a person has turned off."""

    person_id: int


class MutedKinds(Struct, frozen=True):
    """What is turned off."""

    kinds: frozenset[MutedKind] = frozenset()


class TokenWanted(Struct, frozen=True):
    """A fresh token that nobody can guess."""


Need = (
    AssessmentWanted
    | InvitationWanted
    | ListWanted
    | NoticeWanted
    | LedgerWanted
    | NoticesWanted
    | AudienceWanted
    | ApproversWanted
    | ReceivedWanted
    | RespondentsWanted
    | HoldersWanted
    | MutedWanted
    | TokenWanted
)
Found = (
    Assessment
    | Invitation
    | FormList
    | Notice
    | Ledger
    | NoticePage
    | Reached
    | Approvers
    | Respondents
    | Holders
    | MutedKinds
    | bool
    | str
    | None
)


class Wanting(Exception):
    """A turn needs a fact that was not gathered. Look it up and decide again: deciding has no effects."""

    def __init__(self, need: Need) -> None:
        super().__init__(need)
        self.need = need


class Facts(Struct, frozen=True, dict=True):
    """The picture one turn decides on. `now` is local time; `own` are all forms of the person, oldest first; `found`
    holds what was looked up on demand, `moved` the forms whose state this turn changed."""

    now: datetime
    conversation: Conversation
    reference: Reference
    person: Person | None = None
    roles: tuple[Role, ...] = ()
    own: tuple[Assessment, ...] = ()
    found: Mapping[Need, Found] = {}
    moved: tuple[tuple[Assessment, Assessment], ...] = ()

    @property
    def person_id(self) -> int:
        """Return the id of who speaks, 0 while it is nobody known."""
        return self.person.id if self.person is not None else 0

    @property
    def today(self) -> date:
        """Return the local date."""
        return self.now.date()

    @cached_property
    def round(self) -> Round | None:
        """Return the round to fill in at the resident's unit: open, or else the next or the last."""
        if self.person is None or self.person.unit_id is None:
            return None
        return self.reference.round_for(self.person.unit_id, self.today)

    @cached_property
    def form(self) -> Assessment | None:
        """Return the form a resident is at: one returned and open, else that of the round to fill in, else the last.

        None while a round is open in which nothing was begun.
        """
        returned = [form for form in self.own if form.state == "returned" and self.takes_answers(form)]
        if returned:
            return returned[-1]
        round_ = self.round
        present = [form for form in self.own if round_ is not None and form.round_id == round_.id]
        if present or (round_ is not None and round_.state(self.today) == "open"):
            return present[-1] if present else None
        return self.own[-1] if self.own else None

    @cached_property
    def earlier_forms(self) -> tuple[Assessment, ...]:
        """Return the person's other forms, the newest first."""
        form = self.form
        return tuple(other for other in reversed(self.own) if other is not form)

    def round_of(self, form: Assessment) -> Round | None:
        """Return a form's round."""
        return self.reference.rounds_by_id.get(form.round_id)

    def takes_answers(self, form: Assessment) -> bool:
        """Tell whether a form's days are not over: those of its round, and for a returned one some days more."""
        round_ = self.round_of(form)
        if form.state == "returned" and form.open_until is not None and self.today <= form.open_until:
            return True
        return round_ is not None and round_.state(self.today) == "open"

    @property
    def form_is_open(self) -> bool:
        """Tell whether answers may be given today."""
        if self.form is not None:
            return self.takes_answers(self.form)
        return self.round is not None and self.round.state(self.today) == "open"

    def over(self, kind: RoleKind) -> tuple[int, ...]:
        """Return the units a person has a role over."""
        return tuple(role.unit_id for role in self.roles if role.kind == kind)

    def scope(self, kind: RoleKind) -> Scope:
        """Return the units a person has a role in, with all that lies below them."""
        return self.reference.units.scope(self.over(kind))

    def rounds_in(self, units: Scope) -> frozenset[int]:
        """Return the rounds whose forms count in these units."""
        return self.reference.rounds_in(units, self.today)

    def holds(self, kind: RoleKind, unit_id: int) -> bool:
        """Tell whether the person holds a role over a unit."""
        units = self.reference.units
        return any(role.kind == kind and units.covers(role.unit_id, unit_id) for role in self.roles)

    def has_role(self, kind: RoleKind) -> bool:
        """Tell whether the person holds a role anywhere."""
        return any(role.kind == kind for role in self.roles)

    def assessment(self, assessment_id: int) -> Assessment | None:
        """Look up any assessment. Raises Wanting until it was gathered."""
        for form in self.own:
            if form.id == assessment_id:
                return form
        found = self._look_up(AssessmentWanted(assessment_id))
        return found if isinstance(found, Assessment) else None

    def invitation(self, digest: str) -> Invitation | None:
        """Look up an invitation. Raises Wanting until it was gathered."""
        found = self._look_up(InvitationWanted(digest))
        return found if isinstance(found, Invitation) else None

    @property
    def token(self) -> str:
        """Return a fresh token, for one invitation. Raises Wanting until it was made."""
        found = self._look_up(TokenWanted())
        return found if isinstance(found, str) else ""

    def listed(self, wanted: ListWanted) -> FormList:
        """Look up a page of a list as it will be after this turn. Raises Wanting until it was gathered."""
        found = self._look_up(wanted)
        listed = found if isinstance(found, FormList) else FormList({}, ())
        for before, after in self.moved:
            counts = {**listed.counts}
            counts[before.state] = counts.get(before.state, 0) - 1
            counts[after.state] = counts.get(after.state, 0) + 1
            forms = tuple(
                form for form in listed.forms if form.assessment_id != after.id or after.state == wanted.state
            )
            listed = FormList(counts, forms)
        return listed

    def notice(self, notice_id: int) -> Notice | None:
        """Look up a notice as it will be after this turn, with its counts once it has begun. Raises Wanting until it
        was gathered."""
        found = self._look_up(NoticeWanted(notice_id))
        if not isinstance(found, Notice):
            return None
        ledger = self._look_up(LedgerWanted(notice_id)) if found.has_begun else None
        return found.with_ledger(ledger) if isinstance(ledger, Ledger) else found

    def notices(self, wanted: NoticesWanted) -> NoticePage:
        """Look up a page of notices. Raises Wanting until it was gathered."""
        found = self._look_up(wanted)
        return found if isinstance(found, NoticePage) else NoticePage(())

    def reached(self, audience: Audience) -> Reached:
        """Look up how many people an audience reaches. Raises Wanting until it was counted."""
        found = self._look_up(AudienceWanted(audience, self.reference.units.scope(audience.unit_ids)))
        return found if isinstance(found, Reached) else Reached()

    def approvers(self, units: frozenset[int], author_id: int) -> Approvers:
        """Look up who may approve a notice. Raises Wanting until it was gathered."""
        found = self._look_up(ApproversWanted(units, author_id))
        return found if isinstance(found, Approvers) else Approvers((), 0)

    def received(self, notice_id: int) -> bool:
        """Look up whether a notice came here. Raises Wanting until it was gathered."""
        return self._look_up(ReceivedWanted(notice_id, self.conversation.id)) is True

    def respondents(self, wanted: RespondentsWanted) -> Respondents:
        """Look up who pressed a button. Raises Wanting until it was gathered."""
        found = self._look_up(wanted)
        return found if isinstance(found, Respondents) else Respondents((), 0)

    def holders(self, unit_id: int) -> tuple[Holder, ...]:
        """Look up who holds a role over a unit, as it will be after this turn. Raises Wanting until gathered."""
        found = self._look_up(HoldersWanted(unit_id))
        return found.held if isinstance(found, Holders) else ()

    @property
    def muted(self) -> frozenset[MutedKind]:
        """Look up what the person has turned off, as it will be after this turn. Raises Wanting until gathered."""
        if self.person is None:
            return frozenset()
        found = self._look_up(MutedWanted(self.person.id))
        return found.kinds if isinstance(found, MutedKinds) else frozenset()

    def _look_up(self, need: Need) -> Found:
        if need not in self.found:
            raise Wanting(need)
        return self.found[need]

    def after(self, event: Event) -> "Facts":
        """Return the picture once an event has happened; the next question is asked on it."""
        match event:
            case LanguageChosen(language):
                return replace(self, conversation=replace(self.conversation, language=language))
            case Consented(_, given):
                return replace(self, conversation=replace(self.conversation, consented=given))
            case PersonSaved(name, birth_year, unit_id, group, representative):
                known = self.person.id if self.person else 0
                return replace(self, person=Person(known, name, birth_year, unit_id, group, representative))
            case Begun(round_id, unit_id, criteria) if self.person is not None:
                return replace(self, own=(*self.own, Assessment(0, self.person, round_id, unit_id, criteria)))
            case Answered() | EvidenceGiven() | Acted():
                return self._with_assessment(event)
            case InvitationUsed(_, role, unit_id):
                return replace(self, roles=(*self.roles, Role(role, unit_id)))
            case RoleTaken(role_id, unit_id):
                left = Holders(tuple(one for one in self.holders(unit_id) if one.role_id != role_id))
                return replace(self, found={**self.found, HoldersWanted(unit_id): left})
            case Erased():
                return replace(self, person=None, roles=(), own=())
            case NoticeActed():
                return self._with_notice(event)
            case ApprovalLimitSet(_, above):
                return self._with_limit(above)
            case Muted(kind, off) if self.person is not None:
                kinds = self.muted | {kind} if off else self.muted - {kind}
                return replace(self, found={**self.found, MutedWanted(self.person.id): MutedKinds(kinds)})
            case _:
                return self

    def _with_notice(self, event: NoticeActed) -> "Facts":
        known = self.notice(event.notice_id)
        if known is None:
            return self
        counts = dict(known.counts)
        again = AGAIN.get(event.act)
        if again is not None and again in counts:
            counts["queued"] = counts.get("queued", 0) + counts.pop(again)
        refusal = "" if event.act in {"resume", "mend"} else known.refusal
        content = event.content or known.content
        approved_for = event.approved_for if event.act in {"approve", "mend"} else known.approved_for
        changed = replace(
            known,
            state=event.state,
            version=known.version + 1,
            refusal=refusal,
            content=content,
            approved_for=approved_for,
        )
        moved = {
            NoticeWanted(event.notice_id): changed,
            LedgerWanted(event.notice_id): Ledger(counts, known.answers),
        }
        return replace(self, found={**self.found, **moved})

    def _with_limit(self, above: int) -> "Facts":
        changed = {
            need: replace(found, above=min(above, found.others))
            for need, found in self.found.items()
            if isinstance(found, Approvers)
        }
        return replace(self, found={**self.found, **changed})

    def _with_assessment(self, event: Answered | EvidenceGiven | Acted) -> "Facts":
        known = self.assessment(event.assessment_id)
        if known is None:
            return self
        changed = changed_by(event, known)
        moved = (*self.moved, (known, changed)) if changed.state != known.state else self.moved
        if any(form.id == changed.id for form in self.own):
            own = tuple(changed if form.id == changed.id else form for form in self.own)
            return replace(self, own=own, moved=moved)
        return replace(self, found={**self.found, AssessmentWanted(changed.id): changed}, moved=moved)


def changed_by(event: Answered | EvidenceGiven | Acted, known: Assessment) -> Assessment:
    """Return an assessment as an event leaves it. Every change of what a decider saw makes a new version."""
    version = known.version + 1
    match event:
        case Answered(_, indicator_id, answer):
            return replace(known, version=version, answers={**known.answers, indicator_id: answer})
        case EvidenceGiven(_, indicator_id, evidence):
            given: tuple[Evidence, ...] = (*known.evidence.get(indicator_id, ()), evidence)
            return replace(known, version=version, evidence={**known.evidence, indicator_id: given})
        case Acted(indicator_id=indicator_id, answer=answer, state=state, reason=reason, open_until=until):
            answers = {**known.answers, indicator_id: answer} if answer is not None else known.answers
            return replace(known, version=version, answers=answers, state=state, reason=reason, open_until=until)


def digest_of(token: str) -> str:
    """Return what is kept of a token: whoever reads the database cannot use it."""
    return sha256(token.encode()).hexdigest()
