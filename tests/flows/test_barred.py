"""Who may not decide on a form is refused by name, whatever way a claim comes in."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from flows.commune import forms as commune
from flows.conversation.facts import Conversation, Facts
from flows.domain.assessments import Assessment, Evidence
from flows.domain.people import Person, Role, RoleKind
from flows.forms.card import shown_file
from flows.forms.needs import AssessmentWanted, Latecomer
from flows.late.talk import LettingIn, as_whom
from flows.recognition import register
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import render
from tests.sample import CATALOGUES, COMMUNE, FAR_COMMUNE, LAN, NOW, REFERENCE, VILLAGE, form

OFFICIAL = Person(8, "Đỗ Văn Hội", household_id=3)
WIFE = replace(LAN, household_id=3)
HELPED = replace(LAN, helper="Đỗ Văn Hội", helper_id=OFFICIAL.id)
SUBJECTS: list[tuple[RoleKind, Callable[[Facts, int], Assessment]]] = [
    ("association", commune.subject),
    ("committee", register.subject),
]


def known(role: RoleKind, unit_id: int, person: Person, one: Assessment | None) -> Facts:
    facts = Facts(NOW, Conversation(1, "web", "vi"), REFERENCE, person, (Role(role, unit_id),))
    return facts.knowing(AssessmentWanted(11), one)


@pytest.mark.parametrize(
    ("unit_id", "person", "owner", "why"),
    [
        (FAR_COMMUNE.id, OFFICIAL, LAN, "xã, phường"),
        (COMMUNE.id, LAN, LAN, "Không ai "),
        (COMMUNE.id, OFFICIAL, HELPED, "làm hộ"),
        (COMMUNE.id, OFFICIAL, WIFE, "cùng hộ"),
    ],
)
@pytest.mark.parametrize(("role", "subject"), SUBJECTS, ids=[role for role, _subject in SUBJECTS])
def test_a_form_elsewhere_ones_own_filled_in_for_somebody_or_of_ones_household_is_refused(
    role: RoleKind, subject: Callable[[Facts, int], Assessment], unit_id: int, person: Person, owner: Person, why: str
) -> None:
    with pytest.raises(Refused) as refused:
        subject(known(role, unit_id, person, form(*[1] * 10, state="confirmed", owner=owner)), 11)
    assert why in render(refused.value.wording, CATALOGUES["vi"])


@pytest.mark.parametrize(("owner", "why"), [(HELPED, "làm hộ"), (WIFE, "cùng hộ")])
def test_nobody_lets_in_late_whom_they_fill_in_for_or_live_with(owner: Person, why: str) -> None:
    with pytest.raises(Refused) as refused:
        as_whom(known("association", COMMUNE.id, OFFICIAL, None), LettingIn(), Latecomer(owner, VILLAGE.id))
    assert why in render(refused.value.wording, CATALOGUES["vi"])


def test_of_several_files_the_one_that_was_asked_for_is_shown_once_it_is_here() -> None:
    first, *_others = form().criteria.indicators
    one, other = Evidence("photo", source="sha256:1", id=1), Evidence("photo", source="telegram:2", id=2)
    kept = replace(form(1), evidence={first.id: (one, replace(one, id=3), other)})
    assert shown_file(kept, "3").files
    for claimed in ("2", "4"):  # one that is still fetched, one that is not there
        with pytest.raises(OutOfDate):
            shown_file(kept, claimed)
