"""What happens to notices: written, acted on, reported; and from how many recipients on two have to agree."""

from datetime import datetime

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.notices.needs import ApproversWanted, LedgerWanted, NoticeWanted, notice_of
from flows.notices.notice import AGAIN, Audience, Content, Ledger, NoticeAct, NoticeState, Repeat


class NoticeSaved(Record, frozen=True):
    """A notice handed over: to be approved first, or scheduled. `send_at` is None for at once."""

    content: Content
    audience: Audience
    state: NoticeState
    send_at: datetime | None = None
    repeat: Repeat = ""


class NoticeActed(Record, frozen=True):
    """An act on a notice, and what it came to. `content` is what it says from now on, if it was mended, `approved_for`
    how many people it may go to, if it was approved."""

    notice_id: int
    act: NoticeAct
    version: int
    state: NoticeState
    content: Content | None = None
    approved_for: int = 0

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
    known = notice_of(facts, record.notice_id)
    assert known is not None  # what is acted on was looked at
    counts = dict(known.counts)
    again = AGAIN.get(record.act)
    if again is not None and again in counts:
        counts["queued"] = counts.get("queued", 0) + counts.pop(again)
    changed = replace(
        known,
        state=record.state,
        version=known.version + 1,
        refusal="" if record.act in {"resume", "mend"} else known.refusal,
        content=record.content or known.content,
        approved_for=record.approved_for if record.act in {"approve", "mend"} else known.approved_for,
    )
    ledger = Ledger(counts, known.answers)
    return facts.knowing(NoticeWanted(known.id), changed).knowing(LedgerWanted(known.id), ledger)


def _with_limit(facts: Facts, above: int) -> Facts:
    for need in facts.found:
        if isinstance(need, ApproversWanted):
            found = facts.find(need)
            facts = facts.knowing(need, replace(found, above=min(above, found.others)))
    return facts
