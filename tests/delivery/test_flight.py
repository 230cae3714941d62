"""Which letters are on their way or landed: replies and notices, and the room there is for more."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.flight import FEWEST_NOTICES, NOTICES_IN_FLIGHT, REPLIES_IN_FLIGHT, Flight, LandedLetter, most_notices
from bot.store.core.live_messages import LiveMessage
from bot.store.core.outbox import NOTICE, REPLY, DueLetter, OutboxState, SettledLetter
from flows.conversation.messages import Outgoing

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


def letter(id_: int, priority: int = REPLY, notice_id: int | None = None, topic: str = "") -> DueLetter:
    return DueLetter(id_, 7, "Lan", Outgoing("Chào!", topic=topic), None, 1, NOW, priority, notice_id)


def landed(
    of: DueLetter,
    at: float = 0.0,
    state: OutboxState = "sent",
    message_id: str | None = None,
    due: datetime | None = None,
) -> LandedLetter:
    error = None if state == "sent" else "400"
    return LandedLetter(of, SettledLetter(of.id, state, error, due), message_id, at)


@pytest.mark.parametrize(
    ("per_second", "most"), [(1.0, FEWEST_NOTICES), (30.0, 15), (100.0, 50), (10_000.0, NOTICES_IN_FLIGHT)]
)
def test_notices_are_taken_half_a_second_ahead_within_bounds(per_second: float, most: int) -> None:
    assert most_notices(per_second) == most


def test_a_reply_that_landed_is_settled_at_once_and_counts_as_on_its_way_until_then() -> None:
    flight = Flight(8)
    one, other = letter(1), letter(2)
    for reply in (one, other):
        flight.take(reply)
    assert flight.land(landed(one, at=3.0))
    assert flight.land(landed(other, at=4.0))
    assert (flight.replies, flight.room_for_replies()) == (frozenset({1, 2}), REPLIES_IN_FLIGHT - 2)
    assert flight.reply_landed_at() == 3.0
    assert flight.settle(flight.landed[:1])
    assert (flight.replies, flight.room_for_replies()) == (frozenset({2}), REPLIES_IN_FLIGHT - 1)
    assert (flight.landed, flight.reply_landed_at()) == ((landed(other, at=4.0),), 4.0)


def test_notices_are_taken_half_a_load_at_a_time_and_the_one_that_leaves_that_room_is_settled_at_once() -> None:
    flight, notices = Flight(8), [letter(id_, NOTICE, 5) for id_ in range(8)]
    assert flight.room_for_notices() == 8
    for notice in notices:
        flight.take(notice)
    urgent, room = [], []
    for notice in notices:
        urgent.append(flight.land(landed(notice)))
        room.append(flight.room_for_notices())
    assert urgent == [False, False, False, True, False, False, False, False]
    assert room == [0, 0, 0, 4, 5, 6, 7, 8]
    assert flight.reply_landed_at() is None
    assert not flight.settle(flight.landed)
    assert (list(flight.notices), flight.landed) == ([], ())


def test_who_was_refused_for_what_a_notice_says_waits_without_a_time() -> None:
    notice = letter(1, NOTICE, 5)
    assert landed(notice, state="queued").refusal == "400"
    assert landed(notice, state="queued", due=NOW).refusal is None
    assert landed(notice).refusal is None
    assert landed(letter(1), state="queued").refusal is None


def test_the_message_of_a_topic_stands_in_its_chat_once_it_is_sent() -> None:
    assert landed(letter(1, topic="notice-1"), message_id="m1").standing == LiveMessage(7, "notice-1", "m1")
    assert landed(letter(1, topic="notice-1")).standing is None
    assert landed(letter(1), message_id="m1").standing is None


@settings(max_examples=100)
@given(st.data())
def test_whatever_comes_back_in_whatever_order_none_is_lost_and_room_is_given_back(data: st.DataObject) -> None:
    flight, ids = Flight(8), iter(range(1000))
    on_their_way: list[DueLetter] = []
    taken: set[int] = set()
    for _step in range(data.draw(st.integers(0, 60))):
        match data.draw(st.sampled_from(["take reply", "take notice", "land", "settle"])):
            case "take reply" if flight.room_for_replies():
                on_their_way.append(letter(next(ids)))
            case "take notice" if flight.room_for_notices():
                on_their_way.append(letter(next(ids), NOTICE))
            case "land" if on_their_way:
                flight.land(landed(on_their_way.pop(data.draw(st.integers(0, len(on_their_way) - 1)))))
                continue
            case "settle":
                settled = flight.landed[: data.draw(st.integers(0, len(flight.landed)))]
                assert flight.settle(settled) == any(one.letter.priority == REPLY for one in settled)
                taken -= {one.letter.id for one in settled}
                continue
            case _:
                continue
        flight.take(on_their_way[-1])
        taken.add(on_their_way[-1].id)
    assert {*flight.replies, *flight.notices} == taken
    assert {one.letter.id for one in flight.landed} == taken - {one.id for one in on_their_way}
    assert flight.room_for_replies() == REPLIES_IN_FLIGHT - len(flight.replies)
