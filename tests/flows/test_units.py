"""The tree of units: what lies in whose scope, and villages found by what people type."""

from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.domain.finding import MOST_SUGGESTED
from flows.domain.unit_tree import MANY_UNITS, UnitTree
from flows.domain.units import Unit, numbered
from flows.words.spelling import fold
from tests.sample import COMMUNE, FAR_COMMUNE, FAR_VILLAGE, OTHER_VILLAGE, PROVINCE, UNITS, VILLAGE

FIRST = (
    "Đông", "Tây", "Nam", "Bắc", "Thượng", "Hạ", "Trung", "Đoài", "An", "Bình", "Phú", "Vĩnh",
    "Tân", "Hòa", "Long", "Minh", "Thái", "Xuân", "Quang", "Hưng", "Kim", "Ngọc",
)  # fmt: skip
SECOND = (
    "Khê", "Lộc", "Sơn", "Thủy", "Giang", "Lâm", "Mỹ", "Đức", "Thịnh", "Cường", "Phong", "Châu",
    "Hà", "Yên", "Thành", "Trì", "Điền", "Nghĩa", "Quý", "Lạc",
)  # fmt: skip
LETTERS = "abcdeghiklmnopqrstuvxy"

COMMUNES, VILLAGES_OF_EACH = 120, 25
# Each search looks through all 3,000; this many are looked for.
LOOKED_FOR = 120


@cache
def province() -> UnitTree:
    """Return a province of 120 communes with 25 villages each, many of one name."""
    chance = Random(1)
    names = chance.sample([f"{first} {second}" for first in FIRST for second in SECOND], COMMUNES)
    units = [Unit(1, "p", "Tỉnh Hương Phú", "province")]
    for commune, name in enumerate(names):
        above = Unit(len(units) + 1, f"c{commune:03}", f"Xã {name}", "commune", 1)
        units.append(above)
        villages = chance.sample([f"Thôn {first}" for first in FIRST] + [f"Thôn {n}" for n in SECOND], VILLAGES_OF_EACH)
        for place, village in enumerate(villages):
            units.append(Unit(len(units) + 1, f"c{commune:03}-{place}", village, "village", above.id))
    return UnitTree.of(units)


def some_villages() -> list[tuple[Unit, str]]:
    """Return villages of all parts of the province, with what their people would type."""
    units = province()
    villages = [unit for unit in units.by_id.values() if unit.takes_residents]
    assert len(villages) == 3000
    chosen = Random(2).sample(villages, LOOKED_FOR)
    return [(village, fold(f"{village.name} {above(village).name}")) for village in chosen]


def above(village: Unit) -> Unit:
    assert village.parent_id is not None
    return province().by_id[village.parent_id]


def mistyped(typed: str, chance: Random) -> str:
    """Replace, leave out, double or swap a letter somewhere."""
    place = chance.choice([n for n, letter in enumerate(typed[:-1]) if letter != " " and typed[n + 1] != " "])
    letter, after = typed[place], typed[place + 1]
    wrong = chance.choice([chance.choice(LETTERS) + after, after, letter + letter + after, after + letter])
    return typed[:place] + wrong + typed[place + 2 :]


def test_a_village_of_three_thousand_is_found_first_by_its_name_and_commune_without_tone_marks() -> None:
    for village, typed in some_villages():
        found = province().search(typed).units
        assert village in found, typed
        # “Thôn Hạ” and “Thôn Hà” of one commune are the same without tone marks.
        assert fold(province().full_name(found[0].id)) == typed


def test_a_village_of_three_thousand_is_found_with_one_letter_wrong() -> None:
    chance = Random(3)
    typed = [(village, mistyped(words, chance)) for village, words in some_villages()]
    missed = [words for village, words in typed if village not in province().search(words).units]
    assert len(missed) <= 0.05 * LOOKED_FOR, missed


def test_a_name_that_many_villages_have_finds_some_of_them_and_not_too_many() -> None:
    found = province().search("thon dong").units
    assert len(found) == MOST_SUGGESTED
    assert {village.name for village in found} == {"Thôn Đông"}


OLD = UnitTree.of(
    [
        PROVINCE,
        COMMUNE,
        Unit(3, "tk-dong", "Thôn Đông", "village", 2, ("Làng Vực", "Thôn 5 Hồng Minh")),
        OTHER_VILLAGE,
        Unit(8, "tk-xi", "Công ty may Thần Khê", "workplace", 2),
    ]
)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("làng vực", "tk-dong"),
        ("LANG VUC", "tk-dong"),
        ("lang vuk", "tk-dong"),
        ("thon 5 hong minh", "tk-dong"),
        ("tk-dong", "tk-dong"),
        ("TK-DOAI", "tk-doai"),
        ("thôn đoài", "tk-doai"),
        ("doai", "tk-doai"),
        ("tôi ở thôn đoài xã thần khê", "tk-doai"),
        ("cong ty may", "tk-xi"),
    ],
)
def test_units_are_found_by_name_code_and_old_name(typed: str, code: str) -> None:
    assert OLD.search(typed).units[0].code == code


