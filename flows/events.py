"""What a turn decides: things to say, places to go, and facts to record. A closed set."""

from dataclasses import dataclass
from datetime import datetime

from flows.assessments import Act, Actor, Answer, Evidence, State
from flows.criteria import CriteriaSet, Group
from flows.messages import Message
from flows.people import RoleKind
from flows.session import Talk
from flows.wording import Wording


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence before the next question."""

    text: Wording


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of its own, with files or buttons that last."""

    message: Message


@dataclass(frozen=True, slots=True)
class PersonAddress:
    """One person, wherever they can be reached."""

    person_id: int


@dataclass(frozen=True, slots=True)
class HeadsAddress:
    """Who confirms for a unit: its branch heads, or those of the nearest unit above that has one."""

    unit_id: int


@dataclass(frozen=True, slots=True)
class Told:
    """A message to somebody else, in that person's language."""

    to: PersonAddress | HeadsAddress
    message: Message


@dataclass(frozen=True, slots=True)
class Went:
    """On to a step of the same talk, with what the talk knows now."""

    step: str
    talk: Talk


@dataclass(frozen=True, slots=True)
class Entered:
    """Into another talk; the present one waits underneath."""

    step: str
    talk: Talk


@dataclass(frozen=True, slots=True)
class Left:
    """Out of the talk, back to what waits underneath; `home` leaves everything, `quiet` needs no menu there."""

    home: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """The language the bot speaks with this person."""

    language: str


@dataclass(frozen=True, slots=True)
class Consented:
    """A choice about personal data, with the version of the text it was made on."""

    text_version: str
    given: bool


@dataclass(frozen=True, slots=True)
class PersonSaved:
    """What a person told about themselves, once they have checked it."""

    name: str
    birth_year: int | None = None
    unit_id: int | None = None
    group: Group | None = None
    representative: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A form begun in a round, pinned to this version of the criteria set."""

    round_id: int
    unit_id: int
    criteria: CriteriaSet


@dataclass(frozen=True, slots=True)
class Answered:
    """The resident's own answer to an indicator."""

    assessment_id: int
    indicator_id: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class EvidenceGiven:
    """One more proof for an indicator."""

    assessment_id: int
    indicator_id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Acted:
    """An act on an assessment: who did what to which version, and what it came to."""

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


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation: only the digest of its token is kept."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class InvitationUsed:
    """The role of an invitation taken up."""

    digest: str
    role: RoleKind
    unit_id: int


@dataclass(frozen=True, slots=True)
class Erased:
    """Everything about the person, gone; the totals stay."""


@dataclass(frozen=True, slots=True)
class ContactChanged:
    """The person stopped the bot, or let it write again."""

    blocked: bool


TalkEvent = Said | Sent | Told | Went | Entered | Left
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
    | Erased
    | ContactChanged
)
Event = TalkEvent | Record
