"""Notices: what an administrator writes to many people, whom it is for, and the life of one."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from flows.conversation.facts import Conversation
from flows.conversation.messages import Button, ChannelFile, Message, StoredFile
from flows.domain.assessments import State
from flows.domain.channels import CHANNELS, ChannelLimits
from flows.domain.criteria import Group
from flows.domain.people import RoleKind
from flows.words.marks import read_marks
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Named, Wording, _

NoticeState = Literal[
    "awaiting", "declined", "scheduled", "gathering", "sending", "paused", "stopped", "withdrawn", "done"
]
NoticeAct = Literal["approve", "decline", "withdraw", "pause", "resume", "mend", "stop", "repeat_uncertain"]
Repeat = Literal["", "weekly", "yearly"]
NoticeAnswer = Literal["come", "cannot", "start"]
Reach = Literal["open", "blocked", "muted", "nowhere"]
FormState = Literal["none"] | State
# What somebody can turn off for themselves, each by itself; none of it touches consent or replies.
MutedKind = Literal["notices", "reminders", "digests", "dates"]
AudienceRole = Literal["resident"] | RoleKind

# What can become of one recipient. `queued` and `sending` are open, `waiting` until their page is opened; the rest is
# final. `uncertain` may be sent again by the author, for nobody can know whether it arrived.
LedgerState = Literal[
    "queued", "sending", "waiting", "sent", "blocked", "failed", "uncertain", "outside", "stopped", "muted"
]

LONGEST_LABEL = 40
LONGEST_URL = 500
DEFAULT_APPROVAL_ABOVE = 500
HIGHEST_LIMIT = 1_000_000


# A notice has to fit everywhere: nobody chooses a channel for its readers.
CHANNEL_LIMITS: Mapping[str, ChannelLimits] = {
    channel: facts.limits for channel, facts in CHANNELS.items() if facts.limits is not None
}


class NoticeFile(Struct, frozen=True):
    """A photo or document of a notice. `source` is the handle of the bot it came by, `digest` names it in the file
    store once it is kept there."""

    kind: str
    name: str
    channel: str = ""
    source: str = ""
    digest: str = ""
    bot: str = ""

    def to_send(self, chat: Conversation | None) -> ChannelFile | StoredFile:
        """Return the file as it is sent. Until it is kept only the bot it came by has it, for a chat of its own."""
        if not self.digest and chat is not None and (chat.channel, chat.bot) == (self.channel, self.bot):
            return ChannelFile(self.source, self.kind, self.name)
        return StoredFile(self.digest, self.kind, self.name)


class Origin(Struct, frozen=True):
    """The occasion that a text was made for, what was told for its gaps, in which unit's name, and the year it speaks
    of. `languages` are those in which nobody has changed it by hand."""

    occasion: str
    details: tuple[str, ...] = ()
    sender_id: int | None = None
    year: int = 0
    languages: tuple[str, ...] = ("vi", "en")


class Content(Struct, frozen=True):
    """What a notice says. English is optional: whoever chose English gets Vietnamese where it is missing."""

    vi: str
    en: str = ""
    file: NoticeFile | None = None
    link_label: str = ""
    link_url: str = ""
    asks_who_comes: bool = False
    offers_form: bool = False
    origin: Origin | None = None

    def written(self, language: str, text: str) -> "Content":
        """Return the content with a text that was written by hand in a language."""
        origin = self.origin
        if origin is not None:
            origin = replace(origin, languages=tuple(one for one in origin.languages if one != language))
        vi, en = (text, self.en) if language == "vi" else (self.vi, text)
        return replace(self, vi=vi, en=en, origin=origin)

    def text(self, language: str | None) -> str:
        """Return the text for a reader."""
        return self.en if language == "en" and self.en else self.vi


class Audience(Struct, frozen=True):
    """Whom a notice is for. Units mean all below them too; what is empty is not asked about."""

    unit_ids: tuple[int, ...] = ()
    roles: tuple[AudienceRole, ...] = ()
    groups: tuple[Group, ...] = ()
    languages: tuple[str, ...] = ()
    forms: tuple[FormState, ...] = ()
    channels: tuple[str, ...] = ()
    youngest: int | None = None
    oldest: int | None = None


class Long(Struct, frozen=True):
    """Those whom a channel has not heard for long. So many are `outside`: it takes no message for them, but a template
    at its price. So many are `late`: each message for them costs its price."""

    outside: int = 0
    late: int = 0
    price: int = 0
    template_price: int = 0

    def plus(self, more: "Long") -> "Long":
        """Return these with others of the same channel."""
        return replace(self, outside=self.outside + more.outside, late=self.late + more.late)


class Reached(Struct, frozen=True):
    """How many people an audience has: those who can be reached by channel, those who cannot by reason; `long`
    is whom channels have not heard for long."""

    by_channel: Mapping[str, int] = {}
    unreachable: Mapping[Reach, int] = {}
    long: Mapping[str, Long] = {}

    @property
    def total(self) -> int:
        """Return how many will get it."""
        return sum(self.by_channel.values())


class Ledger(Struct, frozen=True):
    """What became of a notice's recipients, and how many of them pressed which button."""

    counts: Mapping[LedgerState, int] = {}
    answers: Mapping[NoticeAnswer, int] = {}


