"""What a rule refuses. The wording is said to the person; nothing is stored.

Refused
├── NotUnderstood   the reply fits no answer: ask again, kinder
└── OutOfDate       an old button or an old version: answer with what holds now
"""

from flows.words.wording import Wording


class Refused(Exception):
    """A reply that a rule does not allow, with the sentence that says why and what would do."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording)
        self.wording = wording


class NotUnderstood(Refused):
    """A reply that fits no answer to the question."""


class OutOfDate(Refused):
    """A button of an earlier question, or a form that has changed since it was shown."""
