"""The engine, under whatever people do: what always holds, whoever replies what to which question."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from msgspec.structs import replace
from sqlalchemy import update

from bot.store.core.tables import conversations
from flows.batches.records import DoneAlone
from flows.commune.checking import Checking
from flows.commune.records import Proposed
from flows.conversation.events import HeadsAddress
from flows.conversation.facts import Conversation, Facts
from flows.conversation.messages import Message, Outgoing, people_named, rendered
from flows.conversation.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable
from flows.conversation.session import HOME, Frame, Session
from flows.domain.assessments import result_of, total_of
from flows.domain.criteria import CriteriaSet
from flows.domain.people import RoleKind
from flows.forms.needs import AssessmentWanted, assessment
from flows.forms.records import Acted, Answered, EvidenceGiven, Followed
from flows.forms.talk import Filling
from flows.meeting.needs import VillageWanted
from flows.meeting.records import VillageMoved
from flows.notices.audience import reach_of
from flows.notices.needs import ApproversWanted, NoticeWanted
from flows.notices.records import NoticeActed, NoticeSaved
from flows.received.needs import ReceivedWanted
from flows.received.records import NoticeAnswered
from flows.registration.records import PersonSaved
from flows.review.talk import Deciding
from flows.subjects import FLOWS, AnyTalk, decide
from flows.words.localized import Localized
from flows.words.wording import render
from tests.flows.town import Town, Turn, settled
from tests.sample import CATALOGUES, NOW, REFERENCE

MOST_LETTERS = 4000
MOST_PAYLOAD_BYTES = 64


# What always holds


def check(turn: Turn) -> None:
    """Assert what holds for every turn, whatever was replied."""
    check_session(turn)
    check_messages(turn)
    check_names(turn)
    check_answers(turn)
    check_buttons(turn)
    check_decisions(turn)
    check_villages(turn)
    check_following(turn)
    check_notices(turn)


def check_session(turn: Turn) -> None:
    after = turn.decision.session
    assert msgspec.json.decode(msgspec.json.encode(after), type=Session[AnyTalk]) == after
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


def check_names(turn: Turn) -> None:
    """A message that says somebody else's name tells whom it is about, and comes only to who holds a role."""
    found = [turn.facts.find(need) for need in turn.facts.found if isinstance(need, AssessmentWanted)]
    known = {form.person for form in found if form is not None}
    for message in turn.decision.messages:
        for person in known:
            if person.id != turn.facts.person_id and any(person.name in str(outgoing) for outgoing in said([message])):
                assert turn.facts.roles
                assert person.id in people_named(message)
    for told in turn.decision.told:
        if isinstance(told.to, HeadsAddress):
            assert told.to.owner_id in people_named(told.message)


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
        known, after = assessment(turn.facts, act.assessment_id), assessment(turn.decision.facts, act.assessment_id)
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
            role: RoleKind = "association" if act.actor == "association" else "head"
            assert turn.facts.holds(role, known.unit_id)
            assert known.state == "submitted" or role == "association"
            assert role == "association" or not known.closed
            assert shown_version(turn) == known.version


def check_villages(turn: Turn) -> None:
    """Only its branch closes a village, only the association sends it back, each from the state it was shown in."""
    for moved in (record for record in turn.decision.records if isinstance(record, VillageMoved)):
        before = turn.facts.find(VillageWanted(moved.unit_id, moved.round_id, held=True))
        assert before.version == moved.version
        assert turn.facts.holds("head" if moved.state == "closed" else "association", moved.unit_id)
        assert before.is_closed is (moved.state == "sent_back")
        assert moved.minutes is not None
        assert bool(moved.reason) is (moved.state == "sent_back")
    for proposed in (record for record in turn.decision.records if isinstance(record, Proposed)):
        assert turn.facts.holds("association", proposed.unit_id)
        assert proposed.order.passed_only


def check_following(turn: Turn) -> None:
    """Whoever's details have changed has no form left that the branch confirmed with the old ones, while it is
    decided; and only their own follow them."""
    before, after = turn.facts, turn.decision.facts
    for what in (record for record in turn.decision.records if isinstance(record, Followed)):
        known, form = assessment(before, what.assessment_id), assessment(after, what.assessment_id)
        assert known in before.own
        assert form is not None
        assert form.state != "confirmed"
        assert (what.version, form.version) == (known.version, known.version + 1)
        assert (what.act == "restart") <= (form.answers == {} and form.criteria.id != known.criteria.id)
    if any(isinstance(record, PersonSaved) for record in turn.decision.records) and before.person is not None:
        shown = [(person.name, person.birth_year, person.group) for person in (before.person, after.person) if person]
        if len(set(shown)) > 1:
            decided = [form for form in after.own if after.rounds_in(after.reference.units.scope([form.unit_id]))]
            assert "confirmed" not in {form.state for form in decided}


