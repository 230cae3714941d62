"""What a failed call means for a letter."""

from bot.channels.zalo_bot.client import Refused, Unclear, Unreachable
from bot.services.sending import BlockedByPerson, Later, Outcome, Rejected

UNREACHABLE_SECONDS = 5.0
# A wrong token, or a quota that is used up, is a human's; the platform says nothing of when it is over.
WRONG_TOKEN_SECONDS = 60.0
QUOTA_SECONDS = 60.0
LONGEST_ERROR = 200

NOTHING_NEW = 408
WRONG_TOKEN = frozenset({401, 404})
NOT_THERE = 403
QUOTA = 429
BROKEN = 400


def outcome_of(error: Refused | Unreachable | Unclear) -> Outcome:
    """Return what becomes of a letter whose call failed. A number that is not known is tried again."""
    told = str(error)[:LONGEST_ERROR]
    match error:
        case Unreachable():
            return Later(told, UNREACHABLE_SECONDS, whole_bot=True)
        case Unclear():
            return Later(told, uncertain=True)
        case Refused(code=code) if code in WRONG_TOKEN:
            return Later(told, WRONG_TOKEN_SECONDS, whole_bot=True)
        case Refused(code=code) if code == QUOTA:
            return Later(told, QUOTA_SECONDS, whole_bot=True)
        case Refused(code=code) if code == NOT_THERE:
            return BlockedByPerson(told)
        case Refused(code=code) if code == BROKEN:
            return Rejected(told)
        case _:
            return Later(told)
