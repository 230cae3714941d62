"""All subjects together, as the engine knows them; and what every conversation has whatever its subjects."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from flows.conversation.events import AnyRecord, Consented, ContactChanged, Event, LanguageChosen, Left, Record, Said
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.orders import CANCEL, GOODBYE, HELP, NOD, START, STATUS, THANKS
from flows.conversation.questions import Choice, Chose, Heard, Question
from flows.conversation.session import HOME, Home, Session, Talk
from flows.conversation.subject import GOES_ON, Command, HomeEntry, Subject
from flows.domain.people import Role, RoleKind
from flows.words.refusals import NotUnderstood
from flows.words.wording import Wording, _, lines, paragraphs

NOT_CLEAR = _("I did not understand that.")


class Subjects:
    """All subjects, in the order in which they are named at home. `welcome` is how somebody gets to know the bot, with
    the code of the link they came by."""

    def __init__(self, *subjects: Subject, welcome: Callable[[Facts, str], Iterable[Event]]) -> None:
        self.welcome = welcome
        # Only those that have something to say there: most turns ask all of these.
        self._home = [one.home for one in subjects if one.home is not None]
        self._status = [one.status for one in subjects if one.status is not None]
        self._overhear = [one.overhear for one in subjects if one.overhear is not None]
        self._otherwise = [one.otherwise for one in subjects if one.otherwise is not None]
        of_subjects = (flow for one in subjects for flow in one.flows)
        self.flows: Mapping[type[Talk], Flow[Any]] = {flow.talk: flow for flow in (*of_subjects, _home(self))}
        commands = [*_basic_commands(self), *(command for one in subjects for command in one.commands)]
        self.commands = tuple(sorted(commands, key=lambda command: command.place))
        self.buttons = {word: hear for one in subjects for word, hear in one.buttons.items()}
        self.codes = {beginning: hear for one in subjects for beginning, hear in one.codes.items()}
        self._after = {kind: one.after for one in subjects for kind in one.records}
        self._orders: dict[tuple[frozenset[RoleKind], bool], tuple[Choice, ...]] = {}
        self._by_name = {name: one for one in self.commands for name in (*one.names.values(), one.name)}

    def command(self, name: str) -> Command | None:
        """Return a command by any of its names."""
        return self._by_name.get(name)

    def commands_for(self, roles: tuple[Role, ...]) -> tuple[Command, ...]:
        """Return the commands of a person's menu: everybody's, and those of each role."""
        held = {role.kind for role in roles}
        return tuple(command for command in self.commands if command.is_for(held))

    def menu(self, roles: tuple[Role, ...], language: str) -> dict[str, Wording]:
        """Return a person's menu with the names that commands have in a language."""
        return {one.names.get(language, one.name): one.words for one in self.commands_for(roles)}

    def orders_for(self, facts: Facts, session: Session[Talk]) -> tuple[Choice, ...]:
        """Return the words that somebody may say instead of a command: the same objects each time, for what they are
        called is looked up by them."""
        kinds, at_home = frozenset(role.kind for role in facts.roles), session.frame == HOME
        if (kinds, at_home) not in self._orders:
            orders = (one.order for one in self.commands if one.is_for(kinds))
            self._orders[kinds, at_home] = (*orders, THANKS, GOODBYE, *((NOD,) if at_home else ()))
        return self._orders[kinds, at_home]

    def overhear(self, facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
        """Yield what a subject takes what was typed for, before the question does."""
        for overhear in self._overhear:
            yield from overhear(facts, session, typed)

    def otherwise(self, facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
        """Yield what a subject takes what was typed for, once the question does not understand it."""
        for otherwise in self._otherwise:
            yield from otherwise(facts, session, typed)

    def home(self, facts: Facts) -> Iterator[HomeEntry]:
        """Yield what can be begun at home."""
        for home in self._home:
            yield from home(facts)

    def status(self, facts: Facts) -> Wording:
        """Say how things stand, in a line or two."""
        known = [wording for status in self._status for wording in status(facts) if wording is not None]
        return paragraphs(*known) if known else _("Hello.")

    def after(self, facts: Facts, record: Record) -> Facts:
        """Return the picture once a record has happened; the next question is asked on it."""
        return _after(facts, record) if isinstance(record, AnyRecord) else self._after[type(record)](facts, record)


def _after(facts: Facts, record: AnyRecord) -> Facts:
    match record:
        case LanguageChosen(language):
            return replace(facts, conversation=replace(facts.conversation, language=language))
        case Consented(given=given):
            return replace(facts, conversation=replace(facts.conversation, consented=given))
        case ContactChanged():
            raise AssertionError("nothing is asked then")


# Home: nothing under way


def _home(subjects: Subjects) -> Flow[Home]:
    """Make the talk at home: how things stand, and what can be begun."""

    def ask(facts: Facts, talk: Home) -> Question:
        choices = tuple(entry.choice for entry in subjects.home(facts))
        again = _("What would you like to do?") if choices else None
        return Question(subjects.status(facts), choices, again=again)

    def hear(facts: Facts, talk: Home, heard: Heard) -> Iterator[Event]:
        if not isinstance(heard, Chose):
            raise NotUnderstood(NOT_CLEAR)
        yield from next(entry for entry in subjects.home(facts) if entry.choice.key == heard.key).hear(facts)

    return Flow(Home, steps=(Step("home", ask, hear),))


# The commands that every conversation has


def _basic_commands(subjects: Subjects) -> tuple[Command, ...]:
    return (
        Command("start", _("Begin or go on"), partial(_start, subjects), START, 10, {"vi": "batdau"}),
        Command("help", _("Help"), partial(_help, subjects), HELP, 11, {"vi": "trogiup"}),
        Command("status", _("How my form stands"), partial(_status, subjects), STATUS, 12, {"vi": "phieu"}),
        Command("cancel", _("Stop what is under way"), partial(_cancel, subjects), CANCEL, 17, {"vi": "dung"}),
    )


def _start(subjects: Subjects, facts: Facts, session: Session[Talk], code: str) -> Iterator[Event]:
    """Begin, or go on. A link brings a code: of an invitation, of a village."""
    for beginning, hear in subjects.codes.items():
        if code.startswith(beginning):
            yield from hear(facts, session, code.removeprefix(beginning))
            return
    if session.frame != HOME:
        yield Said(GOES_ON)
    else:
        yield from subjects.welcome(facts, code)


def _status(subjects: Subjects, facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    if session.frame != HOME:
        yield Said(subjects.status(facts))


def _cancel(subjects: Subjects, facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    if session.frame != HOME:
        yield Said(subjects.flows[type(session.frame.talk)].stopped)
    yield Left(home=True)


def _help(subjects: Subjects, facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    yield Said(help_text(subjects, facts))


def help_text(subjects: Subjects, facts: Facts) -> Wording:
    """Say what the bot does and which commands there are, for the roles somebody has."""
    commands = subjects.commands_for(facts.roles)
    return paragraphs(
        _("I help you assess yourself as a learning citizen, question by question."),
        lines(
            _("• Answer by pressing a button, or by typing its number or words; tone marks are not needed."),
            _("• “?” explains a question, “back” returns to the one before, “edit 4” goes to question 4."),
            _("• You can stop at any moment and come back later; nothing is lost."),
        ),
        lines(
            _("Type one of these words at any time:"),
            *(_("• “{order}”: {words}", order=one.order.label, words=one.words) for one in commands),
        ),
        lines(*_guides(facts.reference.links.guide, commands)),
    )


def _guides(address: str | None, commands: Iterable[Command]) -> Iterator[Wording]:
    """Say where the guides are, and which of them are for the roles that brought these commands."""
    if address is None:
        return
    yield _("Step by step, with examples: {address}", address=address)
    for one in commands:
        if one.guide:
            yield _("• {what}: {address}", what=one.words, address=f"{address}/{one.guide}")
