"""What happens to notices: written, acted on, reported; and from how many recipients on two have to agree."""

from datetime import datetime

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.notices.needs import ApproversWanted, NoticeWanted
from flows.notices.notice import Audience, Content, NoticeAct, NoticeState, Repeat


class NoticeSaved(Record, frozen=True):
    """A notice handed over: to be approved first, or scheduled. `send_at` is None for at once."""

    content: Content
    audience: Audience
    state: NoticeState
    send_at: datetime | None = None
    repeat: Repeat = ""


class NoticeActed(Record, frozen=True):
    """An act on a notice, and what it came to."""

    notice_id: int
    act: NoticeAct
    version: int
    state: NoticeState

    @property
    def touches(self) -> object:
        return ("notice", self.notice_id)


class ReportAsked(Record, frozen=True):
    """The report of a notice as a file, to be made and sent here."""

    notice_id: int


class ApprovalLimitSet(Record, frozen=True):
    """From how many recipients on a second administrator has to approve, in a unit and all below it."""

    unit_id: int
    above: int


AnyRecord = NoticeSaved | NoticeActed | ReportAsked | ApprovalLimitSet


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once something happened to a notice."""
    match record:
        case NoticeSaved() | ReportAsked():
            return facts
        case NoticeActed():
            return _with_notice(facts, record)
        case ApprovalLimitSet(_, above):
            return _with_limit(facts, above)


def _with_notice(facts: Facts, record: NoticeActed) -> Facts:
    known = facts.find(NoticeWanted(record.notice_id))
    if known is None:
        return facts
    counts = dict(known.counts)
    if record.act == "repeat_uncertain":
        counts["queued"] = counts.get("queued", 0) + counts.pop("uncertain", 0)
    if record.state == "stopped":
        counts["stopped"] = counts.get("stopped", 0) + counts.pop("queued", 0)
    changed = replace(known, state=record.state, version=known.version + 1, counts=counts)
    return facts.knowing(NoticeWanted(record.notice_id), changed)


def _with_limit(facts: Facts, above: int) -> Facts:
    for need in facts.found:
        if isinstance(need, ApproversWanted):
            facts = facts.knowing(need, replace(facts.find(need), above=above))
    return facts
