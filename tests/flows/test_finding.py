"""Units found by what people type: real names of the whole country, and villages as they are called."""

from datetime import date
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.commands.bench_search import (
    Lookout,
    country,
    full_names,
    misspelt,
    names_alone,
    names_of,
    share,
    with_villages,
)
from flows.domain.finding import MOST_ALIKE, MOST_SUGGESTED, Found
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit


@cache
def communes() -> UnitTree:
    """Return the 34 provinces and 3,321 communes of the country."""
    return UnitTree.of(country())


@cache
def tops() -> tuple[int, ...]:
    return tuple(unit.id for unit in communes().by_id.values() if unit.parent_id is None)


def found(typed: str) -> list[str]:
    """Return the labels an administrator of the whole country is shown."""
    return shown(communes(), communes().search(typed, tops()))


def shown(units: UnitTree, answer: Found) -> list[str]:
    return list(units.labels(answer.ids).values())


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("tân an cần thơ", "Phường Tân An"),
        ("cần thơ, tân an", "Phường Tân An"),
        ("bac son hung yen", "Xã Phạm Ngũ Lão"),
        ("cư mgar", "Xã Cư M'gar"),
        ("cu m gar", "Xã Cư M'gar"),
        ("cumgar", "Xã Cư M'gar"),
        ("Cư M’gar", "Xã Cư M'gar"),
        ("CƯ M´GAR", "Xã Cư M'gar"),
        ("b'lao", "Phường B’Lao"),
        ("blao", "Phường B’Lao"),
        ("chân mây lăng cô", "Xã Chân Mây - Lăng Cô"),
        ("chan may-lang co", "Xã Chân Mây - Lăng Cô"),
        ("lang co", "Xã Chân Mây - Lăng Cô"),
        ("a luoi 1", "Xã A Lưới 1"),
        ("a lưới1", "Xã A Lưới 1"),
        ("aluoi 01", "Xã A Lưới 1"),
        ("phuong 3 bao loc", "Phường 3 Bảo Lộc"),
        ("p3 bao loc", "Phường 3 Bảo Lộc"),
        ("x.thần khê", "Xã Thần Khê"),
        ("P. Ninh Kiều, TP Cần Thơ", "Phường Ninh Kiều"),
        ("tp.hcm", "Thành phố Hồ Chí Minh"),
        ("tphcm", "Thành phố Hồ Chí Minh"),
        ("tôi ở xã Thần Khê ạ", "Xã Thần Khê"),
        ("nha em o xa than khe hung yen nhe", "Xã Thần Khê"),
        ("xathankhe", "Xã Thần Khê"),
        ("xã Thần Khê thuộc tỉnh Hưng Yên", "Xã Thần Khê"),
        ("xã Thần Khê huyện Hưng Hà tỉnh Thái Bình", "Xã Thần Khê"),
    ],
)
def test_a_commune_is_found_first_however_it_is_written(typed: str, first: str) -> None:
    assert found(typed)[0] == first


@pytest.mark.parametrize("typed", ["thaan khe", "thn khe", "thna khe", "tham khe", "xa than keh", "xax than khe"])
def test_one_mistake_is_forgiven(typed: str) -> None:
    assert "Xã Thần Khê" in found(f"{typed} hung yen")[:MOST_SUGGESTED]


def test_a_mistake_in_the_village_and_one_in_its_commune_are_forgiven() -> None:
    assert shown(VILLAGES, VILLAGES.search("bna na loc, muong laa"))[0] == "Bản Nà Lốc, xã Mường La"


def test_another_number_is_no_mistake() -> None:
    assert "Xã Đam Rông 2" not in found("dam rong 1")
    assert UnitTree.of([Unit(1, "u", "Thôn Nà 2", "village")]).search("na 3").units == ()


def test_marks_that_were_typed_decide_and_marks_left_out_show_both() -> None:
    assert found("Ba Tô")[:2] == ["Xã Ba Tô", "Xã Ba Tơ"]
    assert found("Ba Tơ")[:2] == ["Xã Ba Tơ", "Xã Ba Tô"]
    assert set(found("ba to")[:2]) == {"Xã Ba Tơ", "Xã Ba Tô"}
    assert found("Văn Lãng")[0].startswith("Xã Văn Lãng")
    assert found("xã Văn Lăng, Thái Nguyên")[0] == "Xã Văn Lăng"
    assert found("xã Văn Lang, Thái Nguyên")[0] == "Xã Văn Lang"