@pytest.mark.parametrize("typed", ["", " ", "…", "🙂", "zzzzzz", "12345"])
def test_what_is_like_no_name_finds_nothing(typed: str) -> None:
    assert OLD.search(typed).units == ()


def test_a_village_that_is_no_more_and_what_lies_above_the_villages_are_not_suggested() -> None:
    ended = Unit(9, "tk-het", "Thôn Hết", "village", 2, valid_to=date(2025, 7, 1))
    units = UnitTree.of([*OLD.by_id.values(), ended])
    for typed in ("thôn hết", "xã thần khê", "tỉnh hương phú"):
        assert all(unit.takes_residents for unit in units.search(typed).units)


def test_an_administrator_finds_a_commune_by_its_name_before_its_many_villages() -> None:
    communes = [unit for unit in province().by_id.values() if unit.kind == "commune"]
    for commune in Random(4).sample(communes, 10):
        for scope in (province().subtree(commune.id), province().subtree(1)):
            for typed in (commune.name, fold(commune.name).removeprefix("xa ")):
                assert province().search(typed, within=scope).units[0] == commune, typed


def test_an_administrator_finds_nothing_outside_the_own_scope() -> None:
    scope = UNITS.subtree(COMMUNE.id)
    for typed in ("xa minh khai", "mk-dong", "thon dong"):
        assert all(unit.id in scope for unit in UNITS.search(typed, within=scope).units)
    assert UNITS.search("thon dong", within=frozenset()).units == ()


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_whatever_is_typed_a_search_answers_with_few_different_villages(typed: str) -> None:
    found = UNITS.search(typed).units
    assert len(found) <= MOST_SUGGESTED
    assert len(set(found)) == len(found)
    assert all(unit.takes_residents for unit in found)


def test_a_scope_is_the_unit_and_all_below_it() -> None:
    assert UNITS.subtree(COMMUNE.id) == {COMMUNE.id, VILLAGE.id, OTHER_VILLAGE.id}
    assert UNITS.subtree(VILLAGE.id) == {VILLAGE.id}
    assert UNITS.subtree(PROVINCE.id) == set(UNITS.by_id)


@st.composite
def trees(draw: st.DrawFn) -> UnitTree:
    """Draw a tree: each unit lies below an earlier one, or below none."""
    size = draw(st.integers(1, 20))
    parents = [draw(st.none() | st.integers(1, id_ - 1)) if id_ > 1 else None for id_ in range(1, size + 1)]
    kinds = st.sampled_from(["commune", "village"])
    return UnitTree.of(
        Unit(id_, f"u{id_}", f"Thôn {id_}", draw(kinds), parent) for id_, parent in enumerate(parents, 1)
    )


@given(trees())
def test_what_lies_below_a_unit_is_a_stretch_of_numbers(units: UnitTree) -> None:
    assert sorted(first for first, _last in units.numbers.values()) == list(range(1, len(units.by_id) + 1))
    for upper, (first, last) in units.numbers.items():
        assert {lower for lower in units.by_id if first <= units.numbers[lower][0] <= last} == units.subtree(upper)


def test_units_that_lie_below_each_other_get_no_numbers_and_those_below_nothing_are_on_top() -> None:
    assert numbered({1: 2, 2: 1, 3: None, 4: 99, 5: 4}) == {3: (1, 1), 4: (2, 3), 5: (3, 3)}


@given(trees(), st.data())
def test_a_scope_is_told_by_the_uppermost_units_and_holds_all_below_them(units: UnitTree, data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(sorted(units.by_id))))
    scope = units.scope(wanted)
    inside = frozenset().union(*map(units.subtree, wanted))
    assert {unit_id for unit_id in units.by_id if units.is_in(scope, unit_id)} == inside
    assert scope.size == len(inside)
    assert not any(units.covers(one, other) for one in scope.tops for other in scope.tops if one != other)
    assert scope == units.scope(reversed([*wanted, *wanted]))


@given(trees())
def test_a_unit_covers_exactly_its_subtree(units: UnitTree) -> None:
    for upper in units.by_id:
        assert {lower for lower in units.by_id if units.covers(upper, lower)} == units.subtree(upper)


@given(trees())
def test_going_up_ends_at_a_unit_without_parent(units: UnitTree) -> None:
    for unit_id, unit in units.by_id.items():
        path = list(units.upwards(unit_id))
        assert path[0] == unit
        assert path[-1].parent_id is None
        assert [lower.parent_id for lower in path[:-1]] == [upper.id for upper in path[1:]]


def test_a_unit_that_is_not_there_covers_nothing_and_lies_nowhere() -> None:
    assert list(UNITS.upwards(99)) == []
    assert not UNITS.covers(99, VILLAGE.id)
    assert not UNITS.covers(PROVINCE.id, 99)


