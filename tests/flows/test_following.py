"""How a form follows its owner: every state, every change, in every phase of its round."""

from datetime import date, datetime, time

import pytest
from msgspec.structs import replace

from flows.conversation.facts import Conversation, Facts, Reference
from flows.domain.assessments import Act, Assessment, State
from flows.domain.people import Person
from flows.domain.rounds import Round, usual_phases
from flows.forms.following import following, left_behind
from flows.words.refusals import Refused
from tests.sample import FAR_COMMUNE, FAR_VILLAGE, LAN, OTHER_VILLAGE, REFERENCE, ROUND, UNITS, ZONE, form

# In the round, after its closing day, after the branch's last day, after the decision.
DAYS = (date(2026, 10, 1), date(2026, 11, 16), date(2026, 11, 21), date(2026, 12, 1))
CHANGES = {
    "name": replace(LAN, name="Nguyễn Thị Lân"),
    "place": replace(LAN, unit_id=OTHER_VILLAGE.id),
    "group": replace(LAN, group="worker"),
}
REFUSED, NOTHING = "refused", None
Outcome = str | tuple[Act, State] | None
TABLE: dict[tuple[State, str], tuple[Outcome, Outcome, Outcome, Outcome]] = {
    ("draft", "name"): (NOTHING, NOTHING, NOTHING, NOTHING),
    ("draft", "place"): (("change", "draft"), ("change", "draft"), ("change", "draft"), NOTHING),
    ("draft", "group"): (("restart", "draft"), NOTHING, NOTHING, NOTHING),
    ("returned", "name"): (NOTHING, NOTHING, NOTHING, NOTHING),
    ("returned", "place"): (("change", "returned"), ("change", "returned"), ("change", "returned"), NOTHING),
    ("returned", "group"): (("restart", "returned"), NOTHING, NOTHING, NOTHING),
    ("submitted", "name"): (("change", "submitted"),) * 4,
    ("submitted", "place"): (("change", "submitted"),) * 4,
    ("submitted", "group"): (("restart", "draft"), REFUSED, REFUSED, ("change", "submitted")),
    ("confirmed", "name"): (("change", "submitted"), ("change", "submitted"), REFUSED, NOTHING),
    ("confirmed", "place"): (("change", "submitted"), ("change", "submitted"), REFUSED, NOTHING),
    ("confirmed", "group"): (("restart", "draft"), REFUSED, REFUSED, NOTHING),
}


def facts(day: date, *own: Assessment, reference: Reference = REFERENCE) -> Facts:
    now = datetime.combine(day, time(9), ZONE)
    return Facts(now, Conversation(1, "web", "vi", consented=True), reference, LAN, own=own)


def outcome(known: Facts, after: Person) -> Outcome:
    try:
        followed = [what for _form, what in following(known, after)]
    except Refused:
        return REFUSED
    return (followed[0].act, followed[0].state) if followed else NOTHING


@pytest.mark.parametrize(("state", "change"), TABLE)
def test_a_form_follows_as_the_table_says(state: State, change: str) -> None:
    came = tuple(outcome(facts(day, form(*[1] * 10, state=state)), CHANGES[change]) for day in DAYS)
    assert came == TABLE[state, change]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("state", ["draft", "returned", "submitted", "confirmed"])
def test_what_is_the_same_as_before_changes_nothing(state: State, day: date) -> None:
    assert outcome(facts(day, form(1, state=state)), LAN) is NOTHING


def test_a_returned_form_that_is_still_open_is_begun_anew_for_another_group() -> None:
    returned = replace(form(1, state="returned"), open_until=date(2026, 12, 3))
    known = facts(date(2026, 11, 28), returned)
    assert outcome(known, CHANGES["group"]) == ("restart", "returned")


def far_round(opens: date, closes: date) -> Round:
    return Round(2, 2026, "Đợt khác", FAR_COMMUNE.id, opens, closes, ROUND.sets, usual_phases(2026, opens, closes))


FAR = replace(LAN, unit_id=FAR_VILLAGE.id)
FAR_DAYS = (date(2026, 10, 10), date(2026, 11, 10))


@pytest.mark.parametrize(
    ("state", "day", "place"),
    [
        ("draft", date(2026, 10, 1), FAR_VILLAGE.id),  # its round is still to come, and so is the rest of the form
        ("confirmed", date(2026, 10, 1), None),  # nobody could decide there yet
        ("confirmed", date(2026, 10, 12), FAR_VILLAGE.id),
    ],
)
def test_into_another_round_of_the_year_a_form_goes_when_somebody_there_can_take_it(
    state: State, day: date, place: int | None
) -> None:
    rounds = (ROUND, far_round(*FAR_DAYS))
    reference = Reference(UNITS, rounds, REFERENCE.criteria)
    followed = list(following(facts(day, form(*[1] * 10, state=state), reference=reference), FAR))
    assert [what.unit_id for _form, what in followed] == ([] if place is None else [place])
    assert all(what.round_id == 2 for _form, what in followed)


def test_without_a_round_of_that_year_where_somebody_moves_the_form_stays() -> None:
    assert outcome(facts(DAYS[0], form(1, state="confirmed")), FAR) is NOTHING


def test_a_set_of_its_own_for_a_group_that_shares_one_is_no_other_form() -> None:
    shared = {**ROUND.sets, "worker": ROUND.sets["farmer"]}
    round_ = Round(1, 2026, "Đợt", ROUND.unit_id, ROUND.opens, ROUND.closes, shared, ROUND.phases)
    reference = Reference(UNITS, (round_,), REFERENCE.criteria)
    known = facts(DAYS[0], form(1, state="confirmed"), reference=reference)
    assert outcome(known, CHANGES["group"]) == ("change", "submitted")


@pytest.mark.parametrize(
    ("state", "day", "stays"),
    [
        ("submitted", DAYS[3], True),
        ("confirmed", DAYS[2], True),
        ("confirmed", DAYS[3], False),
        ("draft", DAYS[3], False),
        ("recognised", DAYS[0], False),
    ],
)
def test_a_form_where_its_owner_lives_no_more_is_left_behind_while_it_is_at_work(
    state: State, day: date, *, stays: bool
) -> None:
    moved = replace(form(*[1] * 10, state=state), person=FAR)
    assert bool(list(left_behind(facts(day, moved)))) is stays


def test_details_of_a_form_that_is_proposed_are_not_changed_before_the_decision() -> None:
    assert outcome(facts(DAYS[0], form(*[1] * 10, state="checked")), CHANGES["name"]) == REFUSED
