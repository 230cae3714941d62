"""Several people on one phone: whose turn it is, and one more person with their consent.

Who cannot press for themselves is filled in for by another, who records how and when they agreed and who witnessed it.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from flows.conversation.events import Entered, Event, Left, Said, Turned, Went
from flows.conversation.facts import Facts, Sharer
from flows.conversation.flow import Flow, Step
from flows.conversation.phones import by_name
from flows.conversation.questions import BACK, ME, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.conversation.understanding import says
from flows.domain.people import HowAgreed, read_name
from flows.people.names import named_in
from flows.people.needs import AnotherWanted
from flows.registration.records import Agreed
from flows.registration.talk import ABOUT_DATA, AGREE, NOT_ADDED, REFUSE, Registering
from flows.words.moments import read_day
from flows.words.refusals import OutOfDate, Refused
from flows.words.spelling import fold
from flows.words.wording import Named, Wording, _, lines, paragraphs

# More of them than fit on buttons are typed.
MOST_SHOWN = 10


class Switching(Talk, frozen=True, tag="switching"):
    """Whose turn it is, among some of the phone's people or all."""

    among: tuple[int, ...] = ()


class Adding(Talk, frozen=True, tag="adding"):
    """One more person on the phone: what is recorded of their consent where somebody else fills in for them."""

    how: HowAgreed | None = None
    day: date | None = None
    witness: str = ""
    as_typed: bool = False


ADD = Choice(
    "add",
    _("➕ Add a person"),
    words("""
        thêm người; thêm người khác; thêm một người; thêm; thêm nữa; người khác; người mới; thêm người mới; add; add
        somebody; somebody else
    """),
)
THEMSELVES = Choice(
    "themselves",
    _("They answer themselves"),
    words("""
        tự trả lời; người đó; người đó trả lời; người đó bấm; họ tự bấm; tự bấm; tự làm; người ấy tự làm; bà ấy tự bấm;
        ông ấy tự bấm; con tự bấm; cháu tự bấm; themselves; they do
    """),
)
FOR_THEM = Choice(
    "for_them",
    _("I fill in for them"),
    words("""
        làm hộ; tôi làm hộ; tôi bấm hộ; bấm hộ; tôi; tôi bấm; tôi ghi hộ; ghi hộ; làm giúp; tôi làm giúp; khai hộ; tôi
        khai hộ; làm thay; tôi làm thay; i do; for them
    """),
)
WAYS: dict[HowAgreed, Choice] = {
    "said": Choice(
        "said", _("Said so in person"), words("nói; nói trực tiếp; trực tiếp; nói miệng; bằng lời; in person; said")
    ),
    "signed": Choice(
        "signed", _("Signed on paper"), words("ký; ký giấy; ký tên; có giấy; viết giấy; signed; on paper")
    ),
    "phone": Choice(
        "phone",
        _("Said so by phone"),
        words("gọi điện; qua điện thoại; nói qua điện thoại; điện thoại; by phone; phone"),
    ),
}
TODAY = Choice("today", _("Today"), words("hôm nay; nay; today; mới xong; vừa xong"))
YESTERDAY = Choice("yesterday", _("Yesterday"), words("hôm qua; qua; yesterday"))
NO_WITNESS = Choice(
    "nobody", _("No witness"), words("không có ai; không ai; không có người chứng kiến; không có; nobody; none")
)
RECORDED = Choice(
    "recorded",
    _("Yes, they agreed"),
    words("""
        đã đồng ý; người đó đã đồng ý; đúng; đúng vậy; đồng ý; xác nhận; tôi xác nhận; tôi cam đoan; cam đoan; có; vâng;
        yes they agreed; yes
    """),
    final=True,
)


def start_adding(facts: Facts) -> Iterator[Event]:
    """Begin to add a person to the phone of somebody who is known."""
    _be_known(facts)
    yield Entered("who", Adding())


def start_helping(facts: Facts) -> Iterator[Event]:
    """Begin to fill in for somebody: one of the phone's people, or one more."""
    _be_known(facts)
    if facts.conversation.is_shared:
        yield Entered("whom", Switching())
    else:
        yield Entered("how", Adding())