class Notice(Struct, frozen=True):
    """A notice as stored. `version` grows with every act: a button binds to the one it showed. `counts` is its ledger,
    always summing to `recipients`; `answers` counts presses. `send_at` is None for at once. `refusal` is what a channel
    said that does not take what the notice says, `approved_for` to how many people a second administrator let it go,
    `series_id` the first of those that it repeats."""

    id: int
    author_id: int | None
    content: Content
    audience: Audience
    state: NoticeState
    version: int = 0
    send_at: datetime | None = None
    repeat: Repeat = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    recipients: int = 0
    counts: Mapping[LedgerState, int] = {}
    answers: Mapping[NoticeAnswer, int] = {}
    author_name: str = ""
    refusal: str = ""
    approved_for: int = 0
    series_id: int | None = None

    @property
    def is_renewed(self) -> bool:
        """Tell whether what it says is made anew when it is sent: one that came last year too."""
        waits = self.state in {"awaiting", "scheduled"} and not self.has_begun
        return waits and self.series_id is not None and self.repeat == "yearly"

    @property
    def has_begun(self) -> bool:
        """Tell whether it has a list of recipients, or is getting one."""
        return self.started_at is not None

    def needs_approval(self, people: int, above: int) -> bool:
        """Tell whether a second administrator has to agree that it goes to so many: more than the limit allows, on top
        of those for whom it was approved."""
        return people > above + self.approved_for

    @property
    def author(self) -> Named | None:
        """Return who wrote it, while that is known."""
        return Named(self.author_id, self.author_name) if self.author_id is not None and self.author_name else None

    def count(self, *states: LedgerState) -> int:
        """Return how many recipients are in these states."""
        return sum(self.counts.get(state, 0) for state in states)

    def with_ledger(self, ledger: Ledger) -> "Notice":
        """Return the notice with its counts."""
        return replace(self, counts=ledger.counts, answers=ledger.answers)


_TRANSITIONS: Mapping[tuple[NoticeState, NoticeAct], NoticeState] = {
    ("awaiting", "approve"): "scheduled",
    ("awaiting", "decline"): "declined",
    ("awaiting", "withdraw"): "withdrawn",
    ("scheduled", "withdraw"): "withdrawn",
    ("gathering", "stop"): "stopped",
    ("sending", "pause"): "paused",
    ("sending", "stop"): "stopped",
    ("paused", "resume"): "sending",
    ("paused", "mend"): "scheduled",
    ("paused", "stop"): "stopped",
    ("done", "repeat_uncertain"): "sending",
    ("sending", "repeat_uncertain"): "sending",
    ("paused", "repeat_uncertain"): "paused",
}


# Those who are sent a notice once more by an act: nobody knows whether they have it, or it was refused to them.
AGAIN: Mapping[NoticeAct, LedgerState] = {"repeat_uncertain": "uncertain", "mend": "failed"}


CHANGED = _("This notice has changed since this button was shown. Type “notices” to see how it stands.")