def test_a_village_is_called_with_its_commune() -> None:
    assert [UNITS.full_name(unit.id) for unit in (VILLAGE, FAR_VILLAGE, FAR_COMMUNE, PROVINCE)] == [
        "Thôn Đông, xã Thần Khê",
        "Thôn Đông, xã Minh Khai",
        "Xã Minh Khai",
        "Tỉnh Hương Phú",
    ]


def test_codes_are_found_in_any_case() -> None:
    assert UNITS.by_code["tk-dong"] == VILLAGE
    assert UnitTree.of([Unit(1, "TK-Dong", "Thôn Đông", "village")]).by_code["tk-dong"].id == 1


# A tree that changes


@given(trees(), st.data())
def test_a_tree_with_changed_units_is_the_tree_they_make(units: UnitTree, data: st.DataObject) -> None:
    assert (units.children, units.numbers) == (UnitTree(units.by_id).children, UnitTree(units.by_id).numbers)
    ids = sorted(units.by_id)
    changed = [
        replace(
            units.by_id[id_], name="Thôn Mới", parent_id=data.draw(st.sampled_from([units.by_id[id_].parent_id, None]))
        )
        for id_ in data.draw(st.lists(st.sampled_from(ids), unique=True))
    ]
    changed += [Unit(max(ids) + 1, "new", "Thôn Mới", "village", ids[0])] * data.draw(st.integers(0, 1))
    after, anew = units.changed(changed), UnitTree({**units.by_id, **{unit.id: unit for unit in changed}})
    assert after == anew
    assert list(after.by_id) == list(anew.by_id)
    assert (after.children, after.numbers, after.by_code) == (anew.children, anew.numbers, anew.by_code)


def test_in_a_small_tree_a_new_name_is_found_at_once() -> None:
    assert UNITS.search("thon dong").units != ()
    after = UNITS.changed([replace(VILLAGE, name="Thôn Mới")])
    assert [unit.id for unit in after.search("thon moi").units] == [VILLAGE.id]


def many_villages() -> UnitTree:
    return UnitTree.of([Unit(n, f"v-{n}", f"Thôn số {n}", "village") for n in range(1, MANY_UNITS + 1)])


def test_in_a_large_tree_too_a_new_name_is_found_at_once_and_nothing_is_indexed_anew() -> None:
    before = many_villages()
    assert [unit.id for unit in before.search("thon so 7").units] == [7]
    after = before.changed([replace(before.by_id[7], name="Thôn Bảy")])
    assert after.former_finder is None
    assert [unit.id for unit in after.search("thon bay").units] == [7]
    assert after.search("thon so 7").units == ()
    assert before.search("thon bay").units == ()


def test_in_a_large_tree_with_new_units_places_are_found_by_former_names_until_names_are_indexed_anew() -> None:
    before = many_villages()
    assert [unit.id for unit in before.search("thon so 7").units] == [7]
    after = before.changed([Unit(MANY_UNITS + 1, "new", "Thôn Mới", "village")]).changed(
        [replace(before.by_id[7], name="Thôn Bảy")]
    )
    assert [unit.id for unit in after.search("thon so 7").units] == [7]
    assert after.search("thon moi").units == ()
    assert after.finder is not None
    assert [unit.id for unit in after.search("thon moi").units] == [MANY_UNITS + 1]
    assert [unit.id for unit in after.search("thon bay").units] == [7]


# Names that are alike, that are nearly alike and that say nothing; some that are borne by several.
NAMES = ("Thôn Đông", "thôn Đông", "Thôn Đôn", "Thôn Tây", "Xã Đông Tây", "Làng Tây Đông", "Tây", "Thôn 1", "Tổ 1", "—")
MISSPELT = ("thon dong", "dog", "tay dong", "dong", "thon 1", "1", "xa dong tay", "thôn đông xã đông tây", "tya")


@settings(max_examples=100)
@given(trees(), st.data())
def test_an_index_of_names_that_took_up_changes_is_the_one_built_anew(units: UnitTree, data: st.DataObject) -> None:
    names = st.sampled_from(NAMES)
    kept = units
    for _change in range(data.draw(st.integers(1, 4))):
        assert kept.finder is not None
        changed = [
            replace(
                kept.by_id[id_],
                name=data.draw(names),
                aliases=tuple(data.draw(st.lists(names, max_size=2))),
                code=data.draw(st.sampled_from((kept.by_id[id_].code, f"new-{id_}"))),
            )
            for id_ in data.draw(st.lists(st.sampled_from(sorted(units.by_id)), unique=True, max_size=3))
        ]
        kept = kept.changed(changed)
    assert "finder" in vars(kept)  # never built anew
    anew = UnitTree(dict(kept.by_id))
    for typed in (*NAMES, *MISSPELT, *(unit.code for unit in (*units.by_id.values(), *kept.by_id.values()))):
        for within in (None, units.by_id):
            assert kept.search(typed, within) == anew.search(typed, within)
