"""What is kept about somebody besides their details and forms, as they may see it."""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from flows.conversation.facts import Need
from flows.domain.closings import ClosingState, Minutes
from flows.domain.people import HowAgreed, RoleKind
from flows.notices.notice import LedgerState, MutedKind, NoticeAnswer, NoticeState
from flows.review.needs import ToldHow


class OwnChat(Struct, frozen=True):
    """Where somebody writes from. `blocked_at` is when they stopped the bot there, `shared_by` how many share it. Of
    several it says since when it is theirs, when they wrote there last, and whether they chose it for letters."""

    channel: str
    address: str
    language: str | None
    blocked_at: datetime | None
    shared_by: int = 0
    since: datetime | None = None
    used_at: datetime | None = None
    letters: bool = False


class OwnConsent(Struct, frozen=True):
    """A choice about personal data: about its being kept, or about posted lists. `given_by` is who made it for a child.
    One that somebody else recorded says how and when it was made and who witnessed it."""

    about: str
    text_version: str
    given: bool
    given_by: str | None
    how: HowAgreed | None
    given_on: date | None
    witness: str | None
    at: datetime


class OwnRole(Struct, frozen=True):
    """A role somebody holds."""

    role: RoleKind
    unit_id: int
    since: datetime
    until: date | None
    away_until: date | None


class OwnInvitation(Struct, frozen=True):
    """An invitation somebody made."""

    role: RoleKind
    unit_id: int
    expires: datetime
    used_at: datetime | None
    until: date | None


class OwnFormTimes(Struct, frozen=True):
    """When a form was begun, submitted and last changed, and how many reminders went out since."""

    id: int
    begun_at: datetime
    submitted_at: datetime | None
    touched_at: datetime
    reminded: int


class OwnAct(Struct, frozen=True):
    """An act as the trail has it: one's own, or one on what is one's own. `by` is nobody's name once they were
    erased."""

    at: datetime
    act: str
    role: str
    about: str
    about_id: int | None
    unit_id: int | None
    version: int
    reason: str
    details: Mapping[str, str | int]
    by: str | None


class OwnNotice(Struct, frozen=True):
    """A notice that somebody got or wrote, by its first line, and what became of it."""

    beginning: str
    state: LedgerState | NoticeState
    at: datetime


class OwnNoticeAnswer(Struct, frozen=True):
    """A button somebody pressed under a notice."""

    beginning: str
    answer: NoticeAnswer
    at: datetime


class OwnClosing(Struct, frozen=True):
    """A village that somebody closed, with the minutes they entered, or sent back for a reason."""

    unit_id: int
    state: ClosingState
    minutes: Minutes | None
    posted_until: date | None
    reason: str
    at: datetime


class OwnProposal(Struct, frozen=True):
    """A list that somebody proposed. Its number and date are noted once it has them."""

    unit_id: int
    round_id: int
    number: str
    dated: date | None
    at: datetime


class OwnTitle(Struct, frozen=True):
    """An entry of the register about somebody, whether it holds or not."""

    number: int
    year: int
    name: str
    title: str
    village_id: int
    unit_id: int
    decision: str
    dated: date
    code: str
    revoked_at: datetime | None
    reason: str


class OwnDecision(Struct, frozen=True):
    """A decision of the committee that somebody recorded."""

    unit_id: int
    number: str
    dated: date
    signer: str
    at: datetime


class OwnData(Struct, frozen=True):
    """All of it. `answered` has the times of answers, by form and indicator, `proved` those of evidence, by its id;
    `arrivals` is how a branch head hears of new forms, `acts` are those that are not on forms. `lives_with` are names;
    `asked_to_live_with` are those who were asked and have not answered, with the time."""

    known_since: datetime | None = None
    chats: tuple[OwnChat, ...] = ()
    consents: tuple[OwnConsent, ...] = ()
    roles: tuple[OwnRole, ...] = ()
    invitations: tuple[OwnInvitation, ...] = ()
    forms: tuple[OwnFormTimes, ...] = ()
    answered: Mapping[tuple[int, str], datetime] = {}
    proved: Mapping[int, datetime] = {}
    acts_on_forms: tuple[OwnAct, ...] = ()
    acts_on_others: tuple[OwnAct, ...] = ()
    acts: tuple[OwnAct, ...] = ()
    muted: tuple[MutedKind, ...] = ()
    notices_answered: tuple[OwnNoticeAnswer, ...] = ()
    notices_received: tuple[OwnNotice, ...] = ()
    notices_written: tuple[OwnNotice, ...] = ()
    reports_asked: tuple[datetime, ...] = ()
    papers_asked: tuple[datetime, ...] = ()
    signed_in: tuple[datetime, ...] = ()
    closings: tuple[OwnClosing, ...] = ()
    proposals: tuple[OwnProposal, ...] = ()
    titles: tuple[OwnTitle, ...] = ()
    decisions: tuple[OwnDecision, ...] = ()
    samples_drawn: tuple[datetime, ...] = ()
    arrivals: ToldHow | None = None
    lives_with: tuple[str, ...] = ()
    asked_to_live_with: tuple[tuple[datetime, str], ...] = ()


class OwnDataWanted(Need[OwnData], frozen=True):
    """What is kept about a person; while they are not known (0), what their chat has."""

    person_id: int
    conversation_id: int


AnyNeed = OwnDataWanted
