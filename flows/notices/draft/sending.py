"""The last question, and handing a notice over."""

from collections.abc import Iterator
from datetime import datetime

from flows.conversation.events import Event, Left, Said, Sent, Went
from flows.conversation.facts import Facts
from flows.conversation.messages import Message
from flows.conversation.questions import BACK_OR_NO, Choice, Heard, Question, chosen
from flows.conversation.questions import words as said
from flows.notices import words
from flows.notices.audience import reach_of, subject
from flows.notices.draft.approval import TO_LIST, approval_rule, asked_to_approve, check_approvers
from flows.notices.draft.drafting import Drafting
from flows.notices.draft.summary import open_gaps, whom_and_when
from flows.notices.draft.when import each_year
from flows.notices.needs import ApproversWanted
from flows.notices.notice import CHANGED, Reached, state_after
from flows.notices.records import NoticeActed, NoticeSaved
from flows.words.refusals import Refused
from flows.words.wording import _, lines, n_, paragraphs

SEND = Choice("send", _("📤 Send"), said("gửi; gửi đi; gửi luôn; gửi thông báo; đồng ý gửi; send; send it"), final=True)


def ask_confirm(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            _("Please check before it is sent:"),
            words.title(talk.content, 60),
            lines(*whom_and_when(facts, talk)),
            approval_rule(facts, talk),
            each_year(talk),
            open_gaps(talk),
        ),
        (SEND,),
        (BACK_OR_NO,),
    )


def hear_confirm(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != SEND.key:
        yield Went("draft", talk)
        return
    if talk.mends:
        yield from _mend(facts, talk)
        return
    reached = sendable(facts, talk)
    approvers = facts.find(ApproversWanted(frozenset(talk.audience.unit_ids), facts.person_id))
    if reached.total <= approvers.above:
        yield _saved(facts, talk, awaiting=False)
        yield Sent(_handed_over(facts, talk, reached))
    else:
        yield _saved(facts, talk, awaiting=True)
        yield from asked_to_approve(facts, talk, approvers)
    yield Left(quiet=True)


def _mend(facts: Facts, talk: Drafting) -> Iterator[Event]:
    """Let a paused notice go on with what it says now; a long list is approved anew."""
    notice = subject(facts, talk.mends)
    if notice.state != "paused":
        yield Said(CHANGED)
        yield Left()
        return
    approvers = facts.find(ApproversWanted(frozenset(notice.audience.unit_ids), facts.person_id))
    check_approvers(notice.recipients, approvers)
    needs_approval = notice.recipients > approvers.above
    state = "awaiting" if needs_approval else state_after(notice, "mend", notice.version)
    yield NoticeActed(notice.id, "mend", notice.version, state, talk.content)
    if needs_approval:
        yield from asked_to_approve(facts, talk, approvers)
    else:
        yield Sent(Message(_("✏️ Changed. It goes on to those who have not got it yet."), TO_LIST))
    yield Left(quiet=True)


def sendable(facts: Facts, talk: Drafting) -> Reached:
    """Return whom a notice reaches now. Raises Refused with what keeps it from being sent."""
    units = talk.audience.unit_ids
    if not units or not all(facts.holds("admin", unit_id) for unit_id in units):
        raise Refused(_("You can write only to people of your own unit. Choose anew under “To whom”."))
    if talk.send_at is not None and talk.send_at <= facts.now:
        raise Refused(_("Its time is past. Choose a new one under “When”."))
    reached = reach_of(facts, talk.audience)
    if not reached.total:
        raise Refused(_("Nobody would get this notice. Choose more people under “To whom”."))
    approvers = facts.find(ApproversWanted(frozenset(units), facts.person_id))
    check_approvers(reached.total, approvers)
    return reached


def _saved(facts: Facts, talk: Drafting, *, awaiting: bool) -> NoticeSaved:
    return NoticeSaved(
        talk.content, talk.audience, "awaiting" if awaiting else "scheduled", _first_time(facts, talk), talk.repeat
    )


def _first_time(facts: Facts, talk: Drafting) -> datetime | None:
    """Return when a notice goes out; what repeats has a time to repeat at."""
    return facts.now if talk.repeat and talk.send_at is None else talk.send_at


def _handed_over(facts: Facts, talk: Drafting, reached: Reached) -> Message:
    return Message(
        lines(
            n_(
                "📤 Accepted for sending to {count} person.",
                "📤 Accepted for sending to {count} people.",
                reached.total,
            ),
            words.when(facts, talk.send_at, talk.repeat),
        ),
        TO_LIST,
    )
