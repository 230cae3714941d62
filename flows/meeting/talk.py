"""The branch meeting: what the village has, what the minutes say, and closing the village."""

from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.domain.assessments import BRANCH
from flows.meeting.closing import ask_change, ask_check, hear_change, hear_check
from flows.meeting.entering import CLOSED_ALREADY, Meeting, village_of
from flows.meeting.telling import (
    ask_chair,
    ask_day,
    ask_hours,
    ask_place,
    ask_posting,
    ask_present,
    ask_secretary,
    ask_votes,
    hear_chair,
    hear_day,
    hear_hours,
    hear_place,
    hear_posting,
    hear_present,
    hear_secretary,
    hear_votes,
)
from flows.meeting.villages import ask_standing, ask_village, hear_standing, hear_village
from flows.words.wording import Wording, _


def obstacle(facts: Facts, talk: Meeting) -> Wording | None:
    """Say why somebody cannot enter a meeting, if so: not for the branch, no round, or the village has moved on."""
    if not any(facts.has_role(role) for role in BRANCH):
        return _("Only branch heads and their deputies enter branch meetings.")
    if not talk.round_id:
        return _("No round of assessment has begun yet in your branch.")
    if not talk.unit_id:
        return None
    if not any(facts.holds(role, talk.unit_id) for role in BRANCH):
        return _("This village is not in your branch.")
    return CLOSED_ALREADY if village_of(facts, talk).version != talk.version else None


MEETING = Flow(
    Meeting,
    steps=(
        Step("village", ask_village, hear_village),
        Step("standing", ask_standing, hear_standing),
        Step("day", ask_day, hear_day),
        Step("hours", ask_hours, hear_hours),
        Step("place", ask_place, hear_place),
        Step("chair", ask_chair, hear_chair),
        Step("secretary", ask_secretary, hear_secretary),
        Step("present", ask_present, hear_present),
        Step("votes", ask_votes, hear_votes),
        Step("posting", ask_posting, hear_posting),
        Step("check", ask_check, hear_check),
        Step("change", ask_change, hear_change),
    ),
    obstacle=obstacle,
)
