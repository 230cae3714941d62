"""The conversation engine: a session, a reply and facts in; a new session, messages and records out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from flows.conversation.commands import hear_command, hear_lasting_button, hear_order
from flows.conversation.events import (
    ChatAddress,
    ContactChanged,
    Entered,
    Event,
    Left,
    Moved,
    Record,
    Said,
    Sent,
    Told,
    Turned,
    Waited,
    Went,
)
from flows.conversation.facts import Another, Conversation, Facts, Sharer
from flows.conversation.flow import Step
from flows.conversation.messages import Button, Message
from flows.conversation.orders import GOODBYE, ONLY_SAID, THANKS
from flows.conversation.questions import Choice, Chose, Gave, Question
from flows.conversation.replies import Blocked, Edited, Pressed, Reply, SentFile, Typed, Unblocked, Unreadable
from flows.conversation.session import HOME, Frame, Session, Talk
from flows.conversation.subjects import NOT_CLEAR, Subjects
from flows.conversation.understanding import Order, Understood, understand
from flows.domain.channels import called
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.spelling import storable
from flows.words.wording import Catalogues, Lines, Wording, _, contains, lines, paragraphs

# After so many replies in a row that were not understood, people are named who can help.
FEW_MISSES = 2

ANSWER = "a:"
COMMAND = "c:"


class Decision(Struct, frozen=True):
    """What a turn comes to. `facts` is the picture after it; `menu` says that the person's commands changed. `parked`
    is where somebody had come to who is no longer spoken for; then `facts` are of another of the phone's people.
    `elsewhere` is how another chat stands in which the talk goes on."""

    session: Session[Talk]
    facts: Facts
    messages: tuple[Message, ...] = ()
    told: tuple[Told, ...] = ()
    records: tuple[Record, ...] = ()
    menu: bool = False
    parked: tuple[Frame[Talk], ...] = ()
    elsewhere: Session[Talk] | None = None


def decide(
    subjects: Subjects,
    session: Session[Talk],
    reply: Reply,
    facts: Facts,
    catalogues: Catalogues,
    *,
    more_waiting: bool = False,
    cut: bool = False,
    came_from: Conversation | None = None,
) -> Decision:
    """Decide one turn. Pure: the same four values always come to the same.

    `more_waiting` tells that the person has written again meanwhile: then what was not understood stays
    unanswered, and a hello or a thank-you too, so that a flood gets one answer and not a hundred.
    `cut` tells that the innermost talk of the session is lost: then an answer belongs to no question that is there.
    `came_from` is another chat of the same person's where they were in the middle of this: what is said here answers it
    only where that is sure, and there it is told.
    Raises FactMissing when something has to be looked up first.
    """
    if isinstance(reply, Blocked | Unblocked):
        return Decision(session, facts, records=(ContactChanged(isinstance(reply, Blocked)),))
    decision = _decided(subjects, session, reply, facts, catalogues, more_waiting, cut, came_from)
    if came_from is None:
        return decision
    return replace(decision, told=(*decision.told, _told_where_it_was(came_from, facts)))


def _told_where_it_was(came_from: Conversation, facts: Facts) -> Told:
    here = called(facts.conversation.channel)
    return Told(
        ChatAddress(came_from.id, facts.person_id),
        Message(_("You go on elsewhere now: {channel}. To go on here again, just write here.", channel=here)),
    )


def _decided(
    subjects: Subjects,
    session: Session[Talk],
    reply: Reply,
    facts: Facts,
    catalogues: Catalogues,
    more_waiting: bool,
    cut: bool,
    came_from: Conversation | None,
) -> Decision:
    if isinstance(reply, SentFile) and reply.album and not cut:
        return _decide_part(subjects, session, reply, facts, catalogues, more_waiting)
    turn = _Turn(subjects, session, facts)
    try:
        if cut and not _says_itself_what(reply):
            raise OutOfDate(_("I have just been updated, and what you were in the middle of is lost. We go on here:"))
        if came_from is not None and not _answers(subjects, session, reply, facts, catalogues):
            there = called(came_from.channel)
            raise OutOfDate(_("We go on here where you were before ({channel}):", channel=there))
        for event in _respond(subjects, session, reply, facts, catalogues, more_waiting):
            turn.take(event)
    except Refused as refused:
        if more_waiting and isinstance(refused, NotUnderstood):
            return Decision(session, facts)
        turn = _Turn(subjects, session, facts)  # nothing of it has happened
        turn.take(Said(_kindly(refused, session.misses, facts)))
        misses = session.misses + isinstance(refused, NotUnderstood)
        return turn.finished(session, asks=True, again=not isinstance(refused, OutOfDate), misses=misses)
    return turn.finished(session, asks=turn.asks(session))


def _decide_part(
    subjects: Subjects, session: Session[Talk], file: SentFile, facts: Facts, catalogues: Catalogues, more_waiting: bool
) -> Decision:
    """Decide one of several files that were sent together. All of them are one answer: what can be kept of them is,
    and the last one is answered, or the first where the others come later."""
    begun = session.album == file.album
    turn, refused = _Turn(subjects, session, facts), None
    try:
        for event in _respond(subjects, session, file, facts, catalogues, more_waiting):
            turn.take(event)
    except Refused as error:
        turn, refused = _Turn(subjects, session, facts), error
    if more_waiting or (begun and not session.owes):
        album = file.album if begun or refused is None else ""
        return turn.unanswered(session, album, owes=bool(album) and (session.owes or not begun))
    if refused is None:
        decision = turn.finished(session, asks=turn.asks(session))
    else:
        if not (begun and isinstance(refused, NotUnderstood)):  # the first of them may have answered the question
            turn.take(Said(_kindly(refused, session.misses, facts)))
        decision = turn.finished(session, asks=True, again=True)
    return replace(decision, session=replace(decision.session, album=file.album))


def _answers(subjects: Subjects, session: Session[Talk], reply: Reply, facts: Facts, catalogues: Catalogues) -> bool:
    """Tell whether a reply surely means what is asked now, though that was asked in another chat: what stands on the
    screen here may be an earlier question, whose answer has the same number."""
    if _says_itself_what(reply):
        return True
    frame = session.frame
    flow = subjects.flows[type(frame.talk)]
    if flow.obstacle(facts, frame.talk) is not None:
        return True
    question = flow.step(frame.step).ask(facts, frame.talk)
    match reply:
        case Pressed(payload):
            return payload.startswith(f"{ANSWER}{session.asked}:")
        case SentFile():
            return question.files
        case Typed(text) if storable(text):
            if any(subjects.overhear(facts, session, text)):
                return True
            orders = subjects.orders_for(facts, session)
            understood = understand(text, question, catalogues, orders)
            return understood is not None and isinstance(understood.heard, Order)
        case _:
            return False


def _says_itself_what(reply: Reply) -> bool:
    """Tell whether a reply says what it wants whatever was asked: a command, or a button that lasts."""
    match reply:
        case Typed(text):
            return text.lstrip().startswith("/")
        case Pressed(payload):
            return payload.startswith(COMMAND)
        case _:
            return False


def _respond(
    subjects: Subjects, session: Session[Talk], reply: Reply, facts: Facts, catalogues: Catalogues, more_waiting: bool
) -> Iterator[Event]:
    match reply:
        case Pressed(payload) if payload.startswith(COMMAND):
            yield from _make_way(subjects, session)
            yield from hear_lasting_button(subjects, facts, payload.removeprefix(COMMAND))
        case Typed(text) if text.lstrip().startswith("/") and storable(text):
            yield from (way := list(_make_way(subjects, session)))
            yield from hear_command(subjects, facts, _at_home(session) if way else session, text.strip())
        case _:
            yield from _answer(subjects, session, reply, facts, catalogues, more_waiting)


def _make_way(subjects: Subjects, session: Session[Talk]) -> Iterator[Left]:
    """Leave a question that need not be answered for what is wanted instead."""
    if subjects.flows[type(session.frame.talk)].gives_way:
        yield Left(home=True, quiet=True)


def _at_home(session: Session[Talk]) -> Session[Talk]:
    return Session((HOME,), session.asked)


def _answer(
    subjects: Subjects, session: Session[Talk], reply: Reply, facts: Facts, catalogues: Catalogues, more_waiting: bool
) -> Iterator[Event]:
    frame = session.frame
    flow = subjects.flows[type(frame.talk)]
    if (obstacle := flow.obstacle(facts, frame.talk)) is not None:
        yield Said(obstacle)
        yield Left()
        return
    if isinstance(reply, Typed) and (jump := list(subjects.overhear(facts, session, reply.text))):
        yield from jump
        return
    if frame == HOME and facts.conversation.language is None:
        yield from subjects.welcome(facts, "")  # whoever says hello gets to know the bot
        return
    step: Step[Any] = flow.step(frame.step)
    try:
        understood = _understood(subjects, facts, session, reply, step.ask(facts, frame.talk), catalogues)
    except NotUnderstood:
        if isinstance(reply, Typed) and (instead := list(subjects.otherwise(facts, session, reply.text))):
            yield from instead
            return
        if not flow.gives_way:
            raise
        yield from _make_way(subjects, session)
        yield from _answer(subjects, _at_home(session), reply, facts, catalogues, more_waiting)
        return
    if isinstance(understood.heard, Order) and more_waiting and understood.heard.command in ONLY_SAID:
        yield Waited()
        return
    if isinstance(understood.heard, Order):
        if flow.gives_way and understood.heard.command not in {THANKS.key, GOODBYE.key}:
            yield from _make_way(subjects, session)
            yield from _answer(subjects, _at_home(session), reply, facts, catalogues, more_waiting)
        else:
            yield from hear_order(subjects, facts, session, understood.heard.command)
        return
    if understood.taken_for is not None:
        yield Said(understood_as(understood.taken_for))
    yield from step.hear(facts, frame.talk, understood.heard)


def understood_as(label: Wording) -> Wording:
    """Say what other words than a choice's own were taken for."""
    return _("Understood as: {label}.", label=label)


