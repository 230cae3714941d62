"""The order of names on a Vietnamese list."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from flows.words.name_order import name_order


def test_names_stand_in_the_order_of_given_names_and_of_the_vietnamese_alphabet() -> None:
    in_order = [
        "Nguyễn Văn An", "Trần Thị An", "Lê Văn Ân", "Lê Thị Bình", "Bùi Thị Cúc", "Vũ Văn Dũng", "Vũ Thị Đào",
        "Lê Văn Đạt", "Mai Thị Hoa", "Mai Thị Hòa", "Mai Thị Hoan", "Tô Ơn", "Hồ Thị Ứng", "Y",
    ]  # fmt: skip
    assert sorted(sorted(in_order), key=name_order) == in_order


def test_a_tone_counts_alike_wherever_it_was_put() -> None:
    assert name_order("Hoà") == name_order("Hòa") != name_order("Hoa")


def test_letters_count_before_tones() -> None:
    assert sorted(["Hoàng", "Hóa", "Hoa", "Hoài"], key=name_order) == ["Hoa", "Hóa", "Hoài", "Hoàng"]


@given(st.text())
@example("\u0323")
@example("Nguyễn \u0301 An")
def test_any_name_has_a_place_however_it_was_typed(name: str) -> None:
    composed, apart = unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)
    assert name_order(composed.strip()) == name_order(unicodedata.normalize("NFC", apart).strip())
    assert name_order(name) == name_order(name)
