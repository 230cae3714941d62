"""The engine, under whatever people do: what always holds, whoever replies what to which question."""

from collections.abc import Iterable
from functools import cache

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from flows.assessments import result_of, total_of
from flows.criteria import Localized
from flows.engine import FLOWS, decide
from flows.events import Acted, Answered, Begun, EvidenceGiven, Said
from flows.facts import Conversation, Facts, Reference
from flows.messages import Message, Outgoing, rendered
from flows.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable
from flows.session import HOME, Deciding, Filling, Frame, Session
from flows.wording import render
from tests.flows import town as towns
from tests.flows.town import Town, Turn
from tests.sample import CATALOGUES, REFERENCE

MOST_LETTERS = 4000
MOST_PAYLOAD_BYTES = 64

settled = cache(towns.settled)


# What always holds


def check(turn: Turn) -> None:
    """Assert what holds for every turn, whatever was replied."""
    check_session(turn)
    check_messages(turn)
    check_answers(turn)
    check_buttons(turn)
    check_decisions(turn)


def check_session(turn: Turn) -> None:
    after = turn.decision.session
    assert msgspec.json.decode(msgspec.json.encode(after), type=Session) == after
    assert turn.before.asked <= after.asked <= turn.before.asked + 1
    assert after.frames[0] == HOME
    talks = [type(frame.talk) for frame in after.frames]
    assert len(set(talks)) == len(talks)
    assert all(frame.step in {step.name for step in FLOWS[type(frame.talk)].steps} for frame in after.frames)


def check_messages(turn: Turn) -> None:
    messages = [*turn.decision.messages, *(told.message for told in turn.decision.told)]
    for outgoing in said(messages):
        assert len(outgoing.text) <= MOST_LETTERS
        assert outgoing.text.strip() or outgoing.files
        for button in (button for row in outgoing.buttons for button in row):
            assert button.label.strip()
            assert len(button.payload.encode()) <= MOST_PAYLOAD_BYTES


def said(messages: Iterable[Message]) -> list[Outgoing]:
    return [rendered(message, catalogue) for message in messages for catalogue in CATALOGUES.values()]


def check_answers(turn: Turn) -> None:
    """Answers and evidence only go under the indicator that was asked, in one's own form."""
    form = turn.facts.form
    for record in turn.decision.records:
        if isinstance(record, Answered | EvidenceGiven):
            asked = turn.before.frame
            assert isinstance(asked.talk, Filling)
            assert asked.step == ("indicator" if isinstance(record, Answered) else "evidence")
            assert asked.talk.indicator == record.indicator_id
            assert form is not None
            assert form.id == record.assessment_id
            assert form.editable
            assert turn.facts.form_is_open
        if isinstance(record, Answered):
            level = form.criteria.level(record.indicator_id, record.answer.level_id) if form else None
            assert level is not None
            assert record.answer.points == level.points


def check_buttons(turn: Turn) -> None:
    """A button of an earlier question never records anything, and leads nowhere new but into a first hello."""
    match turn.reply:
        case Pressed(payload) if payload.startswith("a:") and payload.split(":")[1] != str(turn.before.asked):
            assert turn.decision.records == ()
            assert turn.decision.told == ()
            if turn.facts.conversation.language is not None:
                frames = turn.decision.session.frames
                assert frames == turn.before.frames[: len(frames)]


def check_decisions(turn: Turn) -> None:
    """Nobody decides on their own form, outside their unit, or on other answers than they saw."""
    for act in (record for record in turn.decision.records if isinstance(record, Acted)):
        known, after = turn.facts.assessment(act.assessment_id), turn.decision.facts.assessment(act.assessment_id)
        assert known is not None
        assert after is not None
        assert act.version == known.version
        assert after.version == known.version + 1
        assert (act.state, act.total, act.passed) == (after.state, total_of(after), result_of(after).passed)
        if act.actor == "resident":
            assert known == turn.facts.form
        else:
            assert turn.facts.person is not None
            assert known.person.id != turn.facts.person.id
            assert turn.facts.holds("head", known.unit_id)
            assert known.state == "submitted"
            assert shown_version(turn) == known.version


def shown_version(turn: Turn) -> int | None:
    """Return which version of the form the decider had before them; a list shows the newest."""
    match turn.reply, turn.before.frame.talk:
        case Pressed(payload), _ if payload.startswith("c:"):
            return int(payload.split(":")[3])
        case _, Deciding(version=version):
            return version
        case _:
            return next(r.version for r in turn.decision.records if isinstance(r, Acted))


# Whatever people do

