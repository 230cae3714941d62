"""Notices: their life and texts, who may write, see and approve them, and what their readers press."""

from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import delete, func, insert, select, update

from bot.store.core.tables import approval_limits, conversations, notice_units, notices, outbox, roles
from flows.conversation.messages import rendered
from flows.conversation.replies import Pressed, SentFile, Typed
from flows.conversation.session import HOME
from flows.domain.quiet_hours import QuietHours
from flows.notices import words as notice_words
from flows.notices.audience import read_ages
from flows.notices.draft.drafting import Drafting
from flows.notices.notice import (
    CHANNEL_LIMITS,
    Audience,
    Content,
    Notice,
    NoticeAct,
    NoticeFile,
    NoticeState,
    Reached,
    acts_on,
    length_of,
    message_of,
    next_time,
    read_url,
    state_after,
    too_long_for,
)
from flows.notices.records import ApprovalLimitSet, NoticeActed, NoticeSaved, ReportAsked
from flows.notices.talk import progress_message
from flows.received.records import Muted, NoticeAnswered
from flows.reminders.words import date_reminder, unfinished_reminder, waiting_digest
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import render
from tests.flows.town import Town, Turn, settled
from tests.sample import CATALOGUES, COMMUNE, FAR_COMMUNE, NOW, OTHER_VILLAGE, VILLAGE, ZONE

EN = CATALOGUES["en"]
TEXT = Content("Kính mời bà con dự họp.")


def notice(state: NoticeState = "sending", **changes: object) -> Notice:
    begun = NOW if state in {"gathering", "sending", "paused", "stopped", "done"} else None
    return replace(Notice(12, 1, TEXT, Audience((COMMUNE.id,)), state, 3, started_at=begun), **changes)


def said(turn: Turn) -> str:
    return "\n".join(rendered(message, EN).text for message in turn.decision.messages)


# The life of a notice


@pytest.mark.parametrize(
    ("state", "acts"),
    [
        ("awaiting", ("approve", "decline", "withdraw")),
        ("scheduled", ("withdraw",)),
        ("gathering", ("stop",)),
        ("sending", ("pause", "stop")),
        ("paused", ("resume", "mend", "stop")),
        ("done", ()),
        ("stopped", ()),
        ("declined", ()),
        ("withdrawn", ()),
    ],
)
def test_what_can_be_done_with_a_notice_depends_on_its_state(state: NoticeState, acts: tuple[NoticeAct, ...]) -> None:
    assert acts_on(notice(state)) == acts


@pytest.mark.parametrize("state", ["sending", "paused", "done"])
def test_the_uncertain_can_be_sent_it_again_while_there_are_any(state: NoticeState) -> None:
    assert "repeat_uncertain" in acts_on(notice(state, counts={"uncertain": 1}))
    assert "repeat_uncertain" not in acts_on(notice(state, counts={"uncertain": 0, "sent": 4}))


@pytest.mark.parametrize("act", ["approve", "decline"])
def test_a_decision_is_held_to_the_version_that_was_shown(act: NoticeAct) -> None:
    with pytest.raises(OutOfDate):
        state_after(notice("awaiting"), act, 2)


def test_a_notice_is_stopped_whatever_version_the_button_showed() -> None:
    assert state_after(notice("sending"), "stop", 0) == "stopped"


def test_a_repeated_notice_comes_at_the_same_hour() -> None:
    at = datetime(2028, 2, 29, 8, tzinfo=ZONE)
    assert next_time(at, "weekly") == datetime(2028, 3, 7, 8, tzinfo=ZONE)
    assert next_time(at, "yearly") == datetime(2029, 2, 28, 8, tzinfo=ZONE)
    assert next_time(at, "") is None


@pytest.mark.parametrize(("hour", "quiet"), [(20, False), (21, True), (23, True), (0, True), (5, True), (6, False)])
def test_quiet_hours_go_over_midnight(hour: int, quiet: bool) -> None:
    assert QuietHours().holds(datetime(2026, 10, 1, hour, tzinfo=ZONE)) == quiet


