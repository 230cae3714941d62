"""The texts of the year's calendar."""

import dataclasses
from datetime import date, datetime

import pytest
from msgspec.structs import replace

from flows.conversation.facts import Conversation, Facts, Reference
from flows.domain.people import Role
from flows.notices.audience import own_unit_over
from flows.notices.notice import CHANNEL_LIMITS, Audience, Content, Origin, too_long_for
from flows.notices.occasions import GAPS, OCCASIONS, UNKNOWN, Occasion, made, renewed
from flows.words.localized import Localized
from flows.words.refusals import Refused
from tests.sample import COMMUNE, FAR_COMMUNE, FAR_VILLAGE, NOW, OTHER_VILLAGE, REFERENCE, ROUND, UNITS, VILLAGE, ZONE

FACTS = Facts(NOW, Conversation(1, "web"), REFERENCE)


def filled(facts: Facts, key: str, sender: int | None, readers: tuple[int, ...], details: tuple[str, ...]) -> Localized:
    return made(facts.reference, facts.today, Origin(key, details, sender), readers)[0]


def text_of(key: str, facts: Facts = FACTS, details: tuple[str, ...] = ()) -> str:
    return filled(facts, key, COMMUNE.id, (COMMUNE.id,), details).vi


@pytest.mark.parametrize("known", OCCASIONS, ids=lambda known: known.key)
def test_every_text_fits_every_channel_in_both_languages_whatever_is_put_in(known: Occasion) -> None:
    text = filled(FACTS, known.key, COMMUNE.id, (COMMUNE.id,), tuple("x" * 120 for _gap in known.gaps))
    for each in (text.vi, text.en):
        assert "{" not in each
        assert too_long_for(each, with_file=True) is None
    assert CHANNEL_LIMITS


@pytest.mark.parametrize("known", OCCASIONS, ids=lambda known: known.key)
def test_both_languages_leave_the_same_open(known: Occasion) -> None:
    assert known.gaps == tuple(gap for gap in GAPS if f"{{{gap}}}" in known.text.en)


def test_days_of_the_round_are_filled_in() -> None:
    assert "Từ ngày 01/09/2026 đến hết ngày 15/11/2026, Hội Khuyến học xã Thần Khê kính mời" in text_of("opens")


def test_where_there_is_no_round_its_days_stay_open() -> None:
    facts = replace(FACTS, reference=Reference(UNITS))
    assert "hạn nộp phiếu: hết ngày …." in text_of("closes", facts)


@pytest.mark.parametrize(("day", "year"), [((2026, 10, 7), 2026), ((2026, 10, 8), 2027), ((2027, 1, 1), 2027)])
def test_a_day_of_the_year_that_is_past_is_that_of_the_next(day: tuple[int, int, int], year: int) -> None:
    facts = replace(FACTS, now=datetime(*day, 8, tzinfo=ZONE))
    assert f"năm {year} (01–07/10)" in text_of("week", facts)


def test_what_was_told_stands_in_the_text_and_what_was_skipped_stays_open() -> None:
    text = text_of("class", details=("Trồng rau sạch", "", "Nhà văn hóa"))
    assert "Nội dung: Trồng rau sạch\nThời gian: …\nĐịa điểm: Nhà văn hóa" in text


@pytest.mark.parametrize(
    ("sender", "vi", "en"),
    [
        (COMMUNE.id, "Hội Khuyến học xã Thần Khê", "The Study Promotion Association of xã Thần Khê"),
        (
            VILLAGE.id,
            "Chi hội khuyến học thôn Đông, xã Thần Khê",
            "The study promotion branch of thôn Đông, xã Thần Khê",
        ),
        (None, "Hội Khuyến học", "The Study Promotion Association"),
    ],
)
def test_a_notice_is_sent_by_the_association_and_not_by_its_readers(sender: int | None, vi: str, en: str) -> None:
    text = filled(FACTS, "ceremony", sender, (OTHER_VILLAGE.id,), ())
    assert (f"\n{vi} trân trọng kính mời" in text.vi, f"\n{en}" in text.en) == (True, True)
    assert "Đoài" not in text.vi + text.en


