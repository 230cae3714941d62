"""What a cell shows."""

import pytest

from bot.sheets.seen import Hidden, hidden_in, numbers_said, shown_number


@pytest.mark.parametrize(
    ("number", "format_", "shown"),
    [
        (5, "General", "5"),
        (5, "@", "5"),
        (5, "0", "5"),
        (5, "00000", "00005"),
        (123456, "00000", "123456"),
        (5, "00000;-00000", "00005"),
        (5, '"XA"000', "XA005"),
        (1234, "\\X\\A000", "XA1234"),
        (12345, "00-000", "12-345"),
        (45, "00-000", "00-045"),
        (1234567, "00-000", "1234-567"),
        (7, '000"-KP"', "007-KP"),
        (7, "[$-42A]000", "007"),
        (7, "####", "7"),
        (0, "0000", "0000"),
        (99_999_999_999, "General", "99999999999"),
        (100_000_000_000, "General", None),
        (1234, "#,##0", None),
        (12, "0.00", None),
        (12, "0%", None),
        (12, "0E+00", None),
        (12, "[<10]0;00", None),
        (12, "_(* 0_)", None),
        (-5, "00000;-00000", None),
        (0, '0;-0;"x"', None),
        (3, '"chỉ có chữ"', None),
        (3, '"hở', None),
    ],
)
def test_a_number_is_what_its_cell_shows_or_not_known(number: int, format_: str, shown: str | None) -> None:
    assert shown_number(number, format_) == shown


def test_hidden_rows_and_columns_are_found_however_they_are_written() -> None:
    written = (
        b'<x:cols><x:col min="2" max="3" hidden="1"/><x:col min="5" max="5" width="0"/></x:cols><x:sheetData>'
        b'<x:row r="1"/><x:row r="4" hidden="true"><c/></x:row><x:row ht="0" customHeight="1"/><x:row ht="10"/>'
    )
    assert hidden_in(written) == Hidden(frozenset({4, 5}), frozenset({1, 2, 4}))


def test_numbers_are_said_in_few_words() -> None:
    assert [numbers_said(numbers) for numbers in ([3], [3, 4, 5], [9, 3, 4])] == ["row 3", "rows 3–5", "rows 3–4, 9"]
