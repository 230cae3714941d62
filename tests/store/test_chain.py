"""The chain of the trail as values: what breaks it and what does not, in a table and over random lives."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.core.chain import BLANKED, ERASE, BrokenChain, Check, Entry, Head, NoHead, chained, read_head
from tests.sample import NOW

Rows: TypeAlias = list[dict[str, Any]]
NO_ACTOR = {"actor_id": None, "actor_salt": None}
NO_MATTER = {"about_id": None, "owner_id": None, "reason": "", "details": "", "salt": None}


def act(person_id: int, form_id: int, name: str = "submit", reason: str = "") -> Entry:
    return Entry(
        act=name, role="resident", about="form", about_id=form_id, owner_id=person_id, actor_id=person_id, reason=reason
    )


def written() -> Rows:
    """Return a chain in which Lan, Minh and a head act, and an operator."""
    entries = [
        act(1, 11),
        Entry(act="set", role="operator", about="round", unit_id=3, details={"year": 2026}),
        act(2, 12),
        Entry(
            act="return", role="head", about="form", about_id=11, owner_id=1, actor_id=9, version=4,
            reason="Chị Lan ghi nhầm", details={"indicator": "a1"},
        ),
        Entry(act="close", role="head", about="village", actor_id=9, unit_id=4),
    ]  # fmt: skip
    return list(chained(Head(), entries, NOW))


def end_of(rows: Rows) -> Head:
    return Head(rows[-1]["number"], rows[-1]["hash"])


def check(rows: Rows, kept: Head, *heads: Head) -> Check:
    found = Check(heads)
    for row in rows:
        found.add(row)
    found.end(kept)
    return found


def erase(rows: Rows, person_id: int) -> Rows:
    """Blank what names somebody, and enter how much that was."""
    blanked = 0
    for row in rows:
        for whose, nothing in (("actor_id", NO_ACTOR), ("owner_id", NO_MATTER)):
            if row[whose] == person_id:
                row |= nothing
                blanked += 1
    erased = Entry(act=ERASE, role="resident", about="person", details={BLANKED: blanked})
    return [*rows, *chained(end_of(rows), [erased], NOW)]


def renumbered(rows: Rows) -> Rows:
    return [{**row, "number": number} for number, row in enumerate(rows, 1)]


def chained_anew(rows: Rows, change: dict[str, Any]) -> Rows:
    """Return what somebody makes who knows how the chain is made and writes it anew, with a change in the second."""
    kept = [Entry(**{name: row[name] for name in Entry.__struct_fields__ if name != "details"}) for row in rows]
    changed = [Entry(**{**{name: getattr(kept[1], name) for name in Entry.__struct_fields__}, **change})]
    return list(chained(Head(), [kept[0], *changed, *kept[2:]], NOW))


def test_a_chain_as_it_was_written_holds() -> None:
    rows = written()
    assert check(rows, end_of(rows), end_of(rows[:1]), end_of(rows)).head == end_of(rows)
    assert check([], Head()).head == Head()


FIELDS = {
    "at": NOW + timedelta(microseconds=1), "act": "confirm", "role": "admin", "about": "title", "unit_id": 77,
    "version": 99, "actor_id": 5, "actor_salt": "0" * 32, "actor_digest": "0" * 64, "about_id": 99, "owner_id": 7,
    "reason": "khác", "details": '{"year":2027}', "salt": "0" * 32, "digest": "0" * 64, "hash": "0" * 64,
}  # fmt: skip


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_any_entry_can_be_changed(field: str, place: int) -> None:
    rows = written()
    kept = end_of(rows)
    rows[place] = {**rows[place], field: FIELDS[field]}
    with pytest.raises(BrokenChain, match=rf"entry {place + 1} "):
        check(rows, kept)


def test_the_table_of_changes_has_every_field() -> None:
    assert set(FIELDS) == set(written()[0]) - {"number"}


TAMPERINGS: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "two swapped": (
        lambda rows: renumbered([rows[0], rows[2], rows[1], *rows[3:]]),
        "entry 2 does not continue the one before",
    ),
    "one put in the middle": (
        lambda rows: renumbered([*rows[:2], {**rows[1]}, *rows[2:]]),
        "entry 3 does not continue the one before",
    ),
    "one put in the middle that continues": (
        lambda rows: renumbered([*rows[:2], *chained(end_of(rows[:2]), [act(7, 17)], NOW), *rows[2:]]),
        "entry 4 does not continue the one before",
    ),
    "one deleted": (lambda rows: [*rows[:2], *rows[3:]], "entry 3 is missing"),
    "one deleted and the others numbered anew": (
        lambda rows: renumbered([*rows[:2], *rows[3:]]),
        "entry 3 does not continue the one before",
    ),
    "the first deleted": (lambda rows: rows[1:], "entry 1 is missing"),
    "the end cut off": (lambda rows: rows[:-1], "the trail ends at entry 4, but 5 were written: the end was cut off"),
    "all cut off": (lambda rows: [], "the trail ends at entry 0, but 5 were written"),
    "one added by hand": (
        lambda rows: [*rows, *chained(end_of(rows), [act(7, 17)], NOW)],
        "the end of the trail at entry 6 is not where it was",
    ),
    "a reason blanked, its salt left": (
        lambda rows: [*rows[:3], {**rows[3], "reason": ""}, rows[4]],
        "entry 4 does not say what it said when it was written",
    ),
    "a salt blanked, its reason left": (
        lambda rows: [*rows[:3], {**rows[3], "salt": None}, rows[4]],
        "entry 4 does not say what it said when it was written",
    ),
    "a reason blanked with its salt, as erasures do": (
        lambda rows: [*rows[:3], {**rows[3], **NO_MATTER}, rows[4]],
        "1 parts of entries are blank, but erasures account for 0",
    ),
    "who acted blanked": (
        lambda rows: [*rows[:3], {**rows[3], **NO_ACTOR}, rows[4]],
        "1 parts of entries are blank, but erasures account for 0",
    ),
    "something said where nothing was": (
        lambda rows: [*rows[:4], {**rows[4], "reason": "khác"}],
        "entry 5 does not say what it said when it was written",
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_was_done_to_the_chain_is_found_and_said(tampering: str) -> None:
    change, said = TAMPERINGS[tampering]
    rows = written()
    with pytest.raises(BrokenChain) as broken:
        check(change(rows), end_of(rows))
    assert said in str(broken.value)


def test_a_chain_made_anew_with_its_end_is_found_by_a_head_from_paper() -> None:
    rows = written()
    on_paper = read_head(str(end_of(rows[:3])))
    made_anew = chained_anew(rows, {"version": 7})
    check(made_anew, end_of(made_anew))  # nothing in the database knows of it
    with pytest.raises(BrokenChain, match=r"entry 3 is another one than where the head 3-[0-9a-f]{12} was printed"):
        check(made_anew, end_of(made_anew), on_paper)


def test_an_end_that_is_cut_off_together_with_what_is_kept_of_it_is_found_by_a_head_from_paper() -> None:
    rows = written()
    on_paper = read_head(str(end_of(rows)))
    check(rows[:3], end_of(rows[:3]))
    with pytest.raises(BrokenChain, match=r"ends at entry 3, but the head 5-[0-9a-f]{12} was printed: the end was cut"):
        check(rows[:3], end_of(rows[:3]), on_paper)


def test_an_empty_trail_has_a_head_and_no_other_one_fits() -> None:
    check([], Head(), read_head(str(Head())))
    with pytest.raises(BrokenChain, match="entry 0 is another one"):
        check([], Head(), Head(0, "1" * 12))


def test_an_erasure_blanks_what_names_somebody_and_the_chain_still_holds() -> None:
    rows = written()
    papers = [end_of(rows[:number]) for number in (1, 3, 5)]
    rows = erase(rows, 1)
    found = check(rows, end_of(rows), *papers)
    assert (found.blanked, found.head.number) == (3, 6)
    assert [row["reason"] for row in rows] == [""] * 6
    assert [row["actor_id"] for row in rows] == [None, None, 2, 9, 9, None]
    assert all(1 not in (row["actor_id"], row["owner_id"]) for row in rows)
    rows = erase(rows, 9)
    assert check(rows, end_of(rows), *papers).blanked == 5


def test_the_same_said_twice_leaves_nothing_to_compare() -> None:
    """Whoever guesses what a blanked entry said cannot see whether they are right."""
    one, other = chained(Head(), [act(1, 11, reason="đúng"), act(1, 11, reason="đúng")], NOW)
    assert one["digest"] != other["digest"]
    assert one["actor_digest"] != other["actor_digest"]


@pytest.mark.parametrize(
    "written",
    ["", "1234", "-abcdef123456", "1234-", "1234-abcdef12345", "x-abcdef123456", "1234-abcdeg123456", "²-abcdef123456",
     "1" * 19 + "-abcdef123456", "1-" + "a" * 65],
)  # fmt: skip
def test_what_is_no_head_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(NoHead, match="copy it as printed, like 1234-abcdef123456"):
        read_head(written)


def test_a_head_is_read_as_it_is_typed_from_paper() -> None:
    assert read_head(" 1234-ABCDEF123456 ") == Head(1234, "abcdef123456")
    assert str(Head(12, "ab" * 32)) == "12-abababababab"


people = st.integers(1, 4)
entries = st.builds(
    Entry,
    act=st.sampled_from(["submit", "confirm", "close"]),
    role=st.sampled_from(["resident", "head", "operator"]),
    about=st.sampled_from(["form", "village"]),
    about_id=st.none() | st.integers(1, 9),
    owner_id=st.none() | people,
    actor_id=st.none() | people,
    unit_id=st.none() | people,
    version=st.integers(0, 3),
    reason=st.text(max_size=5),
    details=st.dictionaries(st.sampled_from(["level", "year"]), st.text(max_size=3) | st.integers(0, 9)),
)
lives = st.lists(st.lists(entries, max_size=4) | people, min_size=1, max_size=12)


def lived(life: list[Any]) -> Rows:
    """Return the rows after batches of entries and erasures."""
    rows = list(chained(Head(), [act(1, 11)], NOW))
    for one in life:
        rows = erase(rows, one) if isinstance(one, int) else [*rows, *chained(end_of(rows), one, NOW)]
    return rows


@given(lives)
def test_whatever_is_done_and_whoever_is_erased_the_chain_holds(life: list[Any]) -> None:
    rows = lived(life)
    check(rows, end_of(rows), *(end_of(rows[:number]) for number in range(1, len(rows) + 1)))


@given(lives, st.data())
def test_whatever_is_changed_afterwards_is_found(life: list[Any], data: st.DataObject) -> None:
    rows = lived(life)
    kept, place = end_of(rows), data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(sorted(FIELDS)))
    tampered = data.draw(
        st.sampled_from(
            [
                [*rows[:place], *rows[place + 1 :]],
                renumbered([*rows[:place], rows[place], *rows[place:]]),
                rows[:place],
                *([[*rows[:place], {**rows[place], field: FIELDS[field]}, *rows[place + 1 :]]] * 3),
            ]
        )
    )
    if tampered != rows:
        with pytest.raises(BrokenChain):
            check(tampered, kept)
