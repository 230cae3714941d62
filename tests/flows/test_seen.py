"""What has changed of a form since it was shown, from what to what."""

from msgspec.structs import replace

from flows.conversation.facts import Conversation, Facts, Found
from flows.domain.assessments import Assessment, Evidence
from flows.domain.people import Person
from flows.forms.needs import Since, SinceWanted
from flows.forms.seen import changed, differences, seen
from flows.words.wording import people_in, render
from tests.sample import CATALOGUES, LAN, NOW, OTHER_VILLAGE, REFERENCE, SETS, UNITS, form

BEFORE = form(*[1] * 10, state="submitted")


def told(after: Assessment) -> list[str]:
    return [render(one, CATALOGUES["en"]) for one in differences(UNITS, seen(BEFORE), after)]


def of(person: Person) -> Assessment:
    return replace(BEFORE, person=person)


def test_what_stands_as_it_was_is_not_told() -> None:
    assert told(replace(BEFORE, state="confirmed", version=99, reason="Câu 2 chưa rõ")) == []


def test_an_answer_and_the_total_are_told_with_their_points() -> None:
    after = form(1, 1, 3, *[1] * 7, state="submitted")
    third = after.criteria.indicators[2]
    first, now = (level.label.in_language("en") for level in (third.levels[0], third.levels[2]))
    points = third.levels[2].points
    assert told(after) == [
        f"question 3: {first} (10 points) → {now} ({points} points)",
        f"total: 100 → {90 + points} points",
    ]


def test_an_answer_that_is_gone_is_told() -> None:
    (first, total) = told(form(*[1] * 9, state="submitted"))
    assert first.endswith("→ no answer yet")
    assert total == "total: 100 → 90 points"


def test_each_detail_of_the_owner_is_told() -> None:
    assert told(of(replace(LAN, name="Nguyễn Thị Lân"))) == ["name: Nguyễn Thị Lan → Nguyễn Thị Lân"]
    assert told(of(replace(LAN, birth_year=1976))) == ["year of birth: 1975 → 1976"]
    assert told(of(replace(LAN, representative="Đỗ Thị Thu"))) == ["parent or guardian: – → Đỗ Thị Thu"]
    (village,) = told(replace(BEFORE, unit_id=OTHER_VILLAGE.id))
    assert village.startswith("village: ")
    assert village.index("Đông") < village.index("→") < village.index("Đoài")


def test_another_group_has_another_form() -> None:
    after = replace(of(replace(LAN, group="worker")), criteria=SETS["worker"], answers={})
    assert told(after) == [
        "group: Farmer, rural worker → Worker, craftsperson, repairer",
        "the questions: another form, begun anew",
    ]


def test_evidence_and_what_the_branch_says_of_it_are_told() -> None:
    second = BEFORE.criteria.indicators[1].id
    asked = replace(BEFORE, evidence={second: (Evidence("vouched", id=5),)})
    assert told(asked) == ["question 2, pieces of evidence: 0 → 1"]
    for known, said in ((True, "knows"), (False, "does not know")):
        answered = replace(BEFORE, evidence={second: (Evidence("vouched", id=5, known=known),)})
        assert [render(one, CATALOGUES["en"]) for one in differences(UNITS, seen(asked), answered)] == [
            f"question 2: the branch {said} this"
        ]


def _facts(since: Since) -> Facts:
    found = Found()
    found.put(SinceWanted(BEFORE.id, 3), since)
    return Facts(NOW, Conversation(1, "web", "en", True), REFERENCE, found=found)


def said(since: Since, after: Assessment) -> list[str]:
    return render(changed(_facts(since), after, 3), CATALOGUES["en"]).split("\n")


def test_a_handful_is_told_and_how_many_more_there_are() -> None:
    first, *others, last = said(Since(seen(BEFORE)), form(*[3] * 10, state="submitted"))
    assert first == "This form has changed since it was shown."
    assert len(others) == 5
    assert last == "• and 6 more"


def test_where_it_reads_as_before_what_was_done_is_told() -> None:
    assert said(Since(seen(BEFORE), ("withdraw", "submit")), BEFORE)[1:] == ["• taken back", "• submitted"]


def test_of_a_form_that_was_not_kept_only_that_is_told() -> None:
    assert said(Since(), BEFORE) == ["This form has changed since it was shown."]


def test_whom_a_former_name_is_of_is_known() -> None:
    """Who is erased is then found in messages that name them as they were."""
    wording = changed(_facts(Since(seen(BEFORE))), of(replace(LAN, name="Nguyễn Thị Lân")), 3)
    assert people_in(wording) == {LAN.id}