def check_notices(turn: Turn) -> None:
    """Only administrators write to people, only to their own, and nobody approves what they wrote."""
    facts = turn.facts
    person_id = facts.person.id if facts.person is not None else 0
    for record in turn.decision.records:
        if isinstance(record, NoticeSaved):
            assert record.audience.unit_ids
            assert all(facts.holds("admin", unit_id) for unit_id in record.audience.unit_ids)
            reached = reach_of(facts, record.audience)
            above = facts.find(ApproversWanted(frozenset(record.audience.unit_ids), person_id)).above
            assert record.state == ("awaiting" if reached.total > above else "scheduled")
            assert record.send_at is None or record.send_at >= facts.now
        if isinstance(record, NoticeActed):
            known = facts.find(NoticeWanted(record.notice_id))
            assert known is not None
            assert facts.has_role("admin")
            assert known.author_id == person_id or all(facts.holds("admin", id_) for id_ in known.audience.unit_ids)
            assert (record.act in {"approve", "decline"}) <= (known.author_id != person_id)
        if isinstance(record, NoticeAnswered):
            assert facts.find(ReceivedWanted(record.notice_id, facts.conversation.id))


def shown_version(turn: Turn) -> int | None:
    """Return which version of the form the decider had before them; a list shows the newest."""
    match turn.reply, turn.before.frame.talk:
        case Pressed(payload), _ if payload.startswith("c:"):
            return int(payload.split(":")[3])
        case _, Deciding(version=version) | Checking(version=version):
            return version
        case _:
            return next(r.version for r in turn.decision.records if isinstance(r, Acted))


# Whatever people do

