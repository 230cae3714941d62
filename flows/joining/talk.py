"""Joining a chat to somebody: a code made in one, typed in the other, and a yes on both sides.

Nobody is joined by a name or a number. Whoever types a code that is not theirs learns where and when it was made and
nothing else, and who made it is asked before anything happens.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.channels import called
from flows.conversation.events import ChatAddress, Entered, Event, Left, Moved, Said, Told
from flows.conversation.facts import Facts, Sharer
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.joining.codes import LIFE, MOST_MISSES, MOST_MISSES_IN_ALL, WAIT, code_in, digest_of, new_code, shown
from flows.joining.needs import Claim, CodeWanted, JoinCode, MissesWanted, OwnCodeWanted
from flows.joining.records import CodeEnded, CodeMade, CodeMissed, CodeTyped, Joined
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.wording import Wording, _, lines, paragraphs

BUTTON = "join"
# So much of a digest tells the code that a button was shown for from another one.
_TELLING = 12


class Joining(Talk, frozen=True, tag="joining"):
    """The code that was typed, by its digest."""

    digest: str = ""


MADE_IT = Choice(
    "yes",
    _("Yes, I made it"),
    words("tôi tạo; tôi vừa tạo; chính tôi; mã của tôi; đúng mã của tôi; tôi lấy mã; tôi lấy; i made it; i did")
    + YES.also,
)
NOT_MINE = Choice(
    "no",
    _("No, I did not"),
    words("không phải tôi; tôi không tạo; không phải mã của tôi; người khác cho mã; người khác gửi; not me") + NO.also,
)
NOT_JOINED = _("Nothing has been joined.")
GET_ANOTHER = _("If it is needed, get another code.")


# Where somebody is known: a code


def give_code(facts: Facts) -> Iterator[Event]:
    """Make a code for who speaks. What is under way goes on."""
    assert facts.person is not None
    code = new_code(facts.token)
    expires = facts.now + LIFE
    yield CodeMade(digest_of(code, facts), expires)
    yield Said(
        paragraphs(
            _("Code: {code}", code=shown(code)),
            _(
                "In the other place (Zalo, Telegram or the web page), open this channel and type the code. It works"
                " once, until {time}.",
                time=f"{expires:%H:%M}",
            ),
            _("Please tell the code to nobody: the association never asks for it."),
        ),
        alone=True,
    )


# Where nobody is known, or somebody else: the code is typed


def ask_code(facts: Facts, talk: Joining) -> Question:
    return Question(
        lines(
            _("Where you use this channel already, type “connect”: there you get a code of six digits."),
            _("Please type that code here."),
        ),
        moves=(BACK,),
        free=True,
    )


def hear_code(facts: Facts, talk: Joining, heard: Heard) -> Iterator[Event]:
    if heard == Chose(BACK.key):
        yield Left()
        return
    code = code_in(written(heard))
    if code is None:
        raise NotUnderstood(_("The code has six digits, for example 482 915."))
    yield from typed_code(facts, code)


def typed_code(facts: Facts, code: str) -> Iterator[Event]:
    """Hear a code: who typed it is asked whether they have made it. Wrong ones are counted, and too many refused."""
    _may_try(facts)
    digest = digest_of(code, facts)
    known = facts.find(CodeWanted(digest))
    if known is None or known.expires <= facts.now:
        yield from _missed(facts)
    elif known.chat.id == facts.conversation.id:
        raise Refused(_("This code is for the other place: please type it there, not here."))
    elif _is_theirs_already(facts, known):
        raise Refused(_("This chat is joined already."))
    else:
        yield Entered("own", Joining(digest))


def _may_try(facts: Facts) -> None:
    misses = facts.find(MissesWanted(facts.conversation.id, facts.now - WAIT))
    if misses.here >= MOST_MISSES:
        raise Refused(_("There were too many wrong codes here. Please try again in an hour."))
    if misses.in_all >= MOST_MISSES_IN_ALL:
        raise Refused(_("Chats cannot be joined at this moment. Please try again in an hour."))


def _missed(facts: Facts) -> Iterator[Event]:
    misses = facts.find(MissesWanted(facts.conversation.id, facts.now - WAIT))
    yield CodeMissed(misses.here + 1)
    yield Said(
        lines(
            _("This code is not right, or its ten minutes are over."),
            _("Please get another code where you use this channel already, and type it here."),
        )
    )


def _is_theirs_already(facts: Facts, code: JoinCode) -> bool:
    return code.person_id == facts.person_id or any(one.id == code.person_id for one in facts.conversation.people)


def _code(facts: Facts, talk: Joining) -> JoinCode:
    """Return the code that was typed, if it still holds."""
    code = facts.find(CodeWanted(talk.digest))
    assert code is not None
    return code


def ask_own(facts: Facts, talk: Joining) -> Question:
    code = _code(facts, talk)
    return Question(
        paragraphs(
            _(
                "This code was made at {time}: {channel}. Have you made it yourself?",
                time=f"{code.made_at.astimezone(facts.now.tzinfo):%H:%M}",
                channel=called(code.chat.channel),
            ),
            _("If somebody has sent it to you, press “No, I did not”."),
            _shared_from_then_on(facts),
        ),
        (MADE_IT, NOT_MINE),
    )


def _shared_from_then_on(facts: Facts) -> Wording | None:
    """Say what becomes of a chat that is somebody's already."""
    if facts.person is None:
        return None
    return _(
        "This phone has been that of {name}. From then on it is shared: everybody has a form of their own, and answers"
        " are kept apart.",
        name=facts.person.named,
    )