# Its text


@pytest.mark.parametrize(("length", "with_file", "channel"), [
    (4096, False, None), (4097, False, "telegram"), (1024, True, None), (1025, True, "telegram"),
])  # fmt: skip
def test_a_text_is_held_to_the_channel_that_takes_least(length: int, with_file: bool, channel: str | None) -> None:
    assert too_long_for("ọ" * length, with_file=with_file) == channel


def test_a_text_is_as_long_as_telegram_counts_it_without_signs() -> None:
    assert length_of("*Chào* _bà con_ 🎉") == len("Chào bà con ") + 2


@given(st.text())
def test_no_text_is_longer_than_it_was_typed(text: str) -> None:
    assert length_of(text) <= 2 * len(text)


@pytest.mark.parametrize(
    "typed",
    [
        "https://hoctap.example:99999/lich",
        "https://hoctap.example:0",
        "https://hoctap.example:65536",
        "https://hoctap.example:port/lich",
        "https://hoctap.example:/lich",
        "https://hoctap..example",
        "https://user@hoctap.example",
        "https://localhost:8000/lich.html",
    ],
)
def test_a_link_that_telegram_would_refuse_is_refused_as_it_is_typed(typed: str) -> None:
    with pytest.raises(Refused):
        read_url(typed)


@pytest.mark.parametrize("typed", ["https://hoctap.example:65535", "https://hoctap.example:8443/lich", "https://a.vn."])
def test_a_link_may_name_a_port(typed: str) -> None:
    assert read_url(typed) == typed


@pytest.mark.parametrize("typed", ["https://hoctap.example", " http://a.vn/x?y=1#z ", "HTTPS://HOCTAP.EXAMPLE/lịch"])
def test_a_web_address_is_taken(typed: str) -> None:
    assert read_url(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed",
    ["", "hoctap.example", "javascript:alert(1)", "https://", "https://x", "ftp://a.vn", f"https://a.vn/{'x' * 500}"],
)
def test_what_is_no_web_address_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_url(typed)


def test_each_reader_gets_their_language_and_the_way_out() -> None:
    content = Content(
        "Xin chào", "Hello", asks_who_comes=True, offers_form=True, link_label="Lịch", link_url="https://a.vn"
    )
    texts = [rendered(message_of(content, 5, language), EN).text for language in ("en", "vi", None)]
    assert texts == ["Hello", "Xin chào", "Xin chào"]
    buttons = [b for row in rendered(message_of(content, 5, "en"), EN).buttons for b in row]
    assert [(b.payload, b.url) for b in buttons] == [
        ("", "https://a.vn"),
        ("c:answer:5:come", ""),
        ("c:answer:5:cannot", ""),
        ("c:answer:5:start", ""),
        ("c:mute:notices", ""),
    ]


# Its words


@pytest.mark.parametrize(("typed", "band"), [
    ("từ 60", (60, None)), ("60-", (60, None)), ("60+", (60, None)), ("trên 60 tuổi", (61, None)),
    ("60 tuổi trở lên", (60, None)), ("16-35", (16, 35)), ("16 đến 35", (16, 35)), ("từ 16 đến 35 tuổi", (16, 35)),
    ("đến 35", (None, 35)), ("-35", (None, 35)), ("dưới 16 tuổi", (None, 15)), ("up to 30", (None, 30)),
    ("from 60", (60, None)), ("18–18", (18, 18)),
])  # fmt: skip
def test_ages_are_understood_as_people_type_them(typed: str, band: tuple[int | None, int | None]) -> None:
    assert read_ages(typed) == band


@pytest.mark.parametrize("typed", ["", "già", "35-16", "60", "từ 600", "16 35 40", "tuổi", "6.0e1", "từ 60 hoặc chết"])
def test_what_is_no_age_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_ages(typed)


