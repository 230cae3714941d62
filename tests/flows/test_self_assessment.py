"""Filling in a form, step by step: what is asked after an answer, and how often."""

import pytest
from msgspec.structs import replace

from flows.conversation.events import Went
from flows.conversation.facts import Conversation, Facts
from flows.conversation.questions import Chose
from flows.domain.criteria import GROUPS, Group
from flows.domain.people import Person
from flows.forms.records import Answered
from flows.forms.talk import Filling, ask_evidence, hear_indicator
from flows.words.wording import render
from tests.sample import CATALOGUES, LAN, NOW, REFERENCE, form

every_group = pytest.mark.parametrize("group", GROUPS)


def filling_in(group: Group) -> Facts:
    """Return the picture of somebody of a group with a form under way."""
    person: Person = replace(LAN, group=group)
    return Facts(NOW, Conversation(1, "web"), REFERENCE, person=person, own=(form(owner=person),))


@every_group
def test_no_form_asks_for_evidence_of_an_answer_below_the_floor(group: Group) -> None:
    facts = filling_in(group)
    criteria = form(owner=replace(LAN, group=group)).criteria
    for indicator in criteria.indicators:
        for level in indicator.levels:
            answered, went = hear_indicator(facts, Filling(indicator.id), Chose(level.id))
            assert isinstance(answered, Answered)
            assert isinstance(went, Went)
            wanted = indicator.evidence == "asked" and level.points >= criteria.pass_rule.floor
            assert (went.step == "evidence") is wanted


@every_group
def test_evidence_is_asked_for_as_a_question_with_an_example(group: Group) -> None:
    facts = filling_in(group)
    criteria = form(owner=replace(LAN, group=group)).criteria
    for number, indicator in enumerate(criteria.indicators, start=1):
        if indicator.evidence_hint is not None:
            asked = render(ask_evidence(facts, Filling(indicator.id)).text, CATALOGUES["vi"]).splitlines()
            assert asked[0] == f"Câu {number}: có ảnh, giấy tờ gì làm minh chứng không?"
            assert asked[1] == f"Ví dụ: {indicator.evidence_hint.vi}"
