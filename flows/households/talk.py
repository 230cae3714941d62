"""Who lives in one household: one of them names another, who is asked and says yes or no.

It matters for one thing today: nobody decides on the form of somebody of their household. So nobody is counted among
others without their own yes, and a name that is not found is answered like one that is.
"""

from collections.abc import Iterator

from flows.conversation.events import Entered, Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, NO, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.conversation.subject import is_number
from flows.conversation.understanding import says
from flows.domain.people import Person, read_name
from flows.households.needs import AskersWanted, AskerWanted, Household, HouseholdWanted, NeighboursWanted
from flows.households.records import HouseholdAnswered, HouseholdAsked, HouseholdLeft
from flows.words.refusals import OutOfDate, Refused
from flows.words.wording import Named, Wording, _, lines, paragraphs

BUTTON = "household"
# So many may be asked and not have answered: who asks half the village is not asking who lives with them.
MOST_ASKED = 12


class Living(Talk, frozen=True, tag="household"):
    """Who lives with whom."""


ADD = Choice(
    "add",
    _("➕ Somebody who lives with me"),
    words("""
        thêm; thêm người; thêm người nhà; thêm người cùng nhà; thêm thành viên; thêm vợ; thêm chồng; thêm con; add; add
        somebody
    """),
)
LEAVE = Choice(
    "leave",
    _("I no longer live with them"),
    words("""
        rời hộ; ra khỏi hộ; tách hộ; tách khẩu; ra ở riêng; không ở chung nữa; không còn ở chung; chuyển đi; rời đi;
        leave; i moved out; leave the household
    """),
)
YES_LEAVE = Choice(
    "yes_leave",
    _("Yes, I live elsewhere"),
    words("đúng; đúng rồi; rời hộ; đồng ý rời hộ; tách hộ; có; vâng; yes; yes i live elsewhere; leave"),
    final=True,
)
STAY = Choice(
    "stay",
    _("No, leave it"),
    words("thôi; để nguyên; giữ nguyên; vẫn ở chung; không rời hộ; đừng rời hộ; không tách hộ; leave it; stay")
    + NO.also,
)
TOGETHER = Choice(
    "together",
    _("Yes, we live together"),
    words("""
        đúng; đúng rồi; đúng chúng tôi ở chung; chúng tôi ở chung; đúng là ở chung; đúng vậy; sống chung; ở chung; ở
        cùng; cùng nhà; cùng hộ; có; có chứ; đồng ý; vâng; dạ; phải; yes; we do; we live together; yes we live together
    """),
    final=True,
)
APART = Choice(
    "apart",
    _("No, we do not"),
    words("""
        không sống chung; không ở chung; không ở cùng; không cùng nhà; không cùng hộ; không đồng ý; không phải; ở riêng;
        no; we do not; we dont
    """)
    + NO.also,
)
WHAT_FOR = _("Nobody confirms the form of somebody who lives with them: somebody else of the branch does.")


def ask_household(facts: Facts, talk: Living) -> Question:
    household = _household(facts)
    return Question(
        paragraphs(_people(household), WHAT_FOR),
        (ADD, LEAVE) if household.members else (ADD,),
        (BACK,),
        again=_people(household),
    )


def _household(facts: Facts) -> Household:
    assert facts.person is not None  # the obstacle
    return facts.find(HouseholdWanted(facts.person.id))


def _people(household: Household) -> Wording:
    return lines(
        _("You live with:") if household.members else _("It is not known here yet who lives with you."),
        *(_("• {name}", name=one) for one in household.members),
        _("Asked, no answer yet:") if household.asked else None,
        *(_("• {name}", name=one) for one in household.asked),
    )


