"""What becomes of a letter after an attempt, by what the channel said, the attempts so far, the time and chance."""

from datetime import datetime, timedelta

from msgspec import Struct

from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rejected, Sent
from bot.store.core.outbox import NOTICE, REPLY, WAITS_FOR_A_WORD, DueLetter, SettledLetter

LONGEST_BACKOFF = 300.0
JITTER = (0.8, 1.2)


class Verdict(Struct, frozen=True):
    """What becomes of a letter, and what its outcome means beyond it: for how many seconds the whole bot is held, that
    its chat got messages too fast, that the channel takes what its notice says from nobody, or that it waits for
    somebody's next word."""

    settled: SettledLetter
    hold: float | None = None
    too_many: bool = False
    refuses_notice: bool = False
    outside: bool = False


def judge(letter: DueLetter, outcome: Outcome, now: datetime, jitter: float) -> Verdict:
    """Decide what becomes of a letter. `jitter` is a factor of the waiting that the channel does not tell."""
    match outcome:
        case Sent():
            return Verdict(SettledLetter(letter.id, "sent"))
        case Later(error, uncertain=True) if letter.priority == NOTICE:
            return Verdict(SettledLetter(letter.id, "uncertain", error))
        case Later(error, tries=int(tries)) if letter.attempts >= tries:
            return Verdict(SettledLetter(letter.id, "failed", error))
        case Later(error, seconds, whole_bot, _, too_many):
            wait = seconds if seconds is not None else jitter * backoff(letter.attempts)
            again = SettledLetter(letter.id, "queued", error, now + timedelta(seconds=wait))
            return Verdict(again, hold=wait if whole_bot else None, too_many=too_many)
        case BlockedByPerson(error):
            return Verdict(SettledLetter(letter.id, "blocked", error))
        case OutsideWindow(error, seconds) if letter.priority == REPLY and now - letter.created_at < WAITS_FOR_A_WORD:
            # What somebody was waiting for waits for them: their next word lets it go.
            word = timedelta(seconds=seconds) if seconds is not None else WAITS_FOR_A_WORD
            return Verdict(SettledLetter(letter.id, "queued", error, now + word), outside=True)
        case OutsideWindow(error):
            return Verdict(SettledLetter(letter.id, "outside", error))
        case Rejected(error, only_here=False) if letter.notice_id is not None:
            # It waits, without a time, until the notice is mended.
            return Verdict(SettledLetter(letter.id, "queued", error), refuses_notice=True)
        case Rejected(error):
            return Verdict(SettledLetter(letter.id, "failed", error))


def backoff(attempts: int) -> float:
    """Return seconds to wait after so many attempts: doubling from half a second, bounded."""
    return min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(attempts - 1, 12))