def _understood(
    subjects: Subjects, facts: Facts, session: Session[Talk], reply: Reply, question: Question, catalogues: Catalogues
) -> Understood:
    """Find out what a reply answers, or say why it answers nothing."""
    match reply:
        case Pressed(payload):
            return Understood(_pressed(session, payload, question))
        case SentFile() if question.files:
            return Understood(Gave(reply))
        case SentFile():
            raise NotUnderstood(_("Thank you, but this question needs no photo or file."))
        case Typed(text) if not text.strip() or not storable(text):
            raise NotUnderstood(_("This message is empty or cannot be read."))
        case Typed(text):
            if (understood := understand(text, question, catalogues, subjects.orders_for(facts, session))) is None:
                raise NotUnderstood(question.hint or NOT_CLEAR)
            return understood
        case Edited():
            raise NotUnderstood(
                _("I cannot see changes to messages sent before. To change an answer, type for example “edit 4”.")
            )
        case Unreadable("voice" | "audio" | "video_note"):
            raise NotUnderstood(_("I cannot listen to voice messages yet. Please press a button or type."))
        case Unreadable("late"):
            raise NotUnderstood(_("A message came late, after others. If it still matters, please send it again."))
        case Unreadable():
            raise NotUnderstood(_("Thank you! I can only read text, photos and documents."))
        case Blocked() | Unblocked():
            raise AssertionError("decided before")


