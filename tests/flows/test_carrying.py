"""Many forms decided at once: what keeps one of them as it is, and what each order is called once it is done."""

from typing import Any

import pytest
from msgspec.structs import replace

from flows.batches.batch import Batch, Order, Why
from flows.batches.carrying import act_on, take_back
from flows.batches.words import ended
from flows.conversation.facts import Conversation, Facts
from flows.domain.assessments import Act, Assessment
from flows.domain.people import Person, Role, RoleKind
from flows.domain.units import Scope
from flows.forms.records import Acted
from flows.roles.needs import Holder, HoldersWanted
from flows.words.wording import render
from tests.sample import CATALOGUES, COMMUNE, LAN, NOW, OTHER_VILLAGE, REFERENCE, ROUND, VILLAGE, form

HEAD = Person(8, "Trần Văn Trường")
FORM = form(*[1] * 10, state="submitted")


def known(kind: RoleKind = "head", unit_id: int = VILLAGE.id, person: Person = HEAD) -> Facts:
    head = Holder(1, HEAD.id, HEAD.name, Role("head", VILLAGE.id))
    facts = Facts(NOW, Conversation(1, "web", "vi"), REFERENCE, person, (Role(kind, unit_id),))
    return facts.knowing(HoldersWanted(VILLAGE.id), (head,))


def order(act: Act = "confirm", role: RoleKind = "head") -> Order:
    return Order(act, role, Scope((VILLAGE.id,), 1), (ROUND.id,), NOW)


@pytest.mark.parametrize(
    ("facts", "asked", "one", "version", "why"),
    [
        (known(), order(), None, 10, "gone"),
        (known("association"), order(), FORM, 10, "no_role"),
        (known(unit_id=OTHER_VILLAGE.id), order(), FORM, 10, "elsewhere"),
        (known(person=LAN), order(), FORM, 10, "own"),
        (known(), order(), replace(FORM, state="draft"), 10, "taken_back"),
        (known(), order(), replace(FORM, state="returned"), 10, "returned"),
        (known(), order(), replace(FORM, state="confirmed"), 10, "decided"),
        (known(), order(), FORM, 9, "changed"),
        (known(), order(), replace(FORM, closed=True), 10, "closed"),
        (known("deputy", person=Person(9, "Vũ Thị Hạnh")), order(role="deputy"), FORM, 10, "head"),
        (
            known("association", COMMUNE.id), order("propose", "association"),
            replace(FORM, state="confirmed"), 10, "open",
        ),
        (known(), order("return"), FORM, 10, "decided"),
    ],
)  # fmt: skip
def test_a_form_is_left_as_it_is_and_it_is_said_why(
    facts: Facts, asked: Order, one: Assessment | None, version: int, why: Why
) -> None:
    assert act_on(facts, asked, one, version) == why


def test_a_form_that_is_as_it_was_shown_is_decided() -> None:
    acted = act_on(known(), order(), FORM, FORM.version)
    assert isinstance(acted, Acted)
    assert acted.state == "confirmed"


@pytest.mark.parametrize(
    ("changed", "is_kept"), [({}, False), ({"closed": True}, True), ({"version": 12}, True), ({"state": "draft"}, True)]
)
def test_what_was_confirmed_is_taken_back_unless_anything_happened_to_it_since(
    changed: dict[str, Any], *, is_kept: bool
) -> None:
    confirmed = replace(FORM, **{"state": "confirmed", "version": 11, **changed})
    assert (take_back(known(), order(), confirmed, 10) == "kept") is is_kept


@pytest.mark.parametrize("act", ["confirm", "propose", "recognise", "return"])
def test_what_was_done_is_told_with_its_number(act: Act) -> None:
    roles: dict[str, RoleKind] = {"propose": "association", "recognise": "committee"}
    batch = Batch(1, HEAD.id, 1, order(act, roles.get(act, "head")), "ended", NOW)
    assert "3" in render(ended(batch, {"done": 3}, ()).text, CATALOGUES["vi"])