who = st.sampled_from(["Lan", "Minh", "Trường", "Hạnh", "Hoa", "Bình", "Thảo", "Sáu", "Tư"])
WORDS = (
    "1", "2", "3", "10", "có", "không", "bỏ qua", "quay lại", "tạm dừng", "?", "sửa 4", "edit 99", "nộp", "sửa",
    "xem", "rút lại phiếu", "xoá", "xoá hết", "làm tiếp", "đồng ý", "từ chối", "vi", "en", "Nguyễn Văn An", "1975",
    "2015", "thon dong than khe", "xã thần khê", "mk", "Ảnh chụp lớp học ở nhà văn hóa", "chi hội biết", "tiếp",
    "xác nhận", "trả lại", "chỉnh điểm", "câu trả lời", "Cần xem lại câu 2.", "duyệt", "mời", "Chi hội trưởng",
    "viết", "gửi", "gửi cho ai", "khi nào", "mai 8h", "5/10 19:00", "từ 60", "16-35", "hằng tuần", "https://hoctap.example",
    "hai người duyệt", "0", "rút", "xem trước", "nút", "đường dẫn", "xong", "dùng văn bản này",
)  # fmt: skip
STARTS = ("/review", "/meeting", "/commune", "/invite", "/privacy", "/status", "/start", "sửa 4", "/notices", "/mute")
PROPER_TEXTS = {
    "name": "Đỗ Thị Bảy",
    "birth_year": "1975",
    "representative": "Đỗ Văn Năm",
    "village": "thon dong than khe",
    "unit": "thon doai",
    "adjust_reason": "Lớp học chỉ có một buổi.",
    "return_reason": "Cần xem lại câu 2.",
    "evidence": "Ảnh chụp lớp học ở nhà văn hóa",
    "text": "Mời *bà con* dự họp.",
    "detail": "Nhà văn hóa thôn Đông",
    "english": "Everyone is _welcome_.",
    "link_label": "Chương trình",
    "link_url": "https://hoctap.example/lich",
    "units": "thon dong",
    "ages": "từ 60",
    "when": "mai 8h",
    "limit": "1",
    "day": "hôm nay",
    "hours": "19:30 đến 21:00",
    "place": "nhà văn hóa",
    "chair": "tôi",
    "secretary": "Lê Thị Thư",
    "present": "35/40",
    "votes": "tất cả đồng ý",
    "posting": "0",
    "reason": "Xin xem lại biên bản.",
    "sample": "1",
}
MEETING = ("hôm nay", "để trống", "nhà văn hóa", "tôi", "Lê Thị Thư", "35/40", "tất cả đồng ý")
# Deep places to begin at, by the step that they lead to.
BEGUN = {
    "adjust_reason": ("Hạnh", "/review", "1", "chỉnh điểm", "1", "2"),
    "return_reason": ("Trường", "/review", "1", "trả lại"),
    "sure": ("Lan", "/privacy", "xoá"),
    "unit": ("Hoa", "/invite", "1", "thon dong"),
    "evidence": ("Minh", "sửa 2", "1"),
    "take_role": ("Sáu", "vi", "có", "/start i-{token}", "Đỗ Văn Sáu"),
    "confirm": ("Hoa", "/notices", "viết", "việc khác", "Mời bà con.", "gửi"),
    "draft": ("Bình", "/notices", "viết", "1", "bỏ qua", "dùng văn bản này"),
    "posting": ("Trường", "/meeting", "nhập", *MEETING),
    "proposing": ("Thảo", "/commune", "đề nghị"),
    "village": ("Thảo", "/commune", "1"),
    "check": ("Tư", "/start v-tk-doai", "vi", "có", "Đỗ Thị Tư", "1980", "có", "1"),
}
COMMANDS = (
    "/start", "/start v-tk-dong", "/start v-nowhere", "/start i-nothing", "/status", "/help", "/language", "/privacy",
    "/cancel", "/review", "/invite", "/notices", "/mute", "/START@hoctap_bot v-tk-doai", "/", "/x", "//", "/start\n",
    "/ start",
)  # fmt: skip
RUBBISH = ("", " ", "\0", "a\0b", "\ud800", "/start i-\ud800", "<b>&_*[", "🙂", "a" * 5000, "\u202e", "9" * 5000, "{0}")
typed = st.sampled_from(WORDS) | st.sampled_from(COMMANDS) | st.sampled_from(RUBBISH) | st.text(max_size=30)
forged = st.one_of(
    st.sampled_from(["", ":", "a:", "c:", "a:1", "a:1:", "a:-1:1", "c:continue", "c:continue:1", "c:confirm", "x:1:2"]),
    st.text(max_size=20),
    st.builds(
        "c:{}:{}:{}".format,
        st.sampled_from(["confirm", "adjust", "return", "answers", "file", "submit", "take_back", ""]),
        st.integers(0, 8) | st.sampled_from(["x", "²", "٣", "9" * 19, "9" * 40, "9" * 5000, "-1"]),
        st.integers(0, 30) | st.sampled_from(["x", "9" * 5000, "1:1"]),
    ),
    st.builds(
        "c:notice:{}:{}:{}".format,
        st.sampled_from(
            ["show", "approve", "decline", "withdraw", "pause", "repeat_uncertain", "report", "preview", "x"]
        ),
        st.integers(0, 5) | st.sampled_from(["0", "x", "²", "9" * 19, "-1"]),
        st.integers(0, 3) | st.sampled_from(["x", "9" * 5000]),
    ),
    st.builds(
        "c:answer:{}:{}".format,
        st.integers(0, 5) | st.sampled_from(["0", "x", "٣", "9" * 19]),
        st.sampled_from(["come", "cannot", "start", "x", ""]),
    ),
    st.builds("c:{}:{}".format, st.sampled_from(["mute", "unmute"]), st.sampled_from(["notices", "dates", "x", ""])),
    st.sampled_from(["c:review", "c:notices", "c:notices:awaiting"]),
    st.builds("c:village:{}:{}".format, st.integers(0, 8) | st.sampled_from(["x", "9" * 40]), st.integers(0, 3)),
    st.builds("a:{}:{}".format, st.integers(0, 40), st.sampled_from(["1", "confirm", "yes", "erase_all", "submit"])),
)
unreadable = st.sampled_from(
    [Edited(), Unreadable("sticker"), Unreadable("voice"), Unreadable("broken text"), Blocked(), Unblocked()]
)
files = st.builds(
    SentFile,
    st.sampled_from(["photo", "document", "x"]),
    st.text(max_size=200),
    st.just("file-id"),
    st.text(max_size=99),
)