def _be_known(facts: Facts) -> None:
    if (wording := cannot_add(facts)) is not None:
        raise Refused(wording)


def cannot_add(facts: Facts) -> Wording | None:
    """Say why nobody can be added now, if so: who is spoken for answers for themselves and is known."""
    if facts.person is None:
        return _("Please register yourself first: type “start”. Then other people can be added.")
    if facts.person.who_types is None:
        return _("Please turn to somebody first who answers for themselves. Then other people can be added.")
    return None


# Whose turn it is


def others(facts: Facts, among: Sequence[int] = ()) -> tuple[Sharer, ...]:
    """Return the phone's people who are not spoken for now, or some of them."""
    there = (one for one in facts.conversation.people if one.id != facts.person_id)
    return tuple(one for one in there if not among or one.id in among)


def ask_whom(facts: Facts, talk: Switching) -> Question:
    here = others(facts, talk.among)
    return Question(
        lines(
            _("Whose turn is it now?"),
            _("There are more: type the name.") if len(here) > MOST_SHOWN else None,
        ),
        (*(_choice(one, here) for one in here[:MOST_SHOWN]), *(() if talk.among else (ADD,))),
        (BACK,),
        numbered=True,
    )


def _choice(one: Sharer, here: Sequence[Sharer]) -> Choice:
    """Make the button of one of the phone's people, with the year of birth where two have one name."""
    name = by_name(one)
    if sum(other.name == one.name for other in here) > 1:
        name = _("{name}, born {year}", name=Named(one.id, one.name), year=one.birth_year or "–")
    return Choice(str(one.id), name, (one.given,))


