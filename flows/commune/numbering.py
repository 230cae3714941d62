"""Number and date of a proposal, recorded once it is signed: on paper they come last."""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from flows.commune.needs import NumberedProposal, NumberedWanted
from flows.commune.records import ProposalNumbered
from flows.conversation.events import Event, Left, Sent, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, BACK_OR_NO, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.papers.words import button
from flows.recognition.talk import TODAY, read_number
from flows.words.moments import read_day
from flows.words.refusals import OutOfDate
from flows.words.wording import Wording, _, lines

NOT_THERE = _("This proposal is not in your commune, or is decided on already.")
RECORD = Choice(
    "record", _("✅ Record"), words("ghi; ghi số; đúng; đúng rồi; ghi lại; lưu; xác nhận; record; save"), final=True
)


class Numbering(Talk, frozen=True, tag="proposal_number"):
    """The proposal that was signed, and what was told of it."""

    proposal_id: int = 0
    number: str = ""
    dated: date | None = None


def ask_number(facts: Facts, talk: Numbering) -> Question:
    return Question(_("Which number does the signed proposal have? For example: 03/TTr-HKH."), free=True, moves=(BACK,))


def hear_number(facts: Facts, talk: Numbering, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Left()
    else:
        yield Went("proposal_dated", replace(talk, number=read_number(written(heard))))


def ask_dated(facts: Facts, talk: Numbering) -> Question:
    return Question(
        _("Which date does the proposal have? For example: 20/11/{year}.", year=facts.today.year),
        (TODAY,),
        (BACK,),
        free=True,
    )


def hear_dated(facts: Facts, talk: Numbering, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("proposal_number", talk)
        case Chose(TODAY.key):
            yield Went("proposal_check", replace(talk, dated=facts.today))
        case _:
            yield Went("proposal_check", replace(talk, dated=read_day(written(heard), facts.today)))


def ask_check(facts: Facts, talk: Numbering) -> Question:
    return Question(
        lines(
            _("Proposal number {number} of {day}", number=talk.number, day=talk.dated),
            _("It stands on the proposal and on the decision. Is everything right?"),
        ),
        (RECORD,),
        (BACK_OR_NO,),
    )


def hear_check(facts: Facts, talk: Numbering, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != RECORD.key:
        yield Went("proposal_dated", talk)
        return
    proposal = _proposal(facts, talk.proposal_id)
    if proposal is None:
        raise OutOfDate(NOT_THERE)
    assert talk.dated is not None
    yield ProposalNumbered(talk.proposal_id, proposal.unit_id, proposal.round_id, talk.number, talk.dated)
    year = facts.reference.rounds_by_id[proposal.round_id].year
    said = _("✅ Recorded: proposal number {number} of {day}.", number=talk.number, day=talk.dated)
    yield Sent(Message(said, ((button("proposal", proposal.unit_id, year, talk.proposal_id),),)))
    yield Left(home=True, quiet=True)


def _proposal(facts: Facts, proposal_id: int) -> NumberedProposal | None:
    """Return a proposal of one's own commune on which nothing was decided yet."""
    proposal = facts.find(NumberedWanted(proposal_id))
    if proposal is None or proposal.is_decided or not facts.holds("association", proposal.unit_id):
        return None
    return proposal


def obstacle(facts: Facts, talk: Numbering) -> Wording | None:
    """Say why no number can be recorded, if so."""
    return NOT_THERE if _proposal(facts, talk.proposal_id) is None else None


NUMBERING = Flow(
    Numbering,
    steps=(
        Step("proposal_number", ask_number, hear_number),
        Step("proposal_dated", ask_dated, hear_dated),
        Step("proposal_check", ask_check, hear_check),
    ),
    obstacle=obstacle,
)
