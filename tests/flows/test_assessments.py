"""Assessments: the table of their life, versions, and what their answers come to."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flows.domain.assessments import (
    BRANCH,
    EDITABLE,
    LOCKED,
    STATES,
    TRANSITIONS,
    Act,
    Actor,
    Answer,
    Assessment,
    Evidence,
    State,
    next_state,
    result_of,
    total_of,
)
from flows.domain.people import ROLES
from flows.forms.records import Acted, Answered, EvidenceGiven, changed_by
from flows.words.refusals import OutOfDate, Refused
from tests.sample import SETS, form

ACTORS: tuple[Actor, ...] = ("resident", *ROLES)
EVERYTHING = list(product(STATES, get_args(Act), ACTORS))
FARMER = SETS["farmer"]
BEST, WORST = 1, len(FARMER.indicators[0].levels)

levels = st.integers(1, min(len(indicator.levels) for indicator in FARMER.indicators))
filled_in = st.lists(levels, max_size=10).map(lambda chosen: form(*chosen))


@pytest.mark.parametrize(("state", "act", "actor"), [key for key in EVERYTHING if key not in TRANSITIONS])
def test_an_act_that_is_not_in_the_table_is_out_of_date(state: State, act: Act, actor: Actor) -> None:
    with pytest.raises(OutOfDate):
        next_state(form(1, 2, 3, state=state), act, actor, "a reason")


@pytest.mark.parametrize(("state", "act", "actor"), TRANSITIONS)
def test_an_act_of_the_table_leads_where_it_says(state: State, act: Act, actor: Actor) -> None:
    transition = TRANSITIONS[state, act, actor]
    known = replace(form(state=state), closed=act == "propose")  # from villages that are closed
    assert next_state(known, act, actor, "a reason") == transition.to


def test_nothing_is_proposed_from_a_village_whose_branch_has_not_met() -> None:
    with pytest.raises(Refused, match="not closed yet"):
        next_state(form(state="confirmed"), "propose", "association")


@pytest.mark.parametrize("key", [key for key, transition in TRANSITIONS.items() if transition.needs_reason])
@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_returning_and_adjusting_need_a_reason(key: tuple[State, Act, Actor], reason: str) -> None:
    state, act, actor = key
    with pytest.raises(Refused):
        next_state(form(state=state), act, actor, reason)


def test_each_act_is_for_its_level_alone() -> None:
    by_act = {act: {actor for _state, each, actor in TRANSITIONS if each == act} for act in get_args(Act)}
    assert by_act == {
        "submit": {"resident"},
        "withdraw": {"resident"},
        "change": {"resident"},
        "restart": {"resident"},
        "adjust": {*BRANCH},
        "return": {*BRANCH},
        "confirm": {*BRANCH},
        "undo": {*BRANCH},
        "let_in": {*BRANCH, "association"},
        "send_back": {"association", "committee"},
        "propose": {"association"},
        "recognise": {"committee"},
        "unlock": {"committee"},
        "revoke": {"committee"},
    }


def test_nothing_moves_a_locked_form_but_the_committee_and_every_other_state_can_be_left() -> None:
    assert {state for state, _act, _actor in TRANSITIONS} == {*STATES} - {"revoked"}
    assert {actor for state, _act, actor in TRANSITIONS if state in LOCKED} == {"committee"}


def test_out_of_confirmed_lead_what_the_owner_changes_undoing_and_the_association() -> None:
    out = {(act, actor) for state, act, actor in TRANSITIONS if state == "confirmed"}
    assert out == {
        ("change", "resident"),
        ("restart", "resident"),
        *(("undo", actor) for actor in BRANCH),
        ("send_back", "association"),
        ("propose", "association"),
    }


def test_what_the_owner_changes_leaves_no_form_confirmed() -> None:
    changed = {to.to for (_state, act, _actor), to in TRANSITIONS.items() if act == "change"}
    assert changed == {"draft", "returned", "submitted"}
    assert {to.to for (_state, act, _actor), to in TRANSITIONS.items() if act == "restart"} == EDITABLE


def test_answers_are_changed_only_while_the_form_is_with_the_resident() -> None:
    assert {state for state, act, _actor in TRANSITIONS if act == "submit"} == EDITABLE


@given(filled_in)
def test_the_total_is_the_sum_of_the_levels(assessment: Assessment) -> None:
    points = [assessment.criteria.level(i, answer.level_id).points for i, answer in assessment.answers.items()]
    result = result_of(assessment)
    assert result.total == total_of(assessment) == sum(points)
    assert sum(earned for _competency, earned, _most in result.points) == result.total
    assert result.maximum == sum(most for _competency, _earned, most in result.points) == 100


@given(st.lists(levels, min_size=10, max_size=10))
def test_the_title_is_reached_exactly_with_enough_points_and_none_below_the_floor(chosen: list[int]) -> None:
    points = [i.levels[level - 1].points for i, level in zip(FARMER.indicators, chosen, strict=True)]
    result = result_of(form(*chosen))
    assert result.passed is (sum(points) >= 80 and min(points) >= 5)
    assert result.missing_points == max(0, 80 - sum(points))
    assert [earned for _indicator, earned in result.below_floor] == [earned for earned in points if earned < 5]
    assert result.lowest == min(points)


@given(filled_in)
def test_what_is_unanswered_and_what_is_answered_make_the_whole_form(assessment: Assessment) -> None:
    left = [indicator.id for indicator in assessment.unanswered]
    assert sorted([*left, *assessment.answers]) == sorted(indicator.id for indicator in FARMER.indicators)
    assert left == [indicator.id for indicator in FARMER.indicators if indicator.id in set(left)]


def test_every_change_of_what_a_decider_saw_makes_a_new_version() -> None:
    known = form(1, 1, state="submitted")
    first = FARMER.indicators[0]
    answer = Answer(first.levels[1].id, first.levels[1].points)
    events = (
        Answered(known.id, first.id, answer),
        EvidenceGiven(known.id, first.id, Evidence("text", "Tôi đọc báo.")),
        Acted(known.id, "adjust", "head", known.version, "submitted", 0, False, "vì thế", first.id, answer),
        Acted(known.id, "return", "head", known.version, "returned", 0, False, "vì thế"),
        Acted(known.id, "confirm", "head", known.version, "confirmed", 0, False),
    )
    assert [changed_by(event, known).version for event in events] == [known.version + 1] * len(events)


def test_an_answer_replaces_the_one_before_and_evidence_adds_to_it() -> None:
    first = FARMER.indicators[0]
    answer = Answer(first.levels[2].id, first.levels[2].points)
    answered = changed_by(Answered(11, first.id, answer), form(1, 1))
    assert answered.answers == {**form(1, 1).answers, first.id: answer}
    proofs = (Evidence("vouched"), Evidence("text", "Tôi đọc báo."))
    for proof in proofs:
        answered = changed_by(EvidenceGiven(11, first.id, proof), answered)
    assert answered.evidence == {first.id: proofs}


def test_an_act_keeps_the_answers_it_does_not_change_and_the_reason_it_gives() -> None:
    known = form(1, 2, 3, state="submitted")
    returned = changed_by(Acted(11, "return", "head", known.version, "returned", 0, False, "Xem lại câu 2."), known)
    assert returned == replace(known, version=known.version + 1, state="returned", reason="Xem lại câu 2.")
