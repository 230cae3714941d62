import dataclasses
from datetime import date

import pytest
from msgspec.structs import replace

from bot.commands.typed_places import place
from flows.conversation.facts import Facts
from flows.domain.assessments import Assessment, State
from flows.domain.criteria import CriteriaSet, Indicator, Level
from flows.forms.last_year import answered_before

PLACE = "self-assessment.indicator farmer 1 again"


def both() -> tuple[Facts, Assessment, Assessment]:
    """Return what is known of somebody with a form of last year and one of this year."""
    facts = place(PLACE).facts
    before, now = facts.own
    return facts, before, now


def offered(facts: Facts, before: Assessment, now: Assessment) -> str | None:
    """Return the answer of last year that is held out with the first question."""
    found = answered_before(replace(facts, own=(before, now)), now, now.criteria.indicators[0])
    return found.level.id if found else None


def with_first(criteria: CriteriaSet, indicator: Indicator) -> CriteriaSet:
    """Return a new version of a set with another first question."""
    first, *others = criteria.competencies
    changed = replace(first, indicators=(indicator, *first.indicators[1:]))
    return replace(criteria, version="2027.1", competencies=(changed, *others))


def with_level(indicator: Indicator, number: int, level: Level) -> Indicator:
    levels = tuple(level if place == number else one for place, one in enumerate(indicator.levels))
    return replace(indicator, levels=levels)


def test_the_answer_of_last_year_is_held_out() -> None:
    assert offered(*both()) == "sometimes"


@pytest.mark.parametrize("state", ["submitted", "returned", "confirmed", "checked", "recognised"])
def test_what_was_handed_in_counts_whatever_came_of_it(state: State) -> None:
    facts, before, now = both()
    assert offered(facts, replace(before, state=state), now) == "sometimes"


@pytest.mark.parametrize("state", ["draft", "revoked"])
def test_what_was_not_handed_in_or_was_revoked_does_not_count(state: State) -> None:
    facts, before, now = both()
    assert offered(facts, replace(before, state=state), now) is None


def test_another_version_with_the_same_codes_asks_the_same() -> None:
    facts, before, now = both()
    first = now.criteria.indicators[0]
    reworded = replace(first, question=replace(first.question, vi="Có hay đọc sách báo, nghe đài không?"))
    now = replace(now, criteria=with_first(now.criteria, reworded))
    assert offered(facts, before, now) == "sometimes"


def test_a_corrected_spelling_makes_no_other_answer() -> None:
    facts, before, now = both()
    first = now.criteria.indicators[0]
    level = first.levels[0]
    corrected = replace(level, label=replace(level.label, vi="Hàng ngày"))
    now = replace(now, criteria=with_first(now.criteria, with_level(first, 0, corrected)))
    assert offered(facts, before, now) == "sometimes"


@pytest.mark.parametrize("number", [0, 2])
def test_where_any_answer_has_other_words_points_or_a_code_nothing_is_said(number: int) -> None:
    facts, before, now = both()
    first = now.criteria.indicators[0]
    level = first.levels[number]
    for changed in (
        replace(level, label=replace(level.label, vi="Có sổ ghi chép")),
        replace(level, points=level.points - 1),
        replace(level, id="other"),
    ):
        other = replace(now, criteria=with_first(now.criteria, with_level(first, number, changed)))
        assert offered(facts, before, other) is None, changed


def test_another_set_asks_something_else() -> None:
    facts, before, now = both()
    assert offered(facts, before, replace(now, criteria=replace(now.criteria, id="another"))) is None


def test_a_question_that_was_not_there_has_no_answer() -> None:
    facts, before, now = both()
    first = now.criteria.indicators[0]
    now = replace(now, criteria=with_first(now.criteria, replace(first, id="new-question")))
    assert offered(facts, before, now) is None


def test_the_last_year_that_was_handed_in_counts_and_no_later_one() -> None:
    facts, before, now = both()
    earlier, this_year = facts.reference.rounds
    older = dataclasses.replace(earlier, id=3, year=2024, opens=date(2024, 9, 1), closes=date(2024, 11, 15))
    later = dataclasses.replace(earlier, id=4, year=2027, opens=date(2027, 9, 1), closes=date(2027, 11, 15))
    facts = replace(facts, reference=dataclasses.replace(facts.reference, rounds=(older, earlier, this_year, later)))
    levels = now.criteria.indicators[0].levels
    answers = {**before.answers, now.criteria.indicators[0].id: replace(before.answers["keeps-up"], level_id="daily")}
    in_2024 = replace(before, id=3, round_id=3, answers=answers)
    in_2027 = replace(before, id=4, round_id=4, answers=answers)
    found = answered_before(replace(facts, own=(in_2024, before, now, in_2027)), now, now.criteria.indicators[0])
    assert found is not None
    assert (found.level, found.year, found.last) == (levels[2], 2025, True)
    found = answered_before(replace(facts, own=(in_2024, now)), now, now.criteria.indicators[0])
    assert found is not None
    assert (found.level.id, found.year, found.last) == ("daily", 2024, False)