def test_who_is_reached_is_said_by_channel_and_who_is_not_by_reason() -> None:
    reached = Reached({"telegram": 8, "web": 4}, {"blocked": 1, "muted": 2, "nowhere": 3})
    assert render(notice_words.reach(reached), EN) == (
        "It reaches 12 people (Telegram: 8, Web chat: 4).\n"
        "Not reached: 6 people (has blocked the bot: 1, has turned notices off: 2, has no chat with the bot: 3)."
    )


def test_the_message_on_its_way_shows_bar_pace_and_every_count() -> None:
    counts = {
        "sent": 580,
        "queued": 380,
        "sending": 20,
        "blocked": 9,
        "failed": 3,
        "uncertain": 2,
        "outside": 1,
        "muted": 5,
    }
    shown = rendered(progress_message(notice(recipients=1000, counts=counts), 29.6, 13.5), EN)
    assert shown.topic == "notice-12"
    assert shown.text == (
        "📣 Notice 12: 📤 is being sent\nKính mời bà con dự họp.\n\n"
        "▓▓▓▓▓▓▓░░░░░ 60% · 600 of 1000\n"
        "✅ Sent: 580\n⏳ Still to be sent: 380\n📤 On the way: 20\n🚫 Has blocked the bot: 9\n"
        "🔕 Has turned notices off: 5\n🕘 The channel allows no message now: 1\n❌ Failed: 3\n❓ Uncertain: 2\n\n"
        "30 messages a second, less than a minute left"
    )
    assert [button.payload for row in shown.buttons for button in row] == [
        f"c:notice:{act}:12:3" for act in ("pause", "stop", "repeat_uncertain", "report")
    ]


@pytest.mark.parametrize(("rate", "left", "words"), [
    (29.6, 600.0, "30 messages a second, about 10 minutes left"), (1.26, None, "1.3 messages a second"),
])  # fmt: skip
def test_the_pace_of_a_notice_is_said(rate: float, left: float | None, words: str) -> None:
    text = rendered(progress_message(notice(recipients=4, counts={"queued": 4}), rate, left), EN).text
    assert text.endswith(words)


def test_while_a_notice_is_stopping_it_is_told_how_many_are_left_on_its_list() -> None:
    stopping = notice("stopped", recipients=1000, counts={"sent": 580, "queued": 120, "stopped": 300})
    text = rendered(progress_message(stopping, 0.0, None), EN).text
    assert "⏳ Stopping, still to be taken off the list: 120" in text
    assert "Still to be sent" not in text


def test_a_notice_that_stands_still_has_no_pace() -> None:
    assert "a second" not in rendered(progress_message(notice(recipients=4, counts={"queued": 4}), 0.0, None), EN).text


def test_reminders_say_what_is_open_and_can_be_turned_off() -> None:
    messages = (
        unfinished_reminder(4, returned=False, closes=date(2026, 11, 15)),
        waiting_digest(3, 2, date(2026, 11, 20)),
        date_reminder("Đợt 2026", "closes", date(2026, 11, 15), 1, 2, 3),
    )
    shown = [rendered(message, EN) for message in messages]
    assert [[b.payload for row in one.buttons for b in row] for one in shown] == [
        ["c:continue", "c:mute:reminders"], ["c:review", "c:mute:digests"], ["c:mute:dates"],
    ]  # fmt: skip
    assert "4 questions of your self-assessment are left" in shown[0].text
    assert shown[1].text.splitlines() == [
        "🔔 3 forms wait for your confirmation.",
        "The oldest has waited for 2 days.",
        "Please confirm until the end of 20 November 2026.",
    ]
    assert "takes forms until the end of 15 November 2026" in shown[2].text


# Writing one


def drafting(town: Town, name: str = "Hoa") -> Drafting:
    talk = town.phone(name).session.frame.talk
    assert isinstance(talk, Drafting)
    return talk


def writing() -> Town:
    town = settled()
    town.say("Hoa", "/notices", "viết", "việc khác", TEXT.vi)
    return town


