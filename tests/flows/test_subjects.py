"""The lists of subjects: nothing that a subject brings is missing in them, and no two bring the same."""

from collections import Counter
from typing import get_args

import pytest
from msgspec import Struct

from bot.guides.pages import NAMES
from flows import subjects
from flows.conversation import events
from flows.conversation.events import Record
from flows.conversation.facts import Need
from flows.conversation.questions import Question
from flows.conversation.session import Talk
from flows.conversation.understanding import Order, Understood, understand
from flows.domain.people import RoleKind
from flows.subjects import SUBJECTS, AnyNeed, AnyTalk, SubjectRecord
from flows.words.wording import render
from tests.sample import CATALOGUES


def below(kind: type[Struct]) -> set[type[Struct]]:
    """Return all kinds of something that there are."""
    direct = set(kind.__subclasses__())
    return direct | {further for one in direct for further in below(one)}


def ours(kinds: set[type[Struct]]) -> set[type[Struct]]:
    """Leave out what tests have made."""
    return {kind for kind in kinds if kind.__module__.startswith("flows.")}


def test_every_talk_is_stored_and_has_a_flow() -> None:
    assert set(get_args(AnyTalk)) == ours(below(Talk)) == set(SUBJECTS.flows)


def test_every_record_is_in_the_list_and_has_a_subject_that_says_what_it_changes() -> None:
    assert set(get_args(SubjectRecord)) | set(get_args(events.AnyRecord)) == ours(below(Record))
    assert {kind for one in subjects.EVERY for kind in one.records} == set(get_args(SubjectRecord))


def test_every_need_is_in_the_list() -> None:
    assert set(get_args(AnyNeed)) == ours(below(Need))


@pytest.mark.parametrize("roles", [(), *((kind,) for kind in get_args(RoleKind)), get_args(RoleKind)])
def test_what_help_says_to_type_is_understood_by_everybody_who_is_told(roles: tuple[RoleKind, ...]) -> None:
    orders = tuple(one.order for one in SUBJECTS.commands if one.is_for(roles))
    for order in orders:
        for catalogue in CATALOGUES.values():
            said = render(order.label, catalogue)
            assert understand(said, Question(said), CATALOGUES, orders) == Understood(Order(order.key)), said


def test_a_guide_that_help_names_is_there() -> None:
    named = {one.guide for one in SUBJECTS.commands if one.guide}
    assert {"branch-head", "meeting", "association", "committee"} <= named <= set(NAMES)


def test_no_two_subjects_bring_a_command_a_button_or_a_code_of_one_name() -> None:
    for brought in (
        [flow.talk for one in subjects.EVERY for flow in one.flows],
        [word for one in subjects.EVERY for word in one.buttons],
        [beginning for one in subjects.EVERY for beginning in one.codes],
        [name for command in SUBJECTS.commands for name in {command.name, *command.names.values()}],
        [command.place for command in SUBJECTS.commands],
        [one.name for one in subjects.EVERY],
    ):
        assert [name for name, times in Counter(brought).items() if times > 1] == []
