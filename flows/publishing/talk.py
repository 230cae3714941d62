"""Whether somebody may be named on lists that everybody can read: asked once the form is handed in, changed any time.

Consent to be kept is one thing, consent to be read by the whole village another: it is asked by itself, nothing depends
on it, and who does not answer is not named.
"""

from collections.abc import Iterator, Mapping

from flows.conversation.events import Event, Left, Said, Told, branch_of
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Message
from flows.conversation.questions import BACK, NO, Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.domain.assessments import State
from flows.domain.people import HowAgreed, Person, needs_representative
from flows.papers.words import button
from flows.publishing.records import Publishing
from flows.words.wording import Wording, _, lines, paragraphs

# The version of the text below: consent is proved by the text it was given to.
TEXT_VERSION = "2026.1"


class AskingForNames(Talk, frozen=True, tag="publishing"):
    """The question whether somebody may be named. Asked for by themselves, it can be left with “back”."""

    asked_for: bool = False


NAMED = Choice(
    "named",
    _("Yes, name me"),
    words("""
        đồng ý; tôi đồng ý; có; có chứ; vâng; dạ; dạ vâng; được; được chứ; ok; oke; ừ; nhất trí; cho phép; có đồng ý;
        nêu tên; nêu tên tôi; cứ nêu tên; có nêu tên; đồng ý nêu tên; tôi đồng ý nêu tên; đồng ý ghi tên; ghi tên tôi;
        đồng ý công khai; đồng ý niêm yết; yes; i agree; agree; name me
    """),
    final=True,
)
NOT_NAMED = Choice(
    "not_named",
    _("No, do not name me"),
    words("""
        không nêu tên; không nêu tên tôi; đừng nêu tên; đừng nêu tên tôi; không đồng ý nêu tên; chưa đồng ý nêu tên;
        không ghi tên; không ghi tên tôi; không công khai; không niêm yết; không muốn nêu tên; không muốn; không cho;
        không cho phép; chưa đồng ý; chưa; ngại lắm; thôi không nêu; bỏ tên tôi; rút tên; bỏ tên; do not name me;
        dont name me; i do not agree; i dont agree
    """)
    + NO.also,
)
# How somebody agreed, for whom another fills in.
AGREED: Mapping[HowAgreed, Choice] = {
    "said": Choice(
        "said",
        _("They agreed, in person"),
        words("đồng ý nói trực tiếp; nói trực tiếp; nói đồng ý; đã nói đồng ý; người đó nói đồng ý; said so in person"),
    ),
    "signed": Choice(
        "signed",
        _("They agreed, signed on paper"),
        words("đồng ý ký giấy; ký giấy; ký giấy đồng ý; đã ký giấy; đã ký; signed on paper; they signed"),
    ),
    "phone": Choice(
        "phone",
        _("They agreed, by phone"),
        words("đồng ý qua điện thoại; qua điện thoại; nói qua điện thoại; gọi điện đồng ý; by phone"),
    ),
}
NOT_ASKED = Choice(
    "not_named",
    _("Do not name them"),
    words("chưa hỏi; chưa hỏi được; người đó không đồng ý; người đó chưa đồng ý; not asked; do not name them")
    + NOT_NAMED.also,
)
WHAT_IS_POSTED = _(
    "Lists that are posted in the village or the commune give name, village and title only, but everybody can read"
    " them."
)
NAMED_NOW = _("Noted: lists that are posted give the name.")
NOT_NAMED_NOW = _("Noted: lists that are posted do not give the name; they only count one person more.")
# From here on a form may be on a list that hangs somewhere.
ON_LISTS: frozenset[State] = frozenset({"confirmed", "checked", "recognised"})


def named_or_not(person: Person) -> Wording:
    """Say whether somebody is named on posted lists."""
    match person.publishes:
        case True:
            return _("the name is given")
        case False:
            return _("the name is not given")
        case None:
            return _("not asked yet, the name is not given")


def is_asked(person: Person | None) -> bool:
    """Tell whether somebody is to be asked once a form is handed in: they have never said."""
    return person is not None and person.publishes is None


def ask_named(facts: Facts, talk: AskingForNames) -> Question:
    person = facts.person
    assert person is not None
    return Question(
        paragraphs(
            WHAT_IS_POSTED,
            lines(
                _("• The result is the same either way. Without a yes, the list only counts one person more."),
                _("• It can be changed at any time: type “my data”."),
            ),
            _whom_to_ask(facts, person),
        ),
        (*AGREED.values(), NOT_ASKED) if person.is_helped else (NAMED, NOT_NAMED),
        (BACK,) if talk.asked_for else (),
        numbered=person.is_helped,
        again=_whom_to_ask(facts, person),
    )


def _whom_to_ask(facts: Facts, person: Person) -> Wording:
    """Say whom the question is for: the person, a child with its representative, or who is to be asked by another."""
    if person.is_helped:
        return _("Please ask {name}: may their name stand there? How did they agree?", name=person.named)
    if representative := _representative(facts, person):
        return _(
            "This question is for {representative}, together with {name}: may the name of {name} stand there?",
            representative=representative,
            name=person.named,
        )
    return _("May your name stand there?")


def hear_named(facts: Facts, talk: AskingForNames, heard: Heard) -> Iterator[Event]:
    key = chosen(heard)
    person = facts.person
    assert person is not None
    if key != BACK.key:
        how = next((way for way, choice in AGREED.items() if choice.key == key), None)
        given = key != NOT_NAMED.key
        yield Publishing(TEXT_VERSION, given, how, _representative(facts, person))
        yield Said(NAMED_NOW if given else NOT_NAMED_NOW)
        if person.publishes and not given:
            yield from _tell_branch(facts, person)
    yield Left()


def _representative(facts: Facts, person: Person) -> str:
    """Return who answers for a child; nobody's name for a grown-up."""
    if person.birth_year is None or not needs_representative(person.birth_year, facts.today.year):
        return ""
    return person.representative or ""


def _tell_branch(facts: Facts, person: Person) -> Iterator[Event]:
    """Ask the branch to take down a list on which somebody stands who does not want to any more."""
    form = next((form for form in reversed(facts.own) if form.state in ON_LISTS), None)
    round_ = facts.round_of(form) if form is not None else None
    if form is None or round_ is None:
        return
    text = _(
        "🔒 {name} no longer agrees to be named on lists that are posted. If the list hangs somewhere, please take it"
        " down and post it anew.",
        name=person.named,
    )
    yield Told(branch_of(form), Message(text, ((button("posted", form.unit_id, round_.year),),)))


def obstacle(facts: Facts, talk: AskingForNames) -> Wording | None:
    """Say why there is nothing to ask, if so: whoever is no resident stands on no list."""
    if facts.person is None or not facts.person.is_resident:
        return _("This is asked once you are registered: type “start”.")
    return None


PUBLISHING = Flow(AskingForNames, steps=(Step("named", ask_named, hear_named),), obstacle=obstacle, gives_way=True)