def hear_whom(facts: Facts, talk: Switching, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case ADD.key:
            yield Went("who", Adding())
        case key:
            yield Left(quiet=True)
            yield from turn_to(facts, int(key))


def turn_to(facts: Facts, person_id: int) -> Iterator[Event]:
    """Speak for another of the phone's people from here on, where they had come to."""
    another = facts.find(AnotherWanted(facts.conversation.id, person_id))
    if another is None:
        raise OutOfDate(_("This person is no longer on this phone."))
    in_force = tuple(role for role in another.roles if role.in_force(facts.today))
    yield Turned(replace(another, roles=in_force))


def hear_name(facts: Facts, typed: str) -> Iterator[Event]:
    """Turn to whom a text names, if it names anybody; of two who are called so, ask which."""
    if not facts.conversation.is_shared:
        return
    named = named_in(typed, facts.conversation.people)
    if len(named) == 1 and named[0].id == facts.person_id:
        yield Said(_("{name} is spoken for already.", name=Named(named[0].id, named[0].name)))
    elif len(named) == 1:
        yield from turn_to(facts, named[0].id)
    elif named:
        yield Entered("whom", Switching(tuple(one.id for one in named)))


# One more person, and their consent


def ask_who(facts: Facts, talk: Adding) -> Question:
    return Question(
        lines(
            _("One more person is added to this phone. Everybody has a form of their own, and answers are kept apart."),
            _("Who presses the answers?"),
        ),
        (THEMSELVES, FOR_THEM),
        (BACK,),
        numbered=True,
    )


def hear_who(facts: Facts, talk: Adding, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case THEMSELVES.key:
            yield Went("agrees", talk)
        case FOR_THEM.key:
            yield Went("how", talk)
        case _:
            yield Left()


def ask_agrees(facts: Facts, talk: Adding) -> Question:
    return Question(
        paragraphs(
            _("Please hand over the phone. This question is for the person who is added."),
            ABOUT_DATA,
            _("Do you agree?"),
        ),
        (AGREE, REFUSE),
        (BACK,),
    )


def hear_agrees(facts: Facts, talk: Adding, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case AGREE.key:
            yield from _register(facts, Agreed())
        case BACK.key:
            yield Went("who", talk)
        case _:
            yield Said(NOT_ADDED)
            yield Left()


def _register(facts: Facts, agreed: Agreed) -> Iterator[Event]:
    """Ask for the details of who is added; most live in the village of who adds them."""
    assert facts.person is not None
    yield Left()
    yield Entered("name", Registering(another=agreed, unit_id=facts.person.unit_id))


def ask_how(facts: Facts, talk: Adding) -> Question:
    return Question(
        paragraphs(
            _("To fill in for somebody, that person has to agree first. Please read this to them:"),
            ABOUT_DATA,
            _("How did they agree?"),
        ),
        tuple(WAYS.values()),
        (BACK,),
        numbered=True,
        again=_("How did they agree?"),
    )


def hear_how(facts: Facts, talk: Adding, heard: Heard) -> Iterator[Event]:
    how = next((way for way, choice in WAYS.items() if choice.key == chosen(heard)), None)
    yield Went("day", replace(talk, how=how)) if how is not None else Went("who", talk)


def ask_day(facts: Facts, talk: Adding) -> Question:
    return Question(
        _("On which day did they agree? For example: {example}.", example=facts.today),
        (TODAY, YESTERDAY),
        (BACK,),
        free=True,
    )


def hear_day(facts: Facts, talk: Adding, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("how", talk)
        case Chose(TODAY.key):
            yield Went("witness", replace(talk, day=facts.today))
        case Chose():
            yield Went("witness", replace(talk, day=read_day("hôm qua", facts.today)))
        case _:
            yield Went("witness", replace(talk, day=read_day(written(heard), facts.today)))


def ask_witness(facts: Facts, talk: Adding) -> Question:
    return Question(
        _("Who witnessed it? Please type the full name, for example: Nguyễn Văn An."),
        (NO_WITNESS,) if talk.how == "signed" else (),
        (BACK,),
        free=True,
    )


def hear_witness(facts: Facts, talk: Adding, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("day", talk)
        case Chose():
            yield Went("sure", replace(talk, witness=""))
        case _:
            name = read_name(written(heard), as_typed=talk.as_typed)
            helper = facts.person.who_types if facts.person is not None else None
            if says(name.name, ME) or (helper is not None and fold(name.name) == fold(helper.name)):
                raise Refused(_("The witness has to be somebody else than who fills in."))
            yield Went("sure", replace(talk, witness=name.name))


def ask_sure(facts: Facts, talk: Adding) -> Question:
    agreed = recorded(Agreed(talk.how, talk.day, talk.witness))
    return Question(
        paragraphs(
            agreed,
            _(
                "Your name stands on the form as the one who filled it in. Somebody else confirms it. Has this person"
                " heard what is kept, and agreed?"
            ),
        ),
        (RECORDED, REFUSE),
        (BACK,),
    )


def recorded(agreed: Agreed) -> Wording:
    """Say what was recorded of somebody's consent."""
    assert agreed.how is not None
    return lines(
        _("Consent: {how}", how=WAYS[agreed.how].label),
        _("Day of the consent: {day}", day=agreed.day),
        _("Witness: {name}", name=agreed.witness or "–"),
    )


def hear_sure(facts: Facts, talk: Adding, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case RECORDED.key:
            yield from _register(facts, Agreed(talk.how, talk.day, talk.witness))
        case BACK.key:
            yield Went("witness", talk)
        case _:
            yield Said(NOT_ADDED)
            yield Left()


def obstacle(facts: Facts, talk: Switching) -> Wording | None:
    """Say why the talk cannot go on, if so: nobody else is on the phone any more."""
    return None if others(facts, talk.among) else _("Nobody else is on this phone.")


def adding_obstacle(facts: Facts, talk: Adding) -> Wording | None:
    """Say why the talk cannot go on, if so: who was adding is not known any more, erased from another phone perhaps."""
    return cannot_add(facts)


def heading(facts: Facts, talk: Adding) -> Wording | None:
    """Say whom the questions are about: somebody new."""
    return _("👤 A new person")


SWITCHING = Flow(Switching, steps=(Step("whom", ask_whom, hear_whom),), obstacle=obstacle)
ADDING = Flow(
    Adding,
    steps=(
        Step("who", ask_who, hear_who),
        Step("agrees", ask_agrees, hear_agrees),
        Step("how", ask_how, hear_how),
        Step("day", ask_day, hear_day),
        Step("witness", ask_witness, hear_witness),
        Step("sure", ask_sure, hear_sure),
    ),
    obstacle=adding_obstacle,
    heading=heading,
)
