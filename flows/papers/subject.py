"""Papers, in one value."""

from collections.abc import Iterator, Mapping

from flows.conversation.events import Entered, Event, Said
from flows.conversation.facts import Facts
from flows.conversation.questions import Choice, words
from flows.conversation.session import HOME, Session, Talk
from flows.conversation.subject import Command, Subject, is_number
from flows.papers import records
from flows.papers.rights import OWN, PaperKind, kinds_for, known_kind
from flows.papers.talk import PAPERS, Papering, ask_for, ask_own, choose, obstacle
from flows.papers.words import ALONE, ASKING, CERTIFICATE_LATER, NOT_YOURS, TYPED
from flows.words.refusals import OutOfDate, Refused
from flows.words.spelling import fold
from flows.words.wording import _

ORDER = Choice(
    "papers",
    _("papers"),
    words("""
        giấy tờ; các giấy tờ; văn bản; các văn bản; tài liệu; in giấy tờ; lấy giấy tờ; xin giấy tờ; xem giấy tờ; tải
        giấy tờ; in văn bản; papers; documents
    """),
)
_CLAIMED = 4


def _command(facts: Facts, session: Session[Talk], argument: str) -> Iterator[Event]:
    if (wording := obstacle(facts, Papering())) is not None:
        raise Refused(wording)
    yield Entered("kinds", Papering())


def _pressed(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Ask for a paper by a button under a message. What it carries is a claim."""
    kind = known_kind(rest[0]) if rest else None
    numbers = rest[1:]
    if kind is None or len(numbers) != _CLAIMED - 1 or not all(map(is_number, numbers)):
        raise OutOfDate(_("This button no longer works."))
    unit_id, year, about = map(int, numbers)
    if kind in OWN:
        yield from ask_own(facts, kind, about)
    elif kind == "form" or not 2000 <= year < 2200:
        raise OutOfDate(_("This button no longer works."))
    else:
        yield from ask_for(facts, kind, unit_id, year, about)


def _hear_typed(facts: Facts, session: Session[Talk], typed: str) -> Iterator[Event]:
    """Take the name of a paper typed at home for asking for it."""
    if session.frame != HOME:
        return
    meant = kinds_named(" ".join(typed.split()))
    kind = next((kind for kind in kinds_for(facts) if kind in meant), None)
    if kind is not None:
        yield Entered("kinds", Papering())
        yield from choose(facts, kind)
    elif "certificate" in meant and facts.person is not None:
        yield Said(CERTIFICATE_LATER)
    elif meant and facts.roles:
        yield Said(NOT_YOURS)


def kinds_named(typed: str) -> frozenset[PaperKind]:
    """Return the papers that something typed may mean: `in biên bản`, `giấy chứng nhận`."""
    return _NAMED.get(fold(typed), frozenset())


def _every_name() -> Iterator[tuple[str, PaperKind]]:
    for kind, names in TYPED.items():
        for name in names:
            if kind in ALONE:
                yield fold(name), kind
            yield from ((fold(f"{asking} {name}"), kind) for asking in ASKING)


def _named() -> Mapping[str, frozenset[PaperKind]]:
    found: dict[str, frozenset[PaperKind]] = {}
    for name, kind in _every_name():
        found[name] = found.get(name, frozenset()) | {kind}
    return found


_NAMED = _named()


SUBJECT = Subject(
    "papers",
    flows=(PAPERS,),
    records=(records.PaperAsked,),
    after=records.after,
    commands=(Command("papers", _("Papers: minutes, lists, certificates"), _command, ORDER, 13, {"vi": "giayto"}),),
    buttons={"paper": _pressed},
    overhear=_hear_typed,
)
