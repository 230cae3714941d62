"""Steps that are given what their question does not ask for, and a session whose talk is lost."""

from datetime import datetime, time

import pytest

from flows.conversation.facts import FactMissing, Found
from flows.conversation.messages import rendered
from flows.conversation.questions import Gave
from flows.conversation.replies import Pressed, Reply, SentFile, Typed, Unreadable
from flows.domain.quiet_hours import QuietHours
from flows.forms.needs import AssessmentWanted
from flows.received.needs import MutedWanted
from flows.reminders.words import unfinished_reminder
from flows.subjects import FLOWS, decide
from flows.words.refusals import NotUnderstood
from tests.flows.town import settled
from tests.sample import CATALOGUES, NOW, ZONE

PLACES = {
    "home": ("Hạnh", "/cancel"),
    "indicator": ("Minh", "sửa 4"),
    "summary": ("Minh", "sửa 4", "/cancel"),
    "units": ("Hoa", "/notices", "viết", "việc khác", "Mời bà con.", "gửi cho ai", "nơi nhận"),
    "when": ("Hoa", "/notices", "viết", "việc khác", "Mời bà con.", "khi nào"),
    "unit": ("Hoa", "/invite", "1"),
    "privacy": ("Lan", "/privacy"),
    "sure": ("Lan", "/privacy", "xoá"),
    "language": ("Lan", "/language"),
    "return_reason": ("Trường", "/review", "1", "trả lại"),
    "adjust_reason": ("Hạnh", "/review", "1", "chỉnh điểm", "1", "2"),
    "kinds": ("Lan", "/mute"),
    "list": ("Trường", "/review"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_file_is_no_answer_where_none_is_asked_for(place: str) -> None:
    """The engine refuses it first; a step does not rely on that."""
    town = settled()
    name, *texts = PLACES[place]
    turn = [town.turn(name, Typed(text)) for text in texts][-1]
    frame = turn.decision.session.frame
    step = FLOWS[type(frame.talk)].step(frame.step)
    with pytest.raises(NotUnderstood):
        list(step.hear(turn.decision.facts, frame.talk, Gave(SentFile("photo", "x.jpg", "handle"))))


@pytest.mark.parametrize(
    ("reply", "lost"),
    [
        (Typed("1"), True),
        (Typed("/help"), False),
        (Pressed("a:1:1"), True),
        (Pressed("c:mute:notices"), False),
        (Unreadable("sticker"), True),
        (SentFile("photo", "", "handle", album="1"), True),
    ],
)
def test_who_answers_a_question_that_is_lost_is_told_so_and_a_command_is_obeyed(reply: Reply, lost: bool) -> None:
    turn = settled().turn("Minh", Typed("/help"))
    facts = turn.facts.knowing(MutedWanted(turn.facts.person_id), frozenset())
    decision = decide(turn.decision.session, reply, facts, CATALOGUES, cut=True)
    assert ("I have just been updated" in str(decision.messages)) == lost


def test_several_facts_are_asked_for_at_once_until_all_are_there() -> None:
    facts = settled().turn("Minh", Typed("/help")).facts
    first, second = AssessmentWanted(1), AssessmentWanted(2)
    with pytest.raises(FactMissing) as missing:
        facts.knowing(first, None).want(first, second)
    assert missing.value.needs == (second,)
    facts.knowing(first, None).knowing(second, None).want(first, second)


def test_what_cannot_be_read_is_as_if_it_had_never_been_found() -> None:
    found = Found()
    found.put(AssessmentWanted(1), None)
    found.drop(AssessmentWanted(1))
    assert found == Found()


def test_where_evidence_was_not_kept_it_may_be_sent_once_more_by_its_owner_alone() -> None:
    town = settled()
    (own, others) = (town.form_of("Minh"), town.form_of("Lan"))
    assert own is not None
    assert others is not None
    assert town.turn("Minh", Pressed(f"c:evidence:{own.id}:2")).decision.session.frame.step == "evidence"
    for name, payload in (
        ("Minh", f"c:evidence:{others.id}:2"),
        ("Minh", f"c:evidence:{own.id}:99"),
        ("Minh", "c:evidence:x:1"),
        ("Minh", "c:evidence"),
        ("Lan", f"c:evidence:{others.id}:2"),
    ):
        before = town.phone(name).session.frames
        turn = town.turn(name, Pressed(payload))
        assert (turn.decision.records, turn.decision.session.frames) == ((), before), payload


def test_who_has_no_form_or_has_handed_it_in_can_neither_go_on_nor_take_back_what_is_not_there() -> None:
    town = settled()
    for name, payload in (("Hạnh", "c:take_back"), ("Minh", "c:take_back"), ("Lan", "c:continue")):
        assert town.turn(name, Pressed(payload)).decision.records == ()


def test_a_button_of_no_kind_turns_nothing_off() -> None:
    assert settled().turn("Lan", Pressed("c:mute:x")).decision.records == ()
    assert settled().turn("Lan", Pressed("c:answer:x:come")).decision.records == ()


def test_a_file_that_no_form_has_is_not_shown_and_one_on_its_way_neither() -> None:
    town = settled()
    form = town.form_of("Lan")
    assert form is not None
    assert town.turn("Hạnh", Pressed(f"c:file:{form.id}:999")).decision.messages[0].files == ()
    assert town.turn("Hạnh", Pressed(f"c:file:{form.id}")).decision.messages[0].files == ()


@pytest.mark.parametrize("reason", ["12345", "ab", "x" * 501])
def test_what_is_no_reason_returns_no_form(reason: str) -> None:
    town = settled()
    town.say("Trường", "/review", "1", "trả lại")
    assert town.turn("Trường", Typed(reason)).decision.records == ()


def test_quiet_hours_may_lie_within_a_day() -> None:
    nap = QuietHours(time(12, 0), time(14, 0))
    assert [nap.holds(datetime(2026, 10, 1, hour, tzinfo=ZONE)) for hour in (11, 12, 13, 14)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_complete_form_that_waits_to_be_submitted_is_reminded_of_by_that_name() -> None:
    shown = rendered(unfinished_reminder(0, returned=False, closes=NOW.date()), CATALOGUES["en"]).text
    assert "complete but not submitted" in shown