@pytest.mark.parametrize(
    ("readers", "sender"),
    [
        ((FAR_VILLAGE.id,), FAR_COMMUNE.id),
        ((VILLAGE.id, OTHER_VILLAGE.id), COMMUNE.id),
        ((VILLAGE.id, FAR_VILLAGE.id), COMMUNE.id),
    ],
)
def test_who_administers_several_units_writes_in_the_name_of_the_one_over_the_readers(
    readers: tuple[int, ...], sender: int
) -> None:
    facts = replace(FACTS, roles=(Role("admin", COMMUNE.id), Role("admin", FAR_COMMUNE.id)))
    assert own_unit_over(facts, Audience(readers)) == sender


def test_the_theme_of_the_week_has_a_line_only_when_it_is_told() -> None:
    told, untold = text_of("week", details=("Học tập số",)), text_of("week", details=("",))
    assert told.splitlines()[1:3] == ["Chủ đề: Học tập số", ""]
    assert (untold.splitlines()[1], UNKNOWN in untold) == ("", False)


def test_braces_in_what_was_told_are_no_gaps() -> None:
    assert "Thời gian: {where}" in text_of("meeting", details=("{where}", "{0}"))


# The next year

NEXT_ROUND = dataclasses.replace(ROUND, id=99, year=2027, opens=date(2027, 9, 5), closes=date(2027, 11, 20))
NEXT_YEAR = Reference(UNITS, (ROUND, NEXT_ROUND))


def written(key: str, *details: str) -> Content:
    text, origin = made(REFERENCE, NOW.date(), Origin(key, details, COMMUNE.id), (COMMUNE.id,))
    return Content(text.vi, text.en, origin=origin)


def test_a_text_that_comes_again_names_the_days_of_its_year() -> None:
    again = renewed(NEXT_YEAR, date(2027, 9, 5), written("opens"), (COMMUNE.id,))
    assert "năm 2027" in again.vi
    assert "Từ ngày 05/09/2027 đến hết ngày 20/11/2027" in again.vi
    assert "From 5 September 2027" in again.en
    assert again.origin is not None
    assert again.origin.year == 2027


def test_what_was_written_by_hand_stays_and_the_rest_is_made_anew() -> None:
    by_hand = written("opens").written("vi", "Mời bà con, năm 2026!")
    again = renewed(NEXT_YEAR, date(2027, 9, 5), by_hand, (COMMUNE.id,))
    assert (again.vi, "2027" in again.en) == ("Mời bà con, năm 2026!", True)
    both = by_hand.written("en", "Welcome")
    assert renewed(NEXT_YEAR, date(2027, 9, 5), both, (COMMUNE.id,)) == both


@pytest.mark.parametrize("key", ["opens", "closes", "result", "meeting"])
def test_without_the_round_of_that_year_no_date_is_guessed(key: str) -> None:
    with pytest.raises(Refused):
        renewed(REFERENCE, date(2027, 9, 5), written(key), (COMMUNE.id,))


def test_a_day_that_was_typed_for_an_earlier_year_is_not_sent_again() -> None:
    with pytest.raises(Refused):
        renewed(NEXT_YEAR, date(2027, 10, 2), written("day", "19:00, 02/10/2026", "Nhà văn hóa"), (COMMUNE.id,))
    again = renewed(NEXT_YEAR, date(2027, 10, 2), written("day", "19:00, 02/10", "Nhà văn hóa"), (COMMUNE.id,))
    assert "02/10/2027" in again.vi


def test_the_calendar_needs_no_round() -> None:
    assert "năm 2027" in renewed(REFERENCE, date(2027, 9, 28), written("week", ""), (COMMUNE.id,)).vi