def _pressed(session: Session[Talk], payload: str, question: Question) -> Chose:
    number, _colon, key = payload.removeprefix(ANSWER).partition(":")
    if number != str(session.asked):
        raise OutOfDate(_("That button belongs to an earlier question. Here is the present one:"))
    if not any(choice.key == key for choice in (*question.choices, *question.moves)):
        raise OutOfDate(_("This button no longer works."))
    return Chose(key)


def _kindly(refused: Refused, misses: int, facts: Facts) -> Wording:
    if not isinstance(refused, NotUnderstood) or not misses:
        return refused.wording
    return paragraphs(
        refused.wording,
        lines(
            _("Press a button, or type the number or the words on it.") if refused.wording == NOT_CLEAR else None,
            _("If you need help, type “help”."),
            _who_can_help(facts) if misses >= FEW_MISSES else None,
        ),
    )


def _who_can_help(facts: Facts) -> Wording:
    if facts.roles:
        return _("If it is hard, ask the Study Promotion Association of the commune.")
    return _("If it is hard, ask your children or the branch head to help.")


@dataclass(slots=True)
class _Turn:
    """A turn under way, known to nobody else: each event changes the picture that the next question is asked on."""

    subjects: Subjects
    session: Session[Talk]
    facts: Facts
    said: list[Wording] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    menu: bool = False
    quiet: bool = False
    alone: bool = False
    parked: tuple[Frame[Talk], ...] = ()
    counted: int = 0
    elsewhere: Session[Talk] | None = None

    def take(self, event: Event) -> None:
        """Let an event happen."""
        match event:
            case Said(text, alone):
                self.said.append(text)
                self.alone = alone
            case Waited():
                self.alone = True
            case Sent(message):
                heading = self._heading()
                named = replace(message, text=paragraphs(heading, message.text)) if heading is not None else message
                self.messages.append(named)
            case Told():
                self.told.append(event)
            case Went(step, talk):
                self._go((*self.session.frames[:-1], Frame(step, talk)))
            case Entered(step, talk):
                self._go((*_without(self.session.frames, talk), Frame(step, talk)))
            case Left(home, quiet):
                self._go((HOME,) if home else self.session.frames[:-1] or (HOME,))
                self.quiet = quiet
            case Turned(another):
                self._turn_to(another)
            case Moved():
                self._move(event)
            case _:
                self.records.append(event)
                self.menu = self.menu or event.changes_menu
                self.facts = self.subjects.after(self.facts, event)

    def _heading(self) -> Wording | None:
        """Say whom it is about, where several share the phone."""
        frame = self.session.frame
        return self.subjects.flows[type(frame.talk)].heading(self.facts, frame.talk)

    def _turn_to(self, another: Another) -> None:
        """Speak for another of the phone's people, where they had come to."""
        self.parked, self.menu = self.session.frames, True
        self.facts = replace(
            self.facts,
            conversation=_shared_with(self.facts, another),
            person=another.person,
            roles=another.roles,
            own=another.own,
            moved=(),
        )
        self.counted = another.asked
        self._go(another.frames)

    def _move(self, moved: Moved) -> None:
        """Go on in another chat: what is asked now is asked there, and here nothing is under way."""
        there = _Turn(self.subjects, Session(self.session.frames), replace(self.facts, conversation=moved.there))
        there.take(Said(moved.text))
        asked = max(self.session.asked, moved.asked)
        decision = there.finished(Session(self.session.frames, asked), asks=True, anew=True)
        self.elsewhere = decision.session
        to = ChatAddress(moved.there.id)
        self.told += [Told(to, message, menu=True) for message in decision.messages]
        self._go((HOME,))

    def _go(self, frames: tuple[Frame[Talk], ...]) -> None:
        self.session = Session(frames, self.session.asked, self.session.misses)

    def asks(self, before: Session[Talk]) -> bool:
        """Tell whether a question follows. At home there is nothing to ask: its menu comes to who arrives there,
        unless enough was said, and to who got no other answer."""
        if self.alone:
            return False
        if self.session.frame != HOME:
            return True
        arrived = before.frame != HOME and not self.quiet
        return arrived or not (self.said or self.messages)

    def finished(
        self, before: Session[Talk], *, asks: bool, again: bool = False, misses: int = 0, anew: bool = False
    ) -> Decision:
        """Pose the question the talk is at, past whatever cannot go on, and put what was said before it. One asked
        `anew` has a number of its own, though it is the same as before."""
        if asks:
            self._pass_obstacles()
        frame = self.session.frame
        asked = max(before.asked, self.counted) + (anew or bool(self.parked) or frame != before.frame)
        flow, heading = self.subjects.flows[type(frame.talk)], self._heading()
        if asks:
            question = flow.step(frame.step).ask(self.facts, frame.talk)
            text = (question.again if again else None) or question.text
            unsaid = [wording for wording in self.said if not contains(text, wording)]
            self.messages.append(posed(question, text, [heading, *unsaid], asked))
        elif self.said:
            self.messages.insert(0, Message(paragraphs(heading, *self.said)))
        return Decision(
            Session(self.session.frames, asked, misses),
            self.facts,
            tuple(self.messages),
            tuple(self.told),
            tuple(self.records),
            self.menu,
            self.parked,
            self.elsewhere,
        )

    def unanswered(self, before: Session[Talk], album: str, *, owes: bool) -> Decision:
        """Keep what has happened and say nothing of it: the rest of an album is on its way, or it has its answer."""
        asked = before.asked + (self.session.frame != before.frame)
        session = Session(self.session.frames, asked, before.misses, album, owes)
        return Decision(session, self.facts, told=tuple(self.told), records=tuple(self.records), menu=self.menu)

    def _pass_obstacles(self) -> None:
        while (frame := self.session.frame) != HOME:
            obstacle = self.subjects.flows[type(frame.talk)].obstacle(self.facts, frame.talk)
            if obstacle is None:
                return
            self.take(Said(obstacle))
            self.take(Left())