def hear_household(facts: Facts, talk: Living, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case ADD.key:
            yield Went("member", talk)
        case LEAVE.key:
            yield Went("leaving", talk)
        case _:
            yield Left()


def ask_member(facts: Facts, talk: Living) -> Question:
    return Question(
        _("Who lives with you? Please type family name and given name as they registered, for example: Nguyễn Văn An."),
        (),
        (BACK,),
        free=True,
    )


def hear_member(facts: Facts, talk: Living, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Went("household", talk)
        return
    asker, name = _resident(facts), read_name(written(heard)).name
    assert asker.unit_id is not None
    household = _household(facts)
    if len(household.asked) >= MOST_ASKED:
        raise Refused(_("Several people have not answered yet. Please ask them to answer first."))
    known = {one.person_id for one in (*household.members, *household.asked)}
    for one in facts.find(NeighboursWanted(asker.unit_id, name, asker.id)):
        if one.person_id not in known:
            yield HouseholdAsked(one.person_id)
            yield Told(PersonAddress(one.person_id), _question(asker))
    yield Said(
        _(
            "If {name} is registered in {village}, they are asked now. They count as living with you once they say"
            " yes.",
            name=name,
            village=facts.reference.units.in_sentence(asker.unit_id),
        )
    )
    yield Left()


def _question(asker: Person) -> Message:
    """Ask somebody whether they live with who asks."""
    keyboard = tuple(
        (Button(choice.label, f"c:{BUTTON}:{choice.key}:{asker.id}", lasting=True),) for choice in (TOGETHER, APART)
    )
    text = _("🏠 {name} says that you live in one household. Is that so?", name=asker.named)
    return Message(paragraphs(text, WHAT_FOR), keyboard)


def answer(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Hear whether two live together. The button is a claim: only who was asked can answer, and once."""
    said, asker_id = [*rest, "", ""][:2]
    me = facts.person
    asker = facts.find(AskerWanted(int(asker_id), me.id)) if me is not None and is_number(asker_id) else None
    if me is None or asker is None or said not in {TOGETHER.key, APART.key}:
        raise OutOfDate(_("This question is no longer open."))
    yield from _answered(me, asker, together=said == TOGETHER.key)


def hear_answer(facts: Facts, typed: str) -> Iterator[Event]:
    """Hear a typed answer to whoever asked last, from somebody who was asked; anything else is not for here."""
    if facts.person is None or not (says(typed, TOGETHER) or says(typed, APART)):
        return
    for asker in facts.find(AskersWanted(facts.person.id))[:1]:
        yield from _answered(facts.person, asker, together=says(typed, TOGETHER))


def _answered(me: Person, asker: Named, *, together: bool) -> Iterator[Event]:
    yield HouseholdAnswered(asker.person_id, together)
    if together:
        yield Said(_("Noted: you and {name} live in one household.", name=asker))
        yield Told(
            PersonAddress(asker.person_id), Message(_("🏠 {name} says that you live in one household.", name=me.named))
        )
    else:
        yield Said(_("Noted: you do not live together. {name} is not told.", name=asker))


def ask_leaving(facts: Facts, talk: Living) -> Question:
    return Question(
        lines(_people(_household(facts)), _("Do you really live elsewhere now?")), (YES_LEAVE, STAY), (), numbered=False
    )


def hear_leaving(facts: Facts, talk: Living, heard: Heard) -> Iterator[Event]:
    if chosen(heard) == YES_LEAVE.key:
        yield HouseholdLeft()
        yield Said(_("Noted: you no longer live with them."))
    else:
        yield Said(_("All stays as it is."))
    yield Left()


def _resident(facts: Facts) -> Person:
    assert facts.person is not None  # the obstacle
    return facts.person


def start(facts: Facts) -> Iterator[Event]:
    """Tell who lives with who speaks."""
    yield Entered("household", Living())


def obstacle(facts: Facts, talk: Living) -> Wording | None:
    """Say why there is nothing to tell, if so: whoever is no resident lives nowhere that is known."""
    if facts.person is None or not facts.person.is_resident:
        return _("This is asked once you are registered: type “start”.")
    return None


HOUSEHOLD = Flow(
    Living,
    steps=(
        Step("household", ask_household, hear_household),
        Step("member", ask_member, hear_member),
        Step("leaving", ask_leaving, hear_leaving),
    ),
    obstacle=obstacle,
    gives_way=True,
)
