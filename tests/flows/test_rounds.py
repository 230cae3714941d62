"""Rounds: when they are open, and which one counts for a unit."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.conversation.facts import Reference
from flows.domain.rounds import Round, RoundState, round_for, usual_phases
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Scope, Unit
from tests.sample import COMMUNE, FAR_VILLAGE, PROVINCE, UNITS, VILLAGE

DAY = date(2026, 10, 1)


def round_(id_: int, unit_id: int, opens: date, closes: date) -> Round:
    return Round(id_, opens.year, f"Đợt {id_}", unit_id, opens, closes, {}, usual_phases(opens.year, opens, closes))


OPEN = round_(1, COMMUNE.id, date(2026, 9, 1), date(2026, 11, 15))
NEXT = round_(2, COMMUNE.id, date(2027, 9, 1), date(2027, 11, 15))
LAST = round_(3, COMMUNE.id, date(2025, 9, 1), date(2025, 11, 15))
BEFORE_LAST = round_(4, COMMUNE.id, date(2024, 9, 1), date(2024, 11, 15))


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 8, 31), "upcoming"),
        (date(2026, 9, 1), "open"),
        (date(2026, 11, 15), "open"),
        (date(2026, 11, 16), "closed"),
    ],
)
def test_both_days_of_a_round_are_part_of_it(day: date, state: RoundState) -> None:
    assert OPEN.state(day) == state


@pytest.mark.parametrize(
    ("rounds", "chosen"),
    [
        ([LAST, NEXT, OPEN], OPEN),
        ([LAST, NEXT], NEXT),
        ([BEFORE_LAST, LAST], LAST),
        ([round_(5, PROVINCE.id, OPEN.opens, OPEN.closes), OPEN], OPEN),
        ([round_(5, PROVINCE.id, OPEN.opens, OPEN.closes), NEXT], round_(5, PROVINCE.id, OPEN.opens, OPEN.closes)),
        ([round_(6, VILLAGE.id, OPEN.opens, OPEN.closes), OPEN], round_(6, VILLAGE.id, OPEN.opens, OPEN.closes)),
        ([round_(7, FAR_VILLAGE.id, OPEN.opens, OPEN.closes)], None),
        ([], None),
    ],
)
def test_the_open_round_counts_then_the_next_then_the_last_and_the_nearest_units_first(
    rounds: list[Round], chosen: Round | None
) -> None:
    assert round_for(rounds, UNITS, VILLAGE.id, DAY) == chosen


days = st.dates(date(2024, 1, 1), date(2028, 12, 31))
rounds_anywhere = st.builds(
    lambda id_, unit_id, opens, length: round_(id_, unit_id, opens, opens + timedelta(length)),
    st.integers(1, 1000), st.sampled_from(sorted(UNITS.by_id)), days, st.integers(0, 200),
)  # fmt: skip


@given(st.lists(rounds_anywhere, max_size=8), st.sampled_from(sorted(UNITS.by_id)), days)
def test_a_round_that_is_found_covers_the_unit_and_no_other_is_open_instead(
    rounds: list[Round], unit_id: int, day: date
) -> None:
    covering = [each for each in rounds if UNITS.covers(each.unit_id, unit_id)]
    found = round_for(rounds, UNITS, unit_id, day)
    if found is None:
        assert covering == []
    else:
        assert found in covering
        assert found.state(day) == "open" or all(each.state(day) != "open" for each in covering)


@given(st.lists(rounds_anywhere, max_size=8), st.lists(st.sampled_from(sorted(UNITS.by_id))), days)
def test_the_rounds_of_a_scope_are_those_of_all_its_units(rounds: list[Round], tops: list[int], day: date) -> None:
    reference = Reference(UNITS, tuple(rounds))
    each = frozenset().union(*map(UNITS.subtree, tops))
    expected = frozenset().union(*(reference.rounds_in(Scope((unit_id,)), day) for unit_id in each))
    assert reference.rounds_in(UNITS.scope(tops), day) == expected


class CountedRounds(tuple[Round, ...]):
    """Rounds that count how often they are gone through."""

    times = 0

    def __iter__(self) -> Iterator[Round]:
        """Go through the rounds."""
        self.times += 1
        return super().__iter__()


def test_the_rounds_are_gone_through_once_a_day_however_many_villages_ask() -> None:
    villages = [Unit(id_, f"v{id_}", "Thôn", "village", 1) for id_ in range(2, 60_002)]
    units = UnitTree.of([Unit(1, "p", "Tỉnh", "province"), *villages])
    rounds = CountedRounds([round_(1, 1, DAY, DAY)])
    reference = Reference(units, rounds)
    gone_through = set()
    for village in villages:
        assert reference.round_for(village.id, DAY) == rounds[0]
        assert reference.rounds_in(Scope((village.id,), 1), DAY) == {1}
        gone_through.add(rounds.times)
    assert reference.rounds_in(units.scope([1]), DAY) == {1}
    assert gone_through == {rounds.times}


@given(st.lists(rounds_anywhere, max_size=8), st.sampled_from(sorted(UNITS.by_id)), days)
def test_what_is_remembered_is_what_would_be_found(rounds: list[Round], unit_id: int, day: date) -> None:
    reference = Reference(UNITS, tuple(rounds))
    assert [reference.round_for(unit_id, day)] * 2 == [round_for(rounds, UNITS, unit_id, day)] * 2
    assert reference.round_for(unit_id, day) == reference.round_for(unit_id, day)


def test_rounds_at_work_are_remembered_for_some_days_only_and_stay_the_same() -> None:
    reference = Reference(UNITS, (OPEN,))
    days = [DAY + timedelta(days=later) for later in range(8)]
    assert {reference.rounds_at_work(VILLAGE.id, day) for day in (*days, *days)} == {frozenset({OPEN.id})}
