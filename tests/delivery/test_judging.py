"""What becomes of a letter after an attempt."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from bot.delivery.judging import LONGEST_BACKOFF, Verdict, backoff, judge
from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rejected, Sent
from bot.store.core.outbox import NOTICE, REPLY, WAITS_FOR_A_WORD, DueLetter, OutboxState, SettledLetter
from flows.conversation.messages import Outgoing

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


def letter(*, attempts: int = 1, priority: int = REPLY, notice_id: int | None = None) -> DueLetter:
    return DueLetter(3, 7, "Lan", Outgoing("Chào Lan!"), None, attempts, NOW, priority, notice_id)


REPLYING = letter()
REMINDER = letter(priority=NOTICE)
OF_NOTICE = letter(priority=NOTICE, notice_id=5)


@dataclass(frozen=True)
class Becomes:
    """What a letter becomes: its state, the seconds until it is tried again, and what it means for others."""

    state: OutboxState
    again: float | None = None
    hold: float | None = None
    too_many: bool = False
    refuses_notice: bool = False
    outside: bool = False


A_MONTH = WAITS_FOR_A_WORD.total_seconds()


@pytest.mark.parametrize(
    ("of", "outcome", "becomes"),
    [
        (REPLYING, Sent("m1"), Becomes("sent")),
        (OF_NOTICE, Sent(), Becomes("sent")),
        (REPLYING, Later("502"), Becomes("queued", again=1.0)),
        (letter(attempts=3), Later("502"), Becomes("queued", again=4.0)),
        (letter(attempts=99), Later("502"), Becomes("queued", again=2 * LONGEST_BACKOFF)),
        (REPLYING, Later("502", 30.0), Becomes("queued", again=30.0)),
        (REPLYING, Later("502", 0.0), Becomes("queued", again=0.0)),
        (REPLYING, Later("502", uncertain=True), Becomes("queued", again=1.0)),
        (REMINDER, Later("502", uncertain=True), Becomes("uncertain")),
        (OF_NOTICE, Later("502", uncertain=True), Becomes("uncertain")),
        (OF_NOTICE, Later("500"), Becomes("queued", again=1.0)),
        (REPLYING, Later("401", whole_bot=True), Becomes("queued", again=1.0, hold=1.0)),
        (REPLYING, Later("429", 9.0, whole_bot=True), Becomes("queued", again=9.0, hold=9.0)),
        (REPLYING, Later("429", 9.0, too_many=True), Becomes("queued", again=9.0, too_many=True)),
        (REPLYING, BlockedByPerson("403"), Becomes("blocked")),
        (OF_NOTICE, BlockedByPerson("403"), Becomes("blocked")),
        (REPLYING, Later("-9999", tries=2), Becomes("queued", again=1.0)),
        (letter(attempts=2), Later("-9999", tries=2), Becomes("failed")),
        (REPLYING, OutsideWindow("-230"), Becomes("queued", again=A_MONTH, outside=True)),
        (REPLYING, OutsideWindow("night", 60.0), Becomes("queued", again=60.0, outside=True)),
        (REMINDER, OutsideWindow("-230"), Becomes("outside")),
        (OF_NOTICE, OutsideWindow("-230"), Becomes("outside")),
        (REPLYING, Rejected("400"), Becomes("failed")),
        (REMINDER, Rejected("400"), Becomes("failed")),
        (OF_NOTICE, Rejected("400", only_here=True), Becomes("failed")),
        (OF_NOTICE, Rejected("400"), Becomes("queued", refuses_notice=True)),
    ],
)
def test_an_outcome_is_judged(of: DueLetter, outcome: Outcome, becomes: Becomes) -> None:
    due = NOW + timedelta(seconds=becomes.again) if becomes.again is not None else None
    error = None if isinstance(outcome, Sent) else outcome.error
    settled = SettledLetter(3, becomes.state, error, due)
    expected = Verdict(settled, becomes.hold, becomes.too_many, becomes.refuses_notice, becomes.outside)
    assert judge(of, outcome, NOW, jitter=2.0) == expected


def test_what_has_waited_a_month_for_somebody_waits_no_longer() -> None:
    old = replace(REPLYING, created_at=NOW - WAITS_FOR_A_WORD)
    assert judge(old, OutsideWindow("-230"), NOW, jitter=1.0).settled.state == "outside"


def test_waiting_doubles_with_every_attempt_up_to_a_bound() -> None:
    waits = [backoff(attempts) for attempts in range(1, 60)]
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits == [min(LONGEST_BACKOFF, 0.5 * 2**place) for place in range(59)]
