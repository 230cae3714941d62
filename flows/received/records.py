"""What people do with what they receive: answer a notice, turn a kind off or on."""

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.notices.notice import MutedKind, NoticeAnswer
from flows.received.needs import MutedWanted


class NoticeAnswered(Record, frozen=True):
    """A button pressed under a notice. The last one of a person counts."""

    notice_id: int
    answer: NoticeAnswer


class Muted(Record, frozen=True):
    """Something that is sent automatically, turned off or on again by its receiver."""

    kind: MutedKind
    off: bool = True


AnyRecord = NoticeAnswered | Muted


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once something was answered, or turned off or on."""
    match record:
        case NoticeAnswered():
            return facts
        case Muted(kind, off):
            muted = facts.find(MutedWanted(facts.person_id))
            return facts.knowing(MutedWanted(facts.person_id), muted | {kind} if off else muted - {kind})