def test_a_notice_is_for_all_of_the_writers_units_unless_they_choose() -> None:
    town = writing()
    assert drafting(town).audience == Audience((COMMUNE.id,))


def test_the_unit_above_takes_the_place_of_those_below() -> None:
    town = writing()
    town.say("Hoa", "gửi cho ai", "nơi nhận", "thon dong", "1", "thon doai", "1")
    assert drafting(town).audience.unit_ids == (VILLAGE.id, OTHER_VILLAGE.id)
    town.say("Hoa", "xa than khe", "1")
    assert drafting(town).audience.unit_ids == (COMMUNE.id,)


def test_whoever_loses_a_unit_while_writing_does_not_write_to_it() -> None:
    town = writing()
    administers(town, "Hoa", FAR_COMMUNE.id)
    town.say("Hoa", "gửi")
    assert town.rows(select(notices)) == []


def test_a_repeated_notice_begins_at_a_time_even_when_it_is_sent_at_once() -> None:
    town = writing()
    town.say("Hoa", "khi nào", "hằng năm", "quay lại", "gửi")
    turn = town.press("Hoa", "send")
    assert [(r.repeat, r.send_at) for r in turn.decision.records if isinstance(r, NoticeSaved)] == [("yearly", NOW)]


def test_a_file_is_kept_by_its_channels_handle_or_by_its_digest() -> None:
    town = writing()
    town.turn("Hoa", SentFile("photo", "", "sha256:abc"))
    assert drafting(town).content.file == NoticeFile("photo", "", "web", "", "abc")
    town.turn("Hoa", SentFile("document", "lich\u202e.pdf", "handle"))
    assert drafting(town).content.file == NoticeFile("document", "lich.pdf", "web", "handle")


def test_a_file_under_a_text_that_is_too_long_in_either_language_is_refused() -> None:
    town = writing()
    town.say("Hoa", "tiếng anh", "x" * 1025)
    turn = town.turn("Hoa", SentFile("photo", "", "handle"))
    assert "Make it 1 shorter." in said(turn)
    assert drafting(town).content.file is None


def test_the_longest_text_can_be_looked_at_and_changed() -> None:
    town = writing()
    longest = min(limits.text for limits in CHANNEL_LIMITS.values())
    town.say("Hoa", "nội dung", "ọ" * longest)
    town.turn("Hoa", Pressed("x"))
    town.say("Hoa", "nội dung")
    assert [len(message.text) <= longest for message in town.phone("Hoa").shown[-3:]] == [True] * 3


# Approving


def awaiting() -> Town:
    town = writing()
    town.write(insert(approval_limits).values(unit_id=COMMUNE.id, above=1))
    town.say("Hoa", "gửi", "gửi")
    return town


def only_notice(town: Town) -> int:
    (row,) = town.rows(select(notices.c.id))
    return int(row.id)


def test_a_notice_to_more_than_the_limit_waits_and_every_approver_is_told() -> None:
    town = awaiting()
    assert [row.state for row in town.rows(select(notices.c.state))] == ["awaiting"]
    assert "Phạm Thị Hoa" in town.phone("Bình").shown[-1].text


@pytest.mark.parametrize(
    ("name", "act"), [("Hoa", "approve"), ("Hoa", "decline"), ("Trường", "approve"), ("Lan", "stop")]
)
def test_a_forged_button_approves_nothing(name: str, act: str) -> None:
    town = awaiting()
    id_ = only_notice(town)
    turn = town.turn(name, Pressed(f"c:notice:{act}:{id_}:0"))
    assert turn.decision.records == ()


@pytest.mark.parametrize("version", ["1", "", "x", "9" * 30])
def test_an_approval_is_held_to_what_was_shown(version: str) -> None:
    town = awaiting()
    id_ = only_notice(town)
    assert town.turn("Bình", Pressed(f"c:notice:approve:{id_}:{version}")).decision.records == ()


