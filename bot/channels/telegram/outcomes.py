"""What a failed call means for a letter, and how long to wait after one."""

import random
import re
import warnings
from datetime import timedelta

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.warnings import PTBDeprecationWarning

from bot.channels.telegram.request import ServerFailed, Unreachable
from bot.services.sending import BlockedByPerson, Later, Outcome, Rejected

WRONG_TOKEN_SECONDS = 60.0
UNREACHABLE_SECONDS = 5.0
LONGEST_ERROR = 200

_NOBODY_THERE = re.compile(
    "chat not found|user not found|chat_id is empty|user is deactivated|input_user_deactivated|user_is_blocked"
    "|peer_id_invalid",
    re.IGNORECASE,
)
# What is about a chat and not about what it is sent.
_NOT_IN_THIS_CHAT = re.compile(
    "rights|write_forbidden|send_[a-z]+_forbidden|chat_restricted|topic_|message thread not found", re.IGNORECASE
)
_TOO_LARGE = re.compile("entity too large", re.IGNORECASE)

# Both types of `retry_after` are understood here.
warnings.filterwarnings("ignore", r".*attribute `retry_after`", PTBDeprecationWarning)


def outcome_of(error: TelegramError) -> Outcome:
    """Return what becomes of a letter whose call failed. What timed out, was cut off or met a gateway's error may
    have been taken after all."""
    told = str(error)[:LONGEST_ERROR]
    match error:
        case RetryAfter():
            return Later(told, seconds_of(error), whole_bot=True, too_many=True)
        case InvalidToken():
            return Later(told, WRONG_TOKEN_SECONDS, whole_bot=True)
        case Unreachable():
            return Later(told, UNREACHABLE_SECONDS, whole_bot=True)
        case ServerFailed():
            return Later(told)
        case Forbidden():
            return BlockedByPerson(told)
        case BadRequest() if _NOBODY_THERE.search(told):
            return BlockedByPerson(told)
        case ChatMigrated():
            return Rejected(told, only_here=True)
        case BadRequest():
            return Rejected(told, only_here=_NOT_IN_THIS_CHAT.search(told) is not None)
        case NetworkError() if _TOO_LARGE.search(told):
            return Rejected(told)
        case _:
            return Later(told, uncertain=True)


def seconds_of(error: RetryAfter) -> float:
    """Return how long Telegram wants to be left alone."""
    wish = error.retry_after
    return wish.total_seconds() if isinstance(wish, timedelta) else float(wish)


class Backoff:
    """Waits that double with each failure in a row up to a longest one, and vary so that not all return at once."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self.failures = 0

    def after_failure(self) -> float:
        """Count a failure and return how many seconds to wait."""
        self.failures += 1
        return min(self._longest, 2.0 ** min(self.failures - 1, 10)) * random.uniform(0.5, 1.0)  # noqa: S311

    def restore(self) -> None:
        """Begin anew after a success."""
        self.failures = 0