class WhateverPeopleDo(RuleBasedStateMachine):
    """A town in which everybody does anything, on the real store."""

    town: Town

    @initialize(begun=st.lists(st.sampled_from(sorted(BEGUN)), min_size=1, max_size=3, unique=True))
    def begin(self, begun: list[str]) -> None:
        self.town = settled()
        for what in begun:
            name, *texts = BEGUN[what]
            for text in texts:
                self.does(name, Typed(text.format(token=self.town.tokens[0])))
            assert self.town.phone(name).session.frame.step == what

    def does(self, name: str, reply: Reply) -> None:
        turn = self.town.turn(name, reply)
        check(turn)
        again = decide(turn.before, turn.reply, turn.facts, CATALOGUES)
        assert again == turn.decision

    @rule(name=who, pick=st.integers(0, 20))
    def presses_a_button_of_the_newest_message(self, name: str, pick: int) -> None:
        payloads = self.town.phone(name).payloads()
        self.does(name, Pressed(payloads[pick % len(payloads)]) if payloads else Typed("/start"))

    @rule(name=who, picks=st.lists(st.integers(0, 9), min_size=3, max_size=8))
    def answers_some_questions_properly(self, name: str, picks: list[int]) -> None:
        for pick in picks:
            step = self.town.phone(name).session.frame.step
            if step in PROPER_TEXTS and pick < 8:
                self.does(name, Typed(PROPER_TEXTS[step]))
            else:
                self.presses_a_button_of_the_newest_message(name, pick)

    @rule(name=who, start=st.sampled_from(STARTS), picks=st.lists(st.integers(0, 9), min_size=1, max_size=5))
    def begins_something_and_answers(self, name: str, start: str, picks: list[int]) -> None:
        self.does(name, Typed(start))
        self.answers_some_questions_properly(name, picks)

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
        self.town.now += timedelta(days=days)

    @rule()
    def a_new_version_of_the_set_is_published(self) -> None:
        self.town.publish(fewer_questions(self.town))

    def teardown(self) -> None:
        for name in self.town.phones if hasattr(self, "town") else ():
            if (form := self.town.form_of(name)) is not None:
                points = [form.criteria.level(i, a.level_id).points for i, a in form.answers.items()]
                assert total_of(form) == result_of(form).total == sum(points)


def fewer_questions(town: Town) -> CriteriaSet:
    """Return the farmers' set in a new version, without its first question."""
    old = town.reference().criteria["learning-citizen-farmer"]
    first, *others = old.competencies
    fewer = (replace(first, indicators=first.indicators[1:] or first.indicators), *others)
    number = int(old.version.partition(".")[2]) + 1
    return replace(old, version=f"2026.{number}", competencies=fewer, title=Localized("Mới", "New"))


TestWhateverPeopleDo = WhateverPeopleDo.TestCase
TestWhateverPeopleDo.settings = settings(
    max_examples=40, stateful_step_count=40, suppress_health_check=list(HealthCheck)
)


# Plainly


def facts(language: str | None = "vi") -> Facts:
    return Facts(NOW, Conversation(1, "web", language), REFERENCE)


def test_a_button_of_an_earlier_question_changes_nothing_and_the_present_question_comes_again() -> None:
    town = settled()
    old = town.phone("Minh").payloads()
    town.say("Minh", "1")
    asked = town.phone("Minh").payloads()
    for payload in old:
        turn = town.turn("Minh", Pressed(payload))
        assert turn.decision.records == ()
        assert turn.decision.session == turn.before
        assert town.phone("Minh").payloads() == asked


def test_the_same_button_pressed_twice_answers_one_question() -> None:
    town = settled()
    level = town.phone("Minh").payloads()[1]
    records = [town.turn("Minh", Pressed(level)).decision.records for _press in range(2)]
    assert [len(each) for each in records] == [1, 0]


def test_of_two_heads_who_decide_on_the_same_version_the_second_is_told_what_holds_now() -> None:
    town = settled()
    form = town.form_of("Lan")
    assert form is not None
    confirm = Pressed(f"c:confirm:{form.id}:{form.version}")
    first, second = (town.turn(name, confirm) for name in ("Hạnh", "Trường"))
    assert [type(record) for record in first.decision.records] == [Acted, DoneAlone]
    assert second.decision.records == ()
    words = render(second.decision.messages[0].text, CATALOGUES["en"])
    assert words.startswith("This form is now confirmed by the branch; this cannot be done any more.")


@pytest.mark.parametrize("version", ["", ":", ":0", ":x", ":99", ":-1", f":{'9' * 50}"])
@pytest.mark.parametrize("verb", ["confirm", "adjust", "return"])
def test_a_decision_is_held_to_the_version_that_was_shown(verb: str, version: str) -> None:
    town = settled()
    form = town.form_of("Lan")
    assert form is not None
    turn = town.turn("Hạnh", Pressed(f"c:{verb}:{form.id}{version}"))
    assert turn.decision.records == ()
    assert turn.decision.session.frame.step not in {"adjust_which", "return_reason"}