def hear_own(facts: Facts, talk: Joining, heard: Heard) -> Iterator[Event]:
    code = _code(facts, talk)
    there, here = called(code.chat.channel), called(facts.conversation.channel)
    to_owner = ChatAddress(code.chat.id, code.person_id)
    if chosen(heard) != MADE_IT.key:
        yield CodeEnded(code.person_id)
        yield Told(to_owner, Message(lines(_("Your code was typed elsewhere: {channel}.", channel=here), _REFUSED)))
        yield Said(NOT_JOINED)
        yield Left()
        return
    yield CodeTyped(code.person_id, code.digest, facts.now + LIFE)
    yield Told(to_owner, _is_that_you(code, here))
    yield Said(
        lines(
            _("One more step, where you made the code ({channel}): please press “Yes, that is me”.", channel=there),
            _("Then you can go on here."),
        ),
        alone=True,
    )
    yield Left(quiet=True)


_REFUSED = lines(_("Whoever typed it says that they did not make it."), NOT_JOINED)


def _is_that_you(code: JoinCode, channel: Wording) -> Message:
    telling = code.digest[:_TELLING]
    return Message(
        lines(
            _("Somebody has just typed your code: {channel}. Is that you?", channel=channel),
            _("If it is not, press “No”: nothing happens then."),
        ),
        (
            (
                Button(_("Yes, that is me"), f"c:{BUTTON}:yes:{telling}", lasting=True),
                Button(_("No, that is not me"), f"c:{BUTTON}:no:{telling}", lasting=True),
            ),
        ),
    )


def obstacle(facts: Facts, talk: Joining) -> Wording | None:
    """Say why the talk cannot go on, if so: the code does not hold any more."""
    if not talk.digest:
        return None
    code = facts.find(CodeWanted(talk.digest))
    if code is None or code.expires <= facts.now:
        return lines(_("This code holds no more."), NOT_JOINED, GET_ANOTHER)
    return None


# Where the code was made: the last word


def answer(facts: Facts, rest: list[str]) -> Iterator[Event]:
    """Hear whether it was oneself who typed the code. The button is a claim: everything is looked at again."""
    said, telling = [*rest, "", ""][:2]
    code = facts.find(OwnCodeWanted(facts.person_id)) if facts.person is not None else None
    if code is None or code.chat.id != facts.conversation.id or code.digest[:_TELLING] != telling or not code.claim:
        raise OutOfDate(lines(_("This code holds no more."), GET_ANOTHER))
    yield CodeEnded(code.person_id)
    here, there = called(code.chat.channel), called(code.claim.chat.channel)
    to_other = ChatAddress(code.claim.chat.id, code.claim.person_id)
    if said == "yes" and code.expires > facts.now and code.claim.person_id == code.claim.was:
        yield from _join(facts, code.claim, here, there)
        return
    if said == "yes":
        news = lines(_("It took too long."), NOT_JOINED, GET_ANOTHER)
    else:
        news = lines(_("Who made the code says that it was somebody else."), NOT_JOINED)
    yield Told(to_other, Message(news))
    yield Said(
        news if said == "yes" else lines(NOT_JOINED, _("Whoever asks you for a code is not from the association."))
    )


def _join(facts: Facts, claim: Claim, here: Wording, there: Wording) -> Iterator[Event]:
    """Make the other chat theirs. What is under way goes on there."""
    assert facts.person is not None
    language = claim.chat.language or facts.conversation.language
    person = facts.person
    people = claim.chat.people
    if claim.person_id:
        people = (*people, Sharer(person.id, person.name, person.birth_year))
    joined = replace(claim.chat, language=language, consented=facts.conversation.consented, people=people)
    yield Joined(joined)
    yield Moved(
        joined, claim.asked, _("You are joined: what you write here and elsewhere ({channel}) is one.", channel=here)
    )
    yield Said(
        lines(
            _("You are joined. You go on elsewhere now: {channel}.", channel=there),
            _("To go on here again, just write here. To separate them: type “connect”."),
        ),
        alone=True,
    )


JOINING = Flow(Joining, steps=(Step("code", ask_code, hear_code), Step("own", ask_own, hear_own)), obstacle=obstacle)