who = st.sampled_from(["Lan", "Minh", "Trường", "Hạnh", "Hoa", "Sáu", "Tư"])
WORDS = (
    "1", "2", "3", "10", "có", "không", "bỏ qua", "quay lại", "tạm dừng", "?", "sửa 4", "edit 99", "nộp", "sửa",
    "xem", "rút lại phiếu", "xoá", "xoá hết", "làm tiếp", "đồng ý", "từ chối", "vi", "en", "Nguyễn Văn An", "1975",
    "2015", "thon dong than khe", "xã thần khê", "mk", "Ảnh chụp lớp học ở nhà văn hóa", "chi hội biết", "tiếp",
    "xác nhận", "trả lại", "chỉnh điểm", "câu trả lời", "Cần xem lại câu 2.", "duyệt", "mời", "Chi hội trưởng",
)  # fmt: skip
COMMANDS = (
    "/start", "/start v-tk-dong", "/start v-nowhere", "/start i-nothing", "/status", "/help", "/language", "/privacy",
    "/cancel", "/review", "/invite", "/START@hoctap_bot v-tk-doai", "/", "/x", "//", "/start\n", "/ start",
)  # fmt: skip
RUBBISH = ("", " ", "\0", "a\0b", "\ud800", "/start i-\ud800", "<b>&_*[", "🙂", "a" * 5000, "\u202e", "9" * 5000, "{0}")
typed = st.sampled_from(WORDS) | st.sampled_from(COMMANDS) | st.sampled_from(RUBBISH) | st.text(max_size=30)
forged = st.one_of(
    st.sampled_from(["", ":", "a:", "c:", "a:1", "a:1:", "a:-1:1", "c:continue", "c:continue:1", "c:confirm", "x:1:2"]),
    st.text(max_size=20),
    st.builds(
        "c:{}:{}:{}".format,
        st.sampled_from(["confirm", "adjust", "return", "answers", "file", "submit", "take_back", ""]),
        st.integers(0, 130) | st.sampled_from(["x", "²", "٣", "9" * 19, "9" * 40, "9" * 5000, "-1"]),
        st.integers(0, 30) | st.sampled_from(["x", "9" * 5000, "1:1"]),
    ),
    st.builds("a:{}:{}".format, st.integers(0, 40), st.sampled_from(["1", "confirm", "yes", "erase_all", "submit"])),
)
unreadable = st.sampled_from(
    [Edited(), Unreadable("sticker"), Unreadable("voice"), Unreadable("broken text"), Blocked(), Unblocked()]
)
files = st.builds(
    SentFile, st.sampled_from(["photo", "document", "x"]), st.text(max_size=200), st.just("file-id"), st.text(max_size=99)
)


class WhateverPeopleDo(RuleBasedStateMachine):
    """A town in which everybody does anything."""

    town: Town

    @initialize()
    def begin(self) -> None:
        self.town = settled().copy()

    def does(self, name: str, reply: Reply) -> None:
        turn = self.town.turn(name, reply)
        check(turn)
        again = decide(turn.before, reply, turn.facts, CATALOGUES)
        assert again == turn.decision

    @rule(name=who, pick=st.integers(0, 20))
    def presses_a_button_of_the_newest_message(self, name: str, pick: int) -> None:
        payloads = self.town.phone(name).payloads()
        self.does(name, Pressed(payloads[pick % len(payloads)]) if payloads else Typed("/start"))

    @rule(name=who, first=st.integers(0, 9), second=st.integers(0, 9), third=st.integers(0, 9))
    def presses_one_button_after_the_other(self, name: str, first: int, second: int, third: int) -> None:
        for pick in (first, second, third):
            self.presses_a_button_of_the_newest_message(name, pick)

    @rule(name=who, whose=who, message=st.integers(0, 60), pick=st.integers(0, 20))
    def presses_a_button_of_any_message(self, name: str, whose: str, message: int, pick: int) -> None:
        payloads = self.town.phone(whose).payloads(message)
        if payloads:
            self.does(name, Pressed(payloads[pick % len(payloads)]))

    @rule(name=who, payload=forged)
    def forges_a_button(self, name: str, payload: str) -> None:
        self.does(name, Pressed(payload))

    @rule(name=who, text=typed)
    def types(self, name: str, text: str) -> None:
        self.does(name, Typed(text))

    @rule(name=who, text=st.sampled_from(WORDS))
    def types_words_that_mean_something_somewhere(self, name: str, text: str) -> None:
        self.does(name, Typed(text))

    @rule(name=who, number=st.integers(0, 400))
    def uses_an_invitation(self, name: str, number: int) -> None:
        if self.town.tokens:
            self.does(name, Typed(f"/start i-{self.town.tokens[number % len(self.town.tokens)]}"))

    @rule(name=who, file=files)
    def sends_a_file(self, name: str, file: SentFile) -> None:
        self.does(name, file)

    @rule(name=who, reply=unreadable)
    def does_something_that_cannot_be_read(self, name: str, reply: Reply) -> None:
        self.does(name, reply)

    @rule(days=st.sampled_from([1, 8, 50]))
    def days_go_by(self, days: int) -> None:
        self.town.now += days * towns.WEEK / 7

    @rule()
    def a_new_version_of_the_set_is_published(self) -> None:
        self.town.reference = published(self.town.reference)

    @invariant()
    def every_form_counts_what_its_answers_say(self) -> None:
        if hasattr(self, "town"):
            for form in self.town.forms.values():
                points = [form.criteria.level(i, a.level_id).points for i, a in form.answers.items()]
                assert total_of(form) == result_of(form).total == sum(points)

    @invariant()
    def nobody_has_decided_on_their_own_form(self) -> None:
        if hasattr(self, "town"):
            assert all(form.person.id in self.town.people for form in self.town.forms.values())


def published(reference: Reference) -> Reference:
    """Return what is shared once the farmers' set has a new version, without its first question."""
    old = reference.criteria["learning-citizen-farmer"]
    first, *others = old.competencies
    fewer = (replace(first, indicators=first.indicators[1:] or first.indicators), *others)
    new = replace(old, version=f"2026.{len(old.version) + 1}", competencies=fewer, title=Localized("Mới", "New"))
    return Reference(reference.units, reference.rounds, {**reference.criteria, new.id: new}, reference.links)


TestWhateverPeopleDo = WhateverPeopleDo.TestCase
TestWhateverPeopleDo.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