def test_an_old_name_is_found_after_a_present_one() -> None:
    present, *old = communes().search("xa hong thai tuyen quang", tops()).units
    assert (present.name, len(old)) == ("Xã Hồng Thái", 0)
    first, *others = communes().search("xa tan an can tho", tops()).units
    assert first.name == "Phường Tân An"
    assert all("Tân An" not in unit.name for unit in others)


def test_names_that_many_communes_have_are_all_shown_and_told_apart() -> None:
    units = communes()
    answer = units.search("tan an", tops())
    labels = units.labels(answer.ids)
    assert {unit.id for unit in units.by_id.values() if unit.name in {"Xã Tân An", "Phường Tân An"}} <= {*answer.ids}
    assert len({*labels.values()}) == len(answer.units) <= MOST_ALIKE
    assert all(", tỉnh " in label or ", thành phố " in label for label in labels.values() if "Xã Tân An" in label)


def test_of_more_than_can_be_shown_the_number_is_told_and_the_province_narrows_them_down() -> None:
    answer = communes().search("phuong 1", tops())
    assert (len(answer.units), answer.more) == (MOST_SUGGESTED, 27)
    assert communes().search("phuong 1 da lat lam dong", tops()).more == 0


def test_every_commune_of_the_country_is_found_by_its_present_and_old_names() -> None:
    look, units = Lookout(communes(), tops()), communes()
    sought = list(names_of(units, [unit for unit in units.by_id.values() if unit.kind == "commune"]))
    assert len(sought) > 12_000
    assert share(look.is_first(one, typed) for one in sought for typed in full_names(one)) == 1
    assert share(look.is_shown(one, typed) for one in sought for typed in names_alone(one)) == 1
    some = Random(1).sample(sought, 1_500)
    assert share(look.is_among_six(one, typed) for one, typed in misspelt(some, Random(2))) >= 0.97


# Villages


def made_up() -> UnitTree:
    names = {
        "Xã Tân An": ("Thôn Đông", "Thôn Đoài", "Thôn 1", "Thôn 5", "Thôn 15", "Trường THCS Tân An"),
        "Phường Bình Hòa": ("Tổ dân phố 3", "Tổ dân phố số 13", "Khu phố 3", "Khóm 2", "Ấp Bình Hòa"),
        "Xã Mường La": ("Bản Nà Lốc", "Bản Nà Sản", "Thôn Đông"),
        "Xã Cư M'gar": ("Buôn Ea Tling", "Buôn Kna", "Đội 4"),
    }
    units = [Unit(1, "p", "Tỉnh Hương Phú", "province")]
    for commune, villages in names.items():
        parent = Unit(len(units) + 1, f"c{len(units)}", commune, "commune", 1)
        units.append(parent)
        for name in villages:
            kind = "workplace" if name.startswith("Trường") else "village"
            units.append(Unit(len(units) + 1, f"v{len(units)}", name, kind, parent.id))
    return UnitTree.of(units)


VILLAGES = made_up()


@pytest.mark.parametrize(
    ("typed", "only"),
    [
        ("thôn 5", "Thôn 5, xã Tân An"),
        ("thon5", "Thôn 5, xã Tân An"),
        ("thôn 05 tân an", "Thôn 5, xã Tân An"),
        ("thôn số 5", "Thôn 5, xã Tân An"),
        ("thon dong tan an", "Thôn Đông, xã Tân An"),
        ("tan an, thon dong", "Thôn Đông, xã Tân An"),
        ("thondong muong la", "Thôn Đông, xã Mường La"),
        ("đông, mường la, hương phú", "Thôn Đông, xã Mường La"),
        ("tổ dân phố 3", "Tổ dân phố 3, phường Bình Hòa"),
        ("to dan pho so 3 binh hoa", "Tổ dân phố 3, phường Bình Hòa"),
        ("tdp3", "Tổ dân phố 3, phường Bình Hòa"),
        ("tổ 3", "Tổ dân phố 3, phường Bình Hòa"),
        ("tdp 13", "Tổ dân phố số 13, phường Bình Hòa"),
        ("kp 3", "Khu phố 3, phường Bình Hòa"),
        ("khóm 2", "Khóm 2, phường Bình Hòa"),
        ("doi 4", "Đội 4, xã Cư M'gar"),
        ("na loc", "Bản Nà Lốc, xã Mường La"),
        ("buôn eatling", "Buôn Ea Tling, xã Cư M'gar"),
        ("gia đình tôi hiện đang sống ở na loc nhé", "Bản Nà Lốc, xã Mường La"),
        ("thcs", "Trường THCS Tân An, xã Tân An"),
        ("thcs tan an", "Trường THCS Tân An, xã Tân An"),
    ],
)
def test_a_village_is_found_alone_however_it_is_written(typed: str, only: str) -> None:
    assert shown(VILLAGES, VILLAGES.search(typed)) == [only]


