"""What is told of a branch meeting, as it is kept between two turns."""

from datetime import date, time

from flows.conversation.facts import Facts
from flows.conversation.session import Talk
from flows.domain.assessments import BRANCH
from flows.domain.closings import Village
from flows.domain.rounds import Round
from flows.domain.units import Scope
from flows.meeting.needs import VillageWanted
from flows.papers.rights import PaperKind
from flows.words.wording import _


class Meeting(Talk, frozen=True, tag="meeting"):
    """The village whose branch has met, in which round, and what was told of the meeting so far. `version` is that of
    the village's closing when this began; `timed` that the hours were asked about; `unsure` is a name that was asked
    about once."""

    page: int = 0
    unit_id: int = 0
    round_id: int = 0
    version: int = 0
    day: date | None = None
    timed: bool = False
    begins: time | None = None
    ends: time | None = None
    place: str = ""
    chair: str = ""
    secretary: str = ""
    unsure: str = ""
    present: int = 0
    members: int = 0
    votes: tuple[int, int, int] | None = None
    posting: int | None = None


PAPERS: tuple[PaperKind, ...] = ("minutes", "list", "posted")
CLOSED_ALREADY = _(
    "This village has been closed or sent back meanwhile. To look at it once more, type “branch meeting”."
)


def branch_scope(facts: Facts) -> Scope:
    """Return the units that somebody decides for as the branch."""
    return facts.reference.units.scope(unit_id for role in BRANCH for unit_id in facts.over(role))


def places(facts: Facts) -> tuple[Round, ...]:
    """Return the rounds that branches of somebody's units may meet on, the oldest first."""
    known = facts.reference.rounds_by_id
    return tuple(
        sorted((known[id_] for id_ in facts.rounds_in(branch_scope(facts))), key=lambda one: (one.year, one.id))
    )


def begin(facts: Facts) -> Meeting:
    """Return the talk at its beginning: at the one village and round there is, if there is one only."""
    units, rounds = facts.reference.units, places(facts)
    tops = branch_scope(facts).tops
    if len(tops) == 1 and len(rounds) == 1 and units.by_id[tops[0]].takes_residents:
        return at_village(facts, Meeting(round_id=rounds[0].id), tops[0])
    return Meeting(round_id=rounds[0].id) if rounds else Meeting()


def at_village(facts: Facts, talk: Meeting, unit_id: int) -> Meeting:
    """Return the talk about a village as it stands now."""
    round_ids = facts.reference.rounds_at_work(unit_id, facts.today)
    round_id = talk.round_id if talk.round_id in round_ids else min(round_ids, default=0)
    return Meeting(
        talk.page, unit_id, round_id, facts.find(VillageWanted(unit_id, round_id)).version if round_id else 0
    )


def village_of(facts: Facts, talk: Meeting) -> Village:
    """Return the village it is about, as it stands now."""
    return facts.find(VillageWanted(talk.unit_id, talk.round_id))


def round_of(facts: Facts, talk: Meeting) -> Round:
    """Return the round it is about."""
    return facts.reference.rounds_by_id[talk.round_id]
