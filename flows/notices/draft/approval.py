"""Asking a second administrator where many people get a notice."""

from collections.abc import Iterator

from flows.conversation.events import Event, PersonAddress, Sent, Told
from flows.conversation.facts import Facts
from flows.conversation.messages import Button, Message
from flows.notices import words
from flows.notices.audience import subject
from flows.notices.draft.drafting import Drafting
from flows.notices.draft.summary import whom_and_when
from flows.notices.needs import Approvers, ApproversWanted
from flows.notices.notice import Audience
from flows.words.refusals import Refused
from flows.words.wording import Wording, _, lines, paragraphs

TO_LIST = ((Button(_("📣 Notices"), "c:notices", lasting=True),),)


def check_approvers(number: int, approvers: Approvers) -> None:
    """Refuse what needs an approval while there is nobody to give it."""
    if number > approvers.above and not approvers.person_ids:
        raise Refused(
            _(
                "It goes to {number} people; from {above} on another administrator over all of them has to approve. "
                "There is none yet: type “invite” to invite one.",
                number=number,
                above=approvers.above + 1,
            )
        )


def approval_rule(facts: Facts, talk: Drafting) -> Wording | None:
    """Say from how many people on two have to agree, where that concerns this notice."""
    above = _above(facts, talk.audience)
    total = subject(facts, talk.mends).recipients if talk.mends else talk.reached.total
    if total <= above:
        return None
    return words.rule_of_two(above)


def _above(facts: Facts, audience: Audience) -> int:
    return facts.find(ApproversWanted(frozenset(audience.unit_ids), facts.person_id)).above


def asked_to_approve(facts: Facts, talk: Drafting, approvers: Approvers) -> Iterator[Event]:
    """Ask those who may approve, and tell the author so."""
    for person_id in approvers.person_ids:
        yield Told(PersonAddress(person_id), _told_to_approver(facts, talk))
    yield Sent(Message(_("⏳ Another administrator has been asked to approve it. You will be told."), TO_LIST))


def _told_to_approver(facts: Facts, talk: Drafting) -> Message:
    return Message(
        paragraphs(
            _("👥 {name} asks you to approve a notice:", name=facts.person.named if facts.person else ""),
            words.beginning(talk.content),
            lines(*whom_and_when(facts, talk)),
        ),
        TO_LIST,
    )