def acts_on(notice: Notice) -> tuple[NoticeAct, ...]:
    """Return what can be done with a notice now."""
    uncertain = notice.counts.get("uncertain", 0) > 0
    return tuple(
        act for state, act in _TRANSITIONS if state == notice.state and (act != "repeat_uncertain" or uncertain)
    )


def state_after(notice: Notice, act: NoticeAct, version: int) -> NoticeState:
    """Return where an act leads. Raises OutOfDate when the notice has moved on since its button was shown.

    What was mended and then is not to be sent is paused again: some have it already.
    """
    state = _TRANSITIONS.get((notice.state, act))
    if state is None or (version != notice.version and act in {"approve", "decline", "repeat_uncertain"}):
        raise OutOfDate(CHANGED)
    return "paused" if notice.has_begun and state in {"declined", "withdrawn"} else state


def next_time(at: datetime, repeat: Repeat) -> datetime | None:
    """Return when a repeated notice comes again: the same local hour a week or a year on."""
    match repeat:
        case "":
            return None
        case "weekly":
            return at + timedelta(days=7)
        case "yearly":
            return _next_year(at)


def _next_year(at: datetime) -> datetime:
    try:
        return at.replace(year=at.year + 1)
    except ValueError:  # 29 February
        return at.replace(year=at.year + 1, day=28)


def units_in(text: str) -> int:
    """Return a text's length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def length_of(text: str) -> int:
    """Return how long a text is for a channel: its strong and slanted words without their signs."""
    plain, _marks = read_marks(text)
    return units_in(plain)


def too_long_for(text: str, *, with_file: bool) -> str | None:
    """Return the first channel a text is too long for, or None."""
    for channel, limits in CHANNEL_LIMITS.items():
        if length_of(text) > (limits.caption if with_file else limits.text):
            return channel
    return None


_URL = re.compile(r"https?://(?:[^\s/?#.:@]+\.)+[^\s/?#.:@]+\.?(?::(?P<port>\d{1,5}))?(?:[/?#]\S*)?", re.IGNORECASE)
LAST_PORT = 65535


def read_url(typed: str) -> str:
    """Return a link's address, with a host and port there can be: Telegram would refuse every letter with another.

    Only http and https lead anywhere safely, and a name before the host hides where it leads. Raises Refused.
    """
    url = typed.strip()
    address = _URL.fullmatch(url)
    if len(url) > LONGEST_URL or address is None or not 1 <= int(address["port"] or 1) <= LAST_PORT:
        raise Refused(_("This is no web address. It begins with https://, for example https://hoctap.example/lich."))
    return url


ANSWERS: Mapping[NoticeAnswer, Wording] = {
    "come": _("🙋 I'll come"),
    "cannot": _("I can't come"),
    "start": _("📝 Start my form"),
}
TURN_OFF: Mapping[MutedKind, Wording] = {
    "notices": _("🔕 No more notices"),
    "reminders": _("🔕 No more reminders"),
    "digests": _("🔕 No more daily reminders"),
    "dates": _("🔕 No more dates"),
}


def message_of(content: Content, notice_id: int, language: str | None, chat: Conversation | None = None) -> Message:
    """Make the message one reader gets: in their language, with the way out under it.

    `notice_id` 0 is a preview: its buttons answer, but count nothing. It is for a `chat` of its own, and its file may
    not be kept yet.
    """
    return Message(
        content.text(language),
        (*_buttons(content, notice_id), (mute_button("notices"),)),
        (content.file.to_send(chat),) if content.file is not None else (),
        formatted=True,
        language=language or "",
    )


def _buttons(content: Content, notice_id: int) -> Iterator[tuple[Button, ...]]:
    if content.link_url:
        yield (Button(content.link_label, "", lasting=True, url=content.link_url),)
    if content.asks_who_comes:
        yield tuple(_answer_button(notice_id, answer) for answer in ("come", "cannot"))
    if content.offers_form:
        yield (_answer_button(notice_id, "start"),)


def _answer_button(notice_id: int, answer: NoticeAnswer) -> Button:
    return Button(ANSWERS[answer], f"c:answer:{notice_id}:{answer}", lasting=True)


def mute_button(kind: MutedKind) -> Button:
    """Make the button that turns something off in one tap."""
    return Button(TURN_OFF[kind], f"c:mute:{kind}", lasting=True)
