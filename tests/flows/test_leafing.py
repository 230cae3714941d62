"""Lists of several pages: back leads to the page before, “more” to the next one, whatever the list."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from flows.commune import drawing, forms, villages
from flows.commune.checking import Checking
from flows.conversation.events import Event, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Chose, Heard
from flows.meeting import villages as meeting
from flows.meeting.entering import Meeting
from flows.recognition import talk as recognition

Hear = Callable[[Facts, Any, Heard], Iterator[Event]]

NOTHING: Any = None  # of what is known, leafing needs nothing

LISTS = [
    (villages.hear_villages, Checking(1, 1, page=1), "page"),
    (forms.hear_forms, Checking(1, 1, village_id=2, place=1), "place"),
    (drawing.hear_sampled, Checking(1, 1, place=1), "place"),
    (meeting.hear_village, Meeting(page=1), "page"),
    (recognition.hear_proposal, recognition.Recognising(1, datetime(2026, 11, 20), page=1), "page"),
]


@pytest.mark.parametrize(("hear", "talk", "place"), LISTS, ids=[hear.__name__ for hear, _talk, _place in LISTS])
def test_of_a_list_of_several_pages_the_one_before_and_the_next_are_shown(hear: Hear, talk: Any, place: str) -> None:
    for pressed, shown in ((BACK.key, 0), ("later", 2)):
        (went,) = hear(NOTHING, talk, Chose(pressed))
        assert isinstance(went, Went)
        assert getattr(went.talk, place) == shown
