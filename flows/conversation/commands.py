"""What can be said at any moment: commands, the same in words, and buttons that last."""

from collections.abc import Iterator

from flows.conversation.events import Event, Said
from flows.conversation.facts import Facts
from flows.conversation.orders import GOODBYE, THANKS
from flows.conversation.phones import unmarked
from flows.conversation.session import Session, Talk
from flows.conversation.subjects import Subjects
from flows.words.refusals import NotUnderstood, OutOfDate
from flows.words.wording import _


def hear_order(subjects: Subjects, facts: Facts, session: Session[Talk], order: str) -> Iterator[Event]:
    """Carry out a command that was said in words. Thanks and goodbyes are answered and ask nothing."""
    match order:
        case THANKS.key:
            yield Said(_("Thank you."), alone=True)
        case GOODBYE.key:
            yield Said(_("Goodbye, and come back any time."), alone=True)
        case command:
            yield from hear_command(subjects, facts, session, f"/{command}")


def hear_command(subjects: Subjects, facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Carry out a slash command. A right to it is checked by the talk it leads to."""
    name, argument = [*typed[1:].split(maxsplit=1), "", ""][:2]
    command = subjects.command(name.partition("@")[0].lower())
    if command is None:
        raise NotUnderstood(_("I am sorry, there is no such command. Type “help” to see what can be done here."))
    yield from command.hear(facts, session, argument.strip())


def hear_lasting_button(subjects: Subjects, facts: Facts, payload: str) -> Iterator[Event]:
    """Do what a lasting button asks. Its payload is a claim: the right to it is checked by who hears it, each time."""
    word, *rest = unmarked(facts, payload).split(":")
    hear = subjects.buttons.get(word)
    if hear is None:
        raise OutOfDate(_("This button no longer works."))
    yield from hear(facts, rest)
