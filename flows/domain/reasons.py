"""Reasons for what is decided on others: they read it, and it is kept."""

from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import composed, has_invisible
from flows.words.wording import _

REASON_LENGTH = 500


def read_reason(typed: str) -> str:
    """Return a reason as it will be read. Raises Refused for what is none."""
    reason = composed(typed)
    if not 3 <= len(reason) <= REASON_LENGTH:
        raise Refused(_("A reason has 3 to {most} characters.", most=REASON_LENGTH))
    if not any(letter.isalpha() for letter in reason):
        raise NotUnderstood(_("Please give a reason: the resident will read it."))
    if has_invisible(reason):
        raise Refused(_("This text has hidden characters in it. Please type it once more by hand."))
    return reason
