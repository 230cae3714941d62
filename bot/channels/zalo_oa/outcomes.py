"""What Zalo's numbers mean for a letter: one table."""

from typing import Literal

from bot.channels.zalo_oa.client import Failure, Refused, Unclear, Unreachable
from bot.services.sending import BlockedByPerson, Later, Outcome, OutsideWindow, Rejected

Meaning = Literal["token", "human", "quota", "night", "window", "closed", "only here", "wrong", "too fast"]

MEANINGS: dict[int, Meaning] = {
    # The access token is over or is none: a new one is made, and the call repeated.
    -216: "token", -220: "token", -124: "token",
    # A human must act: the account's package or rights, the application, the template, the money.
    -219: "human", -221: "human", -224: "human", -135: "human", -136: "human", -137: "human", -321: "human",
    # So many messages, and no more for now.
    -211: "quota", -144: "quota", -147: "quota", -1441: "quota",
    # Templates do not go at night.
    -234: "night", -133: "night",
    # Too long since the person wrote.
    -230: "window",
    # The person cannot be written to: does not follow, is gone, has long not been there, does not want it.
    -213: "closed", -217: "closed", -227: "closed", -114: "closed",
    # Not to this person, whatever else they get.
    -244: "only here", -108: "only here",
    # What is sent is wrong in itself.
    -201: "wrong", -210: "wrong",
    -32: "too fast",
}  # fmt: skip

UNREACHABLE_SECONDS = 5.0
HUMAN_SECONDS = 60.0
QUOTA_SECONDS = 60.0
TOO_FAST_SECONDS = 2.0
NIGHT_SECONDS = 1800.0
# What a number means that is in no table nobody knows: tried so often, and then a human's.
TRIES_OF_UNKNOWN = 5
LONGEST_ERROR = 200


def meaning_of(error: Exception) -> Meaning | None:
    """Return what an answer's number means; None for one that is not known, and where there is no number."""
    return MEANINGS.get(error.code) if isinstance(error, Refused) else None


def outcome_of(error: Failure) -> Outcome:
    """Return what becomes of a letter whose call failed."""
    told = str(error)[:LONGEST_ERROR]
    match error:
        case Unreachable():
            return Later(told, UNREACHABLE_SECONDS, whole_bot=True)
        case Unclear():
            return Later(told, uncertain=True)
        case Refused():
            return _of_number(meaning_of(error), told)


def _of_number(meaning: Meaning | None, told: str) -> Outcome:
    match meaning:
        case "token" | "human":
            return Later(told, HUMAN_SECONDS, whole_bot=True)
        case "quota":
            return Later(told, QUOTA_SECONDS, whole_bot=True)
        case "night":
            return Later(told, NIGHT_SECONDS)
        case "window":
            return OutsideWindow(told)
        case "closed":
            return BlockedByPerson(told)
        case "only here":
            return Rejected(told, only_here=True)
        case "wrong":
            return Rejected(told)
        case "too fast":
            return Later(told, TOO_FAST_SECONDS, whole_bot=True, too_many=True)
        case None:
            return Later(told, tries=TRIES_OF_UNKNOWN)