def test_a_commune_alone_shows_its_villages_and_first_a_village_of_its_name() -> None:
    assert shown(VILLAGES, VILLAGES.search("mường la")) == [
        "Bản Nà Lốc, xã Mường La",
        "Bản Nà Sản, xã Mường La",
        "Thôn Đông, xã Mường La",
    ]
    assert shown(VILLAGES, VILLAGES.search("bình hòa"))[:2] == [
        "Ấp Bình Hòa, phường Bình Hòa",
        "Tổ dân phố 3, phường Bình Hòa",
    ]


def test_where_only_some_villages_of_a_commune_are_known_those_are_shown() -> None:
    assert shown(VILLAGES, VILLAGES.search("thôn Bảy, xã Mường La")) == shown(VILLAGES, VILLAGES.search("mường la"))


def test_a_commune_without_villages_shows_none_to_a_resident() -> None:
    assert communes().search("xã Thần Khê").units == ()


def test_a_unit_that_was_merged_is_found_by_its_name_as_what_it_went_into() -> None:
    day = date(2026, 1, 1)
    units = UnitTree.of(
        [
            *VILLAGES.by_id.values(),
            Unit(90, "old", "Thôn Vực", "village", 2, valid_to=day, successor_id=91),
            Unit(91, "older", "Thôn Vực Lớn", "village", 2, valid_to=day, successor_id=3),
        ]
    )
    assert shown(units, units.search("thon vuc")) == ["Thôn Đông, xã Tân An"]


def test_units_that_were_merged_into_each_other_do_no_harm() -> None:
    day = date(2026, 1, 1)
    units = UnitTree.of(
        [
            Unit(1, "a", "Thôn Một", "village", None, valid_to=day, successor_id=2),
            Unit(2, "b", "Thôn Hai", "village", None, valid_to=day, successor_id=1),
        ]
    )
    assert units.search("thon mot").units == ()


# Whatever is typed


@cache
def crowded() -> UnitTree:
    """Return a country with villages, in which every word is some name."""
    return UnitTree.of(with_villages(country()[:400], 4_000))


SYLLABLES = ("xã", "thôn", "tp", "Tân", "an", "a", "1", "15", "M'", "-", ",", "ở", "ạ", "hà", "nội", "số", "tôi", "Ba")


@settings(max_examples=150)
@given(st.text(max_size=200) | st.lists(st.sampled_from(SYLLABLES), max_size=60).map(" ".join))
@example("\ud800")
@example("İ ß ﬃ Ⅷ ١ ①")
@example("a " * 60)
def test_whatever_is_typed_is_answered_with_few_different_units_of_the_scope(typed: str) -> None:
    units = crowded()
    for within in (None, [1], [unit.id for unit in units.by_id.values() if unit.kind == "commune"][:2]):
        answer = units.search(typed, within)
        assert len(answer.ids) == len({*answer.ids}) <= MOST_ALIKE
        assert answer.more >= 0
        if within is None:
            assert all(unit.takes_residents for unit in answer.units)
        else:
            assert all(any(units.covers(top, found_id) for top in within) for found_id in answer.ids)
        labels = units.labels(answer.ids)
        assert len({*labels.values()}) == len(labels) == len(answer.ids)