def _shared_with(facts: Facts, another: Another) -> Conversation:
    """Return the conversation with another person on the phone, who may have just come. Who was erased has left it."""
    known, person = facts.conversation, another.person
    if facts.person is None or any(one.id == person.id for one in known.people):
        return known
    first = () if known.people else (facts.person,)
    new = tuple(Sharer(one.id, one.name, one.birth_year) for one in (*first, person))
    return replace(known, people=(*known.people, *new))


def posed(question: Question, text: Wording, said: Sequence[Wording | None], asked: int) -> Message:
    """Make the message of a question, after what was said before it. Buttons carry the question's number."""
    return Message(
        paragraphs(*said, text),
        (
            tuple([_numbered(question, choice, n, asked) for n, choice in enumerate(question.choices, question.first)]),
            tuple([_button(move, asked) for move in question.moves]),
        ),
    )


def _numbered(question: Question, choice: Choice, number: int, asked: int) -> Button:
    """Return a choice's button. Its number answers, too, where the question takes one; nothing final is done by it."""
    label = Lines((f"{number}.", choice.label), " ") if question.numbered else choice.label
    answers = question.takes_numbers and not choice.final
    return Button(label, _payload(choice, asked), number=number if answers else 0)


def _button(move: Choice, asked: int) -> Button:
    return Button(move.label, _payload(move, asked))


def _payload(choice: Choice, asked: int) -> str:
    return f"{ANSWER}{asked}:{choice.key}"


def _without(frames: tuple[Frame[Talk], ...], talk: Talk) -> tuple[Frame[Talk], ...]:
    """Drop an earlier round of the same talk and all above it, so that going in circles does not pile up."""
    for place, frame in enumerate(frames):
        if type(frame.talk) is type(talk):
            return frames[:place]
    return frames
