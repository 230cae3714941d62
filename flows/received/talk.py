"""What is sent automatically, for its receiver: the buttons under a notice, and turning each kind off and on."""

from collections.abc import Iterator, Mapping

from flows.conversation.events import Event, Left, Said, Sent
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.notices.notice import MutedKind, NoticeAnswer
from flows.received.needs import MutedWanted, ReceivedWanted
from flows.received.records import Muted, NoticeAnswered
from flows.registration.subject import go_on
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Wording, _, lines, paragraphs


class Muting(Talk, frozen=True, tag="muting"):
    """What is sent automatically, to be turned off and on."""


THANKS: Mapping[NoticeAnswer, Wording] = {
    "come": _("🙋 Thank you, you are expected. If it turns out otherwise, press “I can't come”."),
    "cannot": _("Thank you for telling us. If it turns out otherwise, press “I'll come”."),
}
KINDS: Mapping[MutedKind, Wording] = {
    "notices": _("Notices of the association"),
    "reminders": _("Reminders of an unfinished form"),
    "digests": _("Daily reminders of forms that wait"),
    "dates": _("Dates of the round"),
}
KIND_NAMES: Mapping[MutedKind, tuple[str, ...]] = {
    "notices": words("thông báo; thông báo của hội khuyến học; notices; notices of the association"),
    "reminders": words("nhắc; nhắc làm tiếp; nhắc làm tiếp phiếu; reminders; reminders of an unfinished form"),
    "digests": words("nhắc phiếu chờ; nhắc phiếu chờ hằng ngày; daily reminders of forms that wait"),
    "dates": words("nhắc lịch; nhắc các mốc của đợt đánh giá; dates; dates of the round"),
}
CLOSE = Choice("close", _("Done"), words("xong; xong rồi; thôi; đóng; done; close; quay lại; hết"))


def answer(facts: Facts, notice_id: int, pressed: str) -> Iterator[Event]:
    """Take a button pressed under a notice; under a preview (0) it counts nothing."""
    chosen_: NoticeAnswer | None = next((known for known in (*THANKS, "start") if known == pressed), None)
    if chosen_ is None:
        raise OutOfDate(_("This button no longer works."))
    if notice_id == 0:
        yield Said(_("This is a preview: the button works, but nothing is counted."))
        return
    if facts.person is None or not facts.find(ReceivedWanted(notice_id, facts.conversation.id)):
        raise Refused(_("This notice was not sent to you."))
    yield NoticeAnswered(notice_id, chosen_)
    if chosen_ == "start":
        yield from go_on(facts)
    else:
        yield Said(THANKS[chosen_])


def turn(facts: Facts, named: str, *, off: bool) -> Iterator[Event]:
    """Turn something that is sent automatically off or on, by one tap."""
    kind = next((known for known in KINDS if known == named), None)
    if kind is None:
        raise OutOfDate(_("This button no longer works."))
    if (wording := obstacle(facts, Muting())) is not None:
        raise Refused(wording)
    yield Muted(kind, off)
    yield Sent(_turned(kind, off=off))


def _turned(kind: MutedKind, *, off: bool) -> Message:
    if not off:
        return Message(_("🔔 Turned on: {kind}.", kind=KINDS[kind]))
    return Message(
        lines(
            _("🔕 Turned off: {kind}.", kind=KINDS[kind]),
            _("What you write here is still answered. Your form and your consent stay as they are."),
        ),
        ((Button(_("🔔 Turn on again"), f"c:unmute:{kind}", lasting=True),),),
    )


def ask_kinds(facts: Facts, talk: Muting) -> Question:
    muted = _muted(facts)
    return Question(
        paragraphs(
            _("These messages are sent automatically. Press one to turn it off or on."),
            lines(*(_state(kind, off=kind in muted) for kind in _kinds(facts))),
            _("Even when all are off, what you write here is answered."),
        ),
        tuple(_turning(kind, off=kind in muted) for kind in _kinds(facts)),
        (CLOSE,),
    )


def _muted(facts: Facts) -> frozenset[MutedKind]:
    """Return what the person has turned off."""
    return facts.find(MutedWanted(facts.person_id)) if facts.person is not None else frozenset()


def _turning(kind: MutedKind, *, off: bool) -> Choice:
    """Make the button that turns a kind round; the kind's name alone means it too."""
    words = _("Turn on: {kind}", kind=KINDS[kind]) if off else _("Turn off: {kind}", kind=KINDS[kind])
    return Choice(kind, words, KIND_NAMES[kind])


def _state(kind: MutedKind, *, off: bool) -> Wording:
    return _("🔕 {kind}: off", kind=KINDS[kind]) if off else _("🔔 {kind}: on", kind=KINDS[kind])


def _kinds(facts: Facts) -> Iterator[MutedKind]:
    """Yield what can come to somebody, by their roles."""
    yield "notices"
    yield "reminders"
    if facts.has_role("head"):
        yield "digests"
    if facts.has_role("admin"):
        yield "dates"


def hear_kinds(facts: Facts, talk: Muting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case CLOSE.key:
            yield Left()
        case named:
            kind = next(known for known in KINDS if known == named)
            yield Muted(kind, kind not in _muted(facts))


def obstacle(facts: Facts, talk: Muting) -> Wording | None:
    """Say why there is nothing to turn off, if so."""
    return None if facts.person is not None else _("You are not registered yet, so nothing is sent automatically.")


MUTING = Flow(Muting, steps=(Step("kinds", ask_kinds, hear_kinds),), obstacle=obstacle)
