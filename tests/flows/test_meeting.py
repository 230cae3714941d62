"""What is typed about a branch meeting, and what a village's counts and closing come to."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flows.commune.sampling import draw
from flows.commune.words import percent
from flows.domain.assessments import BRANCH, STATES, TRANSITIONS, Actor, State, next_state
from flows.domain.closings import Closing, Counted, Counts, Village
from flows.forms.records import Acted, changed_by
from flows.meeting.words import read_hours, read_posting, read_present, read_votes
from flows.words.moments import read_day
from flows.words.refusals import Refused
from tests.sample import NOW, form

TODAY = date(2026, 1, 5)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("hôm nay", TODAY),
        ("hom qua", date(2026, 1, 4)),
        ("tối hôm kia", date(2026, 1, 3)),
        ("ngày 5/1", TODAY),
        ("28/12/2025", date(2025, 12, 28)),
    ],
)
def test_a_day_that_has_been_is_read(typed: str, day: date) -> None:
    assert read_day(typed, TODAY) == day


def test_a_day_without_its_year_is_the_last_one_of_that_name() -> None:
    assert read_day("28/12", TODAY) == date(2025, 12, 28)


@pytest.mark.parametrize("typed", ["mai", "6/1", "31/2", "5/1/2020", "tuần trước", "", "5/1 họp ở nhà văn hóa"])
def test_a_day_to_come_or_long_ago_or_none_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_day(typed, TODAY)


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("19:30 đến 21:00", (time(19, 30), time(21, 0))),
        ("từ 19h30 tới 21h", (time(19, 30), time(21, 0))),
        ("7h tối - 9h tối", (time(19, 0), time(21, 0))),
        ("8h", (time(8, 0), None)),
    ],
)
def test_hours_are_read(typed: str, hours: tuple[time, time | None]) -> None:
    assert read_hours(typed) == hours


@pytest.mark.parametrize("typed", ["21h đến 19h", "19h đến 19h", "tối", "19h đến 20h đến 21h", "25:00", ""])
def test_hours_that_cannot_be_are_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_hours(typed)


@given(st.integers(1, 100_000), st.integers(0, 100_000))
def test_as_many_as_there_are_can_be_present_and_no_more(present: int, more: int) -> None:
    members = min(present + more, 100_000)
    assert read_present(f"{present}/{members}") == (present, members)
    if present > 1:
        with pytest.raises(Refused):
            read_present(f"{present}/{present - 1}")


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_votes_are_as_many_as_were_present(votes_for: int, against: int, abstained: int) -> None:
    present = votes_for + against + abstained
    assert read_votes(f"{votes_for} {against} {abstained}", present) == (votes_for, against, abstained)
    with pytest.raises(Refused):
        read_votes(f"{votes_for} {against} {abstained}", present + 1)


@pytest.mark.parametrize(
    "typed", ["11", "không niêm yết 5 ngày", "tôi không niêm yết danh sách 5 ngày đâu ạ", "5 hay 7", "", "nhiều"]
)
def test_a_list_is_posted_for_ten_days_at_most(typed: str) -> None:
    assert read_posting("10 ngày") == 10
    with pytest.raises(Refused):
        read_posting(typed)


# what a village has

counts = st.dictionaries(st.sampled_from([*STATES, "erased"]), st.integers(0, 40))


@given(counts, counts)
def test_two_villages_together_have_what_both_have(one: dict[Counted, int], other: dict[Counted, int]) -> None:
    together = Counts(one, one) + Counts(other, other)
    for name in ("registered", "assessed", "confirmed", "passed", "proposed", "waiting", "returned", "unfinished"):
        assert getattr(together, name) == getattr(Counts(one, one), name) + getattr(Counts(other, other), name)
    assert together.registered == together.unfinished + together.assessed
    assert together.assessed == together.waiting + together.returned + together.confirmed


def test_what_is_posted_goes_up_the_day_after() -> None:
    closing = Closing("closed", 1, None, date(2026, 11, 20), "", NOW)
    village = Village(3, 1, Counts(), closing)
    assert [village.is_up(date(2026, 11, day)) for day in (19, 20, 21)] == [False, False, True]
    assert not Village(3, 1, Counts(), replace(closing, state="sent_back")).is_up(date(2026, 12, 1))


@pytest.mark.parametrize(("count", "of", "share"), [(0, 7, 0), (1, 3, 33), (2, 3, 67), (1, 200, 1), (7, 7, 100)])
def test_shares_are_whole_percent(count: int, of: int, share: int) -> None:
    assert percent(count, of) == share


# a form in a closed village


@pytest.mark.parametrize(("state", "act", "actor"), [key for key in TRANSITIONS if key[2] in BRANCH])
def test_of_a_closed_village_the_branch_decides_on_nothing(state: State, act: str, actor: Actor) -> None:
    with pytest.raises(Refused):
        next_state(replace(form(1, state=state), closed=True), act, actor, "a reason")  # type: ignore[arg-type]


def test_what_the_association_gives_back_is_not_held_by_its_village_and_what_the_committee_sends_back_is() -> None:
    for state, act in (
        ("confirmed", "send_back"),
        ("submitted", "let_in"),
        ("draft", "let_in"),
        ("returned", "let_in"),
    ):
        held = replace(form(1, state=state), closed=True)  # type: ignore[arg-type]
        to = next_state(held, act, "association", "vì thế")  # type: ignore[arg-type]
        acted = Acted(held.id, act, "association", held.version, to, 0, False, "vì thế")  # type: ignore[arg-type]
        assert not changed_by(acted, held).closed
    held = replace(form(1, state="checked"), closed=True, proposal_id=5)
    sent_back = changed_by(Acted(held.id, "send_back", "committee", held.version, "confirmed", 0, True, "vì"), held)
    assert (sent_back.closed, sent_back.proposal_id) == (True, 0)


def test_a_form_stays_on_its_proposal_until_it_is_sent_back_from_it() -> None:
    held = replace(form(1, state="confirmed"), closed=True)
    proposed = changed_by(
        Acted(held.id, "propose", "association", held.version, "checked", 0, True, proposal_id=5), held
    )
    recognised = changed_by(Acted(held.id, "recognise", "committee", 0, "recognised", 0, True), proposed)
    assert (proposed.proposal_id, recognised.proposal_id) == (5, 5)


# samples


@given(st.text(min_size=1), st.sets(st.integers(1, 10_000), max_size=200), st.integers(0, 60))
def test_a_seed_draws_the_same_forms_in_whatever_order_they_come(seed: str, ids: set[int], size: int) -> None:
    drawn = draw(seed, sorted(ids), size)
    assert drawn == draw(seed, sorted(ids, reverse=True), size)
    assert len(set(drawn)) == len(drawn) == min(size, len(ids))
    assert set(drawn) <= ids


def test_another_seed_draws_others() -> None:
    assert len({draw(f"seed {number}", range(1000), 5) for number in range(20)}) == 20