@pytest.mark.parametrize("verb", ["confirm", "adjust", "return", "answers", "file"])
@pytest.mark.parametrize(("name", "owner"), [("Trường", "Trường"), ("Lan", "Lan"), ("Minh", "Lan"), ("Hoa", "Lan")])
def test_a_forged_button_gives_no_right_to_a_form(name: str, owner: str, verb: str) -> None:
    town = settled()
    form = town.form_of(owner)
    assert form is not None
    turn = town.turn(name, Pressed(f"c:{verb}:{form.id}:{form.version}"))
    assert turn.decision.records == ()
    assert turn.decision.told == ()
    shown = [outgoing.text for outgoing in said(turn.decision.messages)]
    assert not any(form.person.name in text and name != owner for text in shown)


@pytest.mark.parametrize("id_", ["0", "999", "9" * 18, "9" * 19, "9" * 40, "9" * 5000, "-1", "²", "٣", "x", ""])
def test_a_forged_number_of_a_form_finds_nothing_and_breaks_nothing(id_: str) -> None:
    turn = settled().turn("Hạnh", Pressed(f"c:confirm:{id_}:1"))
    assert turn.decision.records == ()


@pytest.mark.parametrize("text", ["\ud800", "/start i-\ud800", "/start v-\ud800", "/\ud800", "\0", "/start i-\0"])
def test_half_a_letter_is_not_understood_and_breaks_nothing(text: str) -> None:
    town = settled()
    for name in [*town.phones]:
        town.turn(name, Typed(text))


def test_what_is_not_understood_stays_unanswered_while_more_is_waiting() -> None:
    town = settled()
    turn = town.turn("Minh", Typed("bla bla bla"))
    quiet = decide(turn.before, turn.reply, turn.facts, CATALOGUES, more_waiting=True)
    assert (len(turn.decision.messages), turn.decision.session.misses) == (1, 1)
    assert (quiet.messages, quiet.session) == ((), turn.before)


def test_a_refusal_by_a_rule_is_said_even_while_more_is_waiting() -> None:
    turn = settled().turn("Minh", Typed("sửa 99"))
    assert decide(turn.before, turn.reply, turn.facts, CATALOGUES, more_waiting=True) == turn.decision


def test_help_is_offered_from_the_second_reply_in_a_row_that_was_not_understood() -> None:
    town = settled()
    texts = [render(town.turn("Minh", Typed("bla")).decision.messages[0].text, CATALOGUES["en"]) for _ in range(3)]
    assert ["type “help”" in text for text in texts] == [False, True, True]
    assert ["ask your children" in text for text in texts] == [False, False, True]
    town.say("Minh", "1")
    assert town.phone("Minh").session.misses == 0


def test_a_step_that_a_newer_version_no_longer_has_leads_to_the_first_of_its_talk() -> None:
    town = settled()
    session = replace(town.phone("Minh").session, frames=(HOME, Frame("a step of old", Filling("keeps-up"))))
    town.write(
        update(conversations).where(conversations.c.address == "Minh").values(session=msgspec.json.encode(session))
    )
    turn = town.turn("Minh", Unreadable("sticker"))
    assert turn.decision.messages[-1].text is not None
    assert town.form_of("Minh") == turn.facts.form


def test_a_form_under_way_keeps_the_set_it_began_with() -> None:
    town = settled()
    pinned = town.form_of("Minh")
    new = fewer_questions(town)
    town.publish(new)
    town.say("Minh", "1", "/cancel", "bắt đầu")
    form = town.form_of("Minh")
    assert pinned is not None
    assert form is not None
    assert form.criteria == pinned.criteria != new


@pytest.mark.parametrize(("reply", "blocked"), [(Blocked(), True), (Unblocked(), False)])
def test_somebody_who_stops_the_bot_is_told_nothing_and_stands_where_they_stood(reply: Reply, blocked: bool) -> None:
    turn = settled().turn("Minh", reply)
    assert turn.decision.messages == ()
    assert turn.decision.session == turn.before
    assert [record.blocked for record in turn.decision.records] == [blocked]  # type: ignore[attr-defined]


def test_whoever_says_hello_first_is_asked_for_the_language_whatever_it_was() -> None:
    for reply in (
        Typed("xin chào"),
        Typed("/start"),
        Unreadable("sticker"),
        Pressed("a:0:x"),
        SentFile("photo", "", "x"),
    ):
        decision = decide(Session(), reply, facts(language=None), CATALOGUES)
        assert decision.session.frame.step == "language"
