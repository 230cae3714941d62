"""What is recorded of web pages: a link that was given, and that everything was signed out."""

from datetime import datetime

from flows.conversation.events import Record
from flows.conversation.facts import Facts


class LinkGiven(Record, frozen=True):
    """A link that signs in once. Only the digest of its token is kept."""

    digest: str
    ends: datetime


class SignedOut(Record, frozen=True):
    """Signed out of web pages everywhere; links that were not used end, too."""


AnyRecord = LinkGiven | SignedOut


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture: neither changes what a talk knows."""
    return facts