def test_an_approved_notice_is_sent_at_its_time_and_its_author_told() -> None:
    town = awaiting()
    id_ = only_notice(town)
    turn = town.turn("Bình", Pressed(f"c:notice:approve:{id_}:0"))
    assert turn.decision.records == (NoticeActed(id_, "approve", 0, "scheduled", approved_for=7),)
    assert "đã được duyệt" in town.phone("Hoa").shown[-1].text


def test_only_the_author_takes_back_what_waits_for_approval() -> None:
    town = awaiting()
    town.say("Bình", "/notices", "1")
    assert {payload.split(":")[2] for payload in town.phone("Bình").payloads()} == {
        "preview",
        "approve",
        "decline",
        "back",
    }
    town.say("Hoa", "/notices", "1")
    assert {payload.split(":")[2] for payload in town.phone("Hoa").payloads()} == {
        "preview",
        "withdraw",
        "edit",
        "back",
    }


@pytest.mark.parametrize(("typed", "above"), [("0", 0), (" 1.000 ", 1000), ("1000000", 1_000_000)])
def test_the_limit_is_set_for_all_units_of_an_administrator(typed: str, above: int) -> None:
    town = settled()
    town.say("Hoa", "/notices", "hai người duyệt")
    turn = town.turn("Hoa", Typed(typed))
    assert turn.decision.records == (ApprovalLimitSet(COMMUNE.id, above),)


@pytest.mark.parametrize("typed", ["-1", "x", "1000001", "9" * 5000, "²", "1,5"])
def test_what_is_no_number_of_people_sets_no_limit(typed: str) -> None:
    town = settled()
    town.say("Hoa", "/notices", "hai người duyệt")
    assert town.turn("Hoa", Typed(typed)).decision.records == ()


# Watching


def sending() -> Town:
    """Return a town in which a notice is on its way: four wait for it, of one nobody knows."""
    town = writing()
    town.say("Hoa", "gửi", "gửi")
    id_ = only_notice(town)
    town.write(update(notices).values(state="sending", started_at=NOW, recipients=5))
    for name in ("Lan", "Minh", "Trường", "Hạnh", "Bình"):
        (chat,) = town.rows(select(conversations).where(conversations.c.address == name))
        to = {"conversation_id": chat.id, "channel": "web", "bot": "", "address": name}
        state = "uncertain" if name == "Bình" else "queued"
        town.write(insert(outbox).values(**to, priority=1, state=state, created_at=NOW, notice_id=id_))
    return town


def ledger(town: Town) -> Counter[str]:
    return Counter(row.state for row in town.rows(select(outbox.c.state).where(outbox.c.notice_id.is_not(None))))


def administers(town: Town, name: str, *unit_ids: int) -> None:
    """Let somebody administer these units and hold no other role."""
    town.write(delete(roles).where(roles.c.person_id == town.person_id(name)))
    for unit_id in unit_ids:
        town.give_role(name, "admin", unit_id)


@pytest.mark.parametrize(
    ("act", "state", "counts"),
    [
        ("pause", "paused", {"queued": 4, "uncertain": 1}),
        ("stop", "stopped", {"queued": 4, "uncertain": 1}),
        ("repeat_uncertain", "sending", {"queued": 5}),
    ],
)
def test_an_act_on_a_notice_under_way_is_shown_at_once(act: str, state: str, counts: dict[str, int]) -> None:
    town = sending()
    id_ = only_notice(town)
    town.turn("Bình", Pressed(f"c:notice:{act}:{id_}:0"))
    assert [row.state for row in town.rows(select(notices.c.state))] == [state]
    assert ledger(town) == counts


def test_a_report_is_asked_for_once_a_notice_has_begun() -> None:
    town = sending()
    id_ = only_notice(town)
    assert town.turn("Hoa", Pressed(f"c:notice:report:{id_}")).decision.records == (ReportAsked(id_),)
    town.write(update(notices).values(state="scheduled", started_at=None))
    assert town.turn("Hoa", Pressed(f"c:notice:report:{id_}")).decision.records == ()