def test_a_scope_holds_what_it_covers_and_nothing_else() -> None:
    units = crowded()
    provinces = [unit for unit in units.by_id.values() if unit.kind == "province"]
    for one, other in pairwise(provinces[:3]):
        commune = next(unit for unit in units.by_id.values() if unit.parent_id == other.id)
        assert commune not in units.search(commune.name, [one.id]).units
        assert commune in units.search(f"{commune.name} {other.name}", [one.id, other.id, commune.id]).units
        assert commune in units.search(commune.name, [commune.id]).units


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert found("thần khê" + " " * 112 + "cần thơ") == ["Xã Thần Khê"]
    assert VILLAGES.search("x" * 100_000).units == ()


# What found units are called


def test_labels_add_the_commune_then_the_province_then_an_old_name_then_the_code() -> None:
    units = UnitTree.of(
        [
            Unit(1, "p", "Tỉnh Hương Phú", "province"),
            Unit(2, "q", "Thành phố Hải An", "province"),
            Unit(3, "c", "Xã Tân An", "commune", 1),
            Unit(4, "d", "Xã Tân An", "commune", 2),
            Unit(5, "c1", "Thôn Đông", "village", 3),
            Unit(6, "d1", "Thôn Đông", "village", 4),
            Unit(7, "d2", "Thôn Đông", "village", 4, ("Thôn Đông", "Xóm Chùa")),
            Unit(8, "d3", "Thôn Đoài", "village", 4),
            Unit(9, "d4", "Thôn Đoài", "village", 4),
        ]
    )
    assert list(units.labels((5, 8)).values()) == ["Thôn Đông, xã Tân An", "Thôn Đoài, xã Tân An"]
    assert list(units.labels((3, 4)).values()) == ["Xã Tân An, tỉnh Hương Phú", "Xã Tân An, thành phố Hải An"]
    assert list(units.labels((6, 5, 7, 8, 9)).values()) == [
        "Thôn Đông, xã Tân An, thành phố Hải An",
        "Thôn Đông, xã Tân An, tỉnh Hương Phú",
        "Thôn Đông, xã Tân An, thành phố Hải An (xóm Chùa)",
        "Thôn Đoài, xã Tân An, thành phố Hải An (d3)",
        "Thôn Đoài, xã Tân An, thành phố Hải An (d4)",
    ]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("Thôn Đông", "thôn Đông"),
        ("Xã Tân An", "xã Tân An"),
        ("Tổ dân phố Hòa Bình", "tổ dân phố Hòa Bình"),
        ("Ấp Bình Hòa", "ấp Bình Hòa"),
        ("Tỉnh Hưng Yên", "tỉnh Hưng Yên"),
        ("Thành phố Cần Thơ", "thành phố Cần Thơ"),
        ("Xã A Lưới 1", "xã A Lưới 1"),
        # The common noun is capital where the name is a number, and always in one name.
        ("Thôn 5", "Thôn 5"),
        ("Tổ dân phố số 3", "Tổ dân phố số 3"),
        ("Phường 2 Bảo Lộc", "Phường 2 Bảo Lộc"),
        ("Khu phố II", "Khu phố II"),
        ("Thành phố Hồ Chí Minh", "Thành phố Hồ Chí Minh"),
        # These have no common noun, or are names as a whole.
        ("Tân An", "Tân An"),
        ("Trường THCS Tân An", "Trường THCS Tân An"),
        ("Công ty may Tân An", "Công ty may Tân An"),
        ("Thôn", "Thôn"),
    ],
)
def test_inside_a_sentence_the_common_noun_is_small(name: str, inside: str) -> None:
    assert UnitTree.of([Unit(1, "u", name, "commune")]).in_sentence(1) == inside


def test_a_village_stands_inside_a_sentence_with_its_commune() -> None:
    units = UnitTree.of(
        [
            Unit(1, "a", "Phường 1", "commune"),
            Unit(2, "b", "Thôn Đông", "village", 1),
            Unit(3, "c", "Thôn 5", "village", 1),
        ]
    )
    assert [units.in_sentence(unit_id) for unit_id in (2, 3)] == ["thôn Đông, Phường 1", "Thôn 5, Phường 1"]
    assert [units.full_name(unit_id) for unit_id in (2, 3)] == ["Thôn Đông, Phường 1", "Thôn 5, Phường 1"]


def test_the_example_is_a_village_of_the_place() -> None:
    assert VILLAGES.example == "thôn Đông, xã Tân An"
    assert communes().example == ""
