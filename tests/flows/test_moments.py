"""Days and times, as people type them."""

from datetime import datetime

import pytest

from flows.words.moments import read_moment
from flows.words.refusals import Refused
from flows.words.wording import render
from tests.sample import CATALOGUES, NOW, ZONE


@pytest.mark.parametrize(
    ("typed", "month", "day", "hour", "minute"),
    [
        ("5/10 19:00", 10, 5, 19, 0),
        ("5/10/2026 7h30", 10, 5, 7, 30),
        ("05-10-26 7h", 10, 5, 7, 0),
        ("2026-10-05 07:00", 10, 5, 7, 0),
        ("19 giờ 30 ngày 5 tháng 10", 10, 5, 19, 30),
        ("8:00 5/10", 10, 5, 8, 0),
        ("5/10", 10, 5, 8, 0),
        ("mai 8h", 10, 2, 8, 0),
        ("Ngày mai lúc 8 giờ", 10, 2, 8, 0),
        ("sáng mai 8h", 10, 2, 8, 0),
        ("tối mai 7 giờ rưỡi", 10, 2, 19, 30),
        ("7h tối nay", 10, 1, 19, 0),
        ("tomorrow 8:00", 10, 2, 8, 0),
        ("7pm", 10, 1, 19, 0),
        ("19h", 10, 1, 19, 0),
        ("7h", 10, 2, 7, 0),
        ("thứ hai 19h", 10, 5, 19, 0),
        ("thứ 5 7h", 10, 8, 7, 0),
        ("chủ nhật", 10, 4, 8, 0),
        ("1/9/2027 8h", 9, 1, 8, 0),
    ],
)
def test_a_time_to_come_is_understood(typed: str, month: int, day: int, hour: int, minute: int) -> None:
    year = 2027 if "2027" in typed else 2026
    assert read_moment(typed, NOW) == datetime(year, month, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "I do not understand this day and time."),
        ("hôm nào đó", "I do not understand this day and time."),
        ("tối nay", "I do not understand this day and time."),
        ("12", "I do not understand this day and time."),
        ("5/10 8h và 7h", "I do not understand this day and time."),
        ("99999999999/1", "I do not understand this day and time."),
        ("5/10 8h; 6/10 8h", "I do not understand this day and time."),
        ("32/10 8h", "There is no such day: 32/10/2026."),
        ("29/2/2027", "There is no such day: 29/2/2027."),
        ("5/10 25:00", "There is no such time: 25:00."),
        ("5/10 7:75", "There is no such time: 7:75."),
        ("hôm nay 7h", "07:00 on 1 October 2026 is past."),
        ("1/9 8h", "08:00 on 1 September 2026 is past."),
        ("1/10/2028 8h", "1 October 2028 is more than a year away."),
    ],
)
def test_what_is_no_time_to_come_is_refused_with_the_reason(typed: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read_moment(typed, NOW)
    assert render(refused.value.wording, CATALOGUES["en"]).startswith(said)
