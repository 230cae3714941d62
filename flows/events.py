"""What a turn decides: things to say, places to go, and facts to record. A closed set."""

from datetime import date, datetime

from msgspec import Struct

from flows.assessments import Act, Actor, Answer, Evidence, State
from flows.criteria import CriteriaSet, Group
from flows.messages import Message
from flows.notices import Audience, Content, MutedKind, NoticeAct, NoticeAnswer, NoticeState, Repeat
from flows.people import RoleKind
from flows.session import Talk
from flows.wording import Wording


class Said(Struct, frozen=True):
    """A sentence before the next question; after one that stands `alone` nothing is asked."""

    text: Wording
    alone: bool = False


class Waited(Struct, frozen=True):
    """Nothing said and nothing asked: the person is still writing."""


class Sent(Struct, frozen=True):
    """A message of its own, with files or buttons that last."""

    message: Message


class PersonAddress(Struct, frozen=True):
    """One person, wherever they can be reached."""

    person_id: int


class HeadsAddress(Struct, frozen=True):
    """Who confirms a person's form for a unit: its branch heads, or those of the nearest unit above that has one.
    Nobody decides on their own form, so the owner is passed over."""

    unit_id: int
    owner_id: int


class Told(Struct, frozen=True):
    """A message to somebody else, in that person's language."""

    to: PersonAddress | HeadsAddress
    message: Message


class Went(Struct, frozen=True):
    """On to a step of the same talk, with what the talk knows now."""

    step: str
    talk: Talk


class Entered(Struct, frozen=True):
    """Into another talk; the present one waits underneath."""

    step: str
    talk: Talk


class Left(Struct, frozen=True):
    """Out of the talk, back to what waits underneath; `home` leaves everything, `quiet` needs no menu there."""

    home: bool = False
    quiet: bool = False


class LanguageChosen(Struct, frozen=True):
    """The language the bot speaks with this person."""

    language: str


class Consented(Struct, frozen=True):
    """A choice about personal data, with the version of the text it was made on."""

    text_version: str
    given: bool


class PersonSaved(Struct, frozen=True):
    """What a person told about themselves, once they have checked it."""

    name: str
    birth_year: int | None = None
    unit_id: int | None = None
    group: Group | None = None
    representative: str | None = None


class Begun(Struct, frozen=True):
    """A form begun in a round, pinned to this version of the criteria set."""

    round_id: int
    unit_id: int
    criteria: CriteriaSet


class Answered(Struct, frozen=True):
    """The resident's own answer to an indicator."""

    assessment_id: int
    indicator_id: str
    answer: Answer


class EvidenceGiven(Struct, frozen=True):
    """One more proof for an indicator."""

    assessment_id: int
    indicator_id: str
    evidence: Evidence


class Acted(Struct, frozen=True):
    """An act on an assessment: who did what to which version, and what it came to. `open_until` is the last day on
    which a returned form may be corrected."""

    assessment_id: int
    act: Act
    actor: Actor
    version: int
    state: State
    total: int
    passed: bool
    reason: str = ""
    indicator_id: str = ""
    answer: Answer | None = None
    open_until: date | None = None


class Invited(Struct, frozen=True):
    """An invitation: only the digest of its token is kept."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime


class InvitationUsed(Struct, frozen=True):
    """The role of an invitation taken up."""

    digest: str
    role: RoleKind
    unit_id: int


class RoleTaken(Struct, frozen=True):
    """A role taken away from somebody."""

    role_id: int
    unit_id: int


class Erased(Struct, frozen=True):
    """Everything about the person, gone; the totals stay."""


class NoticeSaved(Struct, frozen=True):
    """A notice handed over: to be approved first, or scheduled. `send_at` is None for at once."""

    content: Content
    audience: Audience
    state: NoticeState
    send_at: datetime | None = None
    repeat: Repeat = ""


class NoticeActed(Struct, frozen=True):
    """An act on a notice, and what it came to. `content` is what it says from now on, if it was mended, `approved_for`
    how many people it may go to, if it was approved."""

    notice_id: int
    act: NoticeAct
    version: int
    state: NoticeState
    content: Content | None = None
    approved_for: int = 0


class NoticeAnswered(Struct, frozen=True):
    """A button pressed under a notice. The last one of a person counts."""

    notice_id: int
    answer: NoticeAnswer


class ReportAsked(Struct, frozen=True):
    """The report of a notice as a file, to be made and sent here."""

    notice_id: int


class ApprovalLimitSet(Struct, frozen=True):
    """From how many recipients on a second administrator has to approve, in a unit and all below it."""

    unit_id: int
    above: int


class Muted(Struct, frozen=True):
    """Something that is sent automatically, turned off or on again by its receiver."""

    kind: MutedKind
    off: bool = True


class ContactChanged(Struct, frozen=True):
    """The person stopped the bot, or let it write again."""

    blocked: bool


TalkEvent = Said | Waited | Sent | Told | Went | Entered | Left
Record = (
    LanguageChosen
    | Consented
    | PersonSaved
    | Begun
    | Answered
    | EvidenceGiven
    | Acted
    | Invited
    | InvitationUsed
    | RoleTaken
    | Erased
    | NoticeSaved
    | NoticeActed
    | NoticeAnswered
    | ReportAsked
    | ApprovalLimitSet
    | Muted
    | ContactChanged
)
Event = TalkEvent | Record