@pytest.mark.parametrize("id_", ["0", "999", "9" * 18, "9" * 19, "9" * 5000, "-1", "²", "x", ""])
def test_a_forged_number_of_a_notice_finds_nothing_and_breaks_nothing(id_: str) -> None:
    for verb in ("show", "approve", "report", "preview", "x"):
        assert settled().turn("Hoa", Pressed(f"c:notice:{verb}:{id_}:0")).decision.records == ()


def test_a_notice_is_no_longer_its_authors_once_they_administer_other_units() -> None:
    town = sending()
    id_ = only_notice(town)
    administers(town, "Hoa", FAR_COMMUNE.id)
    assert town.turn("Hoa", Pressed(f"c:notice:pause:{id_}:0")).decision.records == ()
    administers(town, "Hoa")
    assert town.turn("Hoa", Pressed(f"c:notice:stop:{id_}:0")).decision.records == ()


# Receiving


@pytest.mark.parametrize("answer", ["come", "cannot", "start"])
def test_a_press_under_a_notice_is_counted_and_leaves_the_talk_where_it_is(answer: str) -> None:
    town = sending()
    id_ = only_notice(town)
    before = town.phone("Minh").session.frames
    turn = town.turn("Minh", Pressed(f"c:answer:{id_}:{answer}"))
    assert [type(record) for record in turn.decision.records] == [NoticeAnswered]
    assert turn.decision.session.frames[: len(before)] == before


@pytest.mark.parametrize(
    ("name", "payload"),
    [("Minh", "c:answer:0:come"), ("Minh", "c:answer:999:come"), ("Sáu", "c:answer:1:come"), ("Minh", "c:answer:1:x")],
)
def test_a_press_that_is_no_answer_counts_nothing(name: str, payload: str) -> None:
    town = sending()
    assert town.turn(name, Pressed(payload)).decision.records == ()


def test_each_kind_is_turned_off_and_on_in_one_tap_or_from_the_list() -> None:
    town = settled()
    assert town.turn("Lan", Pressed("c:mute:notices")).decision.records == (Muted("notices"),)
    assert town.turn("Lan", Pressed("c:unmute:notices")).decision.records == (Muted("notices", off=False),)
    town.say("Lan", "/mute")
    assert town.press("Lan", "reminders").decision.records == (Muted("reminders"),)
    assert town.press("Lan", "reminders").decision.records == (Muted("reminders", off=False),)


@pytest.mark.parametrize(("name", "kinds"), [
    ("Lan", {"notices", "reminders"}), ("Trường", {"notices", "reminders", "digests"}),
    ("Bình", {"notices", "reminders", "dates"}),
])  # fmt: skip
def test_everybody_is_offered_what_can_come_to_them(name: str, kinds: set[str]) -> None:
    town = settled()
    town.say(name, "/mute")
    assert {payload.split(":")[2] for payload in town.phone(name).payloads()} == {*kinds, "close"}


def test_whoever_is_unknown_has_nothing_to_turn_off() -> None:
    town = settled()
    turn = town.turn("Sáu", Pressed("c:mute:notices"))
    assert turn.decision.records == ()


def test_the_page_of_a_list_that_has_shrunk_is_its_last_one() -> None:
    """A page of nothing would say that there is no notice; and “back” leads out of the page that is seen."""
    town = settled()
    for _number in range(7):
        town.say("Hoa", "/notices", "viết", "việc khác", TEXT.vi, "gửi", "gửi", "/cancel")
    town.say("Hoa", "/notices", "xem thêm")
    last = select(func.max(notices.c.id)).scalar_subquery()
    town.write(
        delete(notice_units).where(notice_units.c.notice_id == last), delete(notices).where(notices.c.id == last)
    )
    shown = town.turn("Hoa", Typed("không rõ lắm"))
    labels = [button.label for row in rendered(shown.decision.messages[-1], EN).buttons for button in row]
    assert sum("Kính mời bà con dự họp" in label for label in labels) == 6
    town.say("Hoa", "quay lại")
    assert town.phone("Hoa").session.frame == HOME
