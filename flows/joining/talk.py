"""Joining a chat to somebody: a code made in one, typed in the other, and a yes on both sides.

Nobody is joined by a name or a number. Whoever types a code that is not theirs learns where and when it was made and
nothing else, and who made it is asked before anything happens.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from flows.conversation.events import ChatAddress, Entered, Event, Left, Moved, Said, Told, Went
from flows.conversation.facts import Facts, Sharer
from flows.conversation.flow import Flow, Step
from flows.conversation.messages import Button, Message
from flows.conversation.questions import BACK, NO, YES, Choice, Chose, Heard, Question, chosen, words, written
from flows.conversation.session import Talk
from flows.domain.channels import called
from flows.joining.codes import LIFE, MOST_MISSES, MOST_MISSES_IN_ALL, WAIT, code_in, digest_of, new_code, shown
from flows.joining.needs import Claim, CodeWanted, JoinCode, MissesWanted, OwnChat, OwnChatsWanted, OwnCodeWanted
from flows.joining.records import ChatLeft, CodeEnded, CodeMade, CodeMissed, CodeTyped, Joined, LettersChosen
from flows.people.talk import turn_to
from flows.words.refusals import NotUnderstood, OutOfDate, Refused
from flows.words.wording import Lines, Wording, _, lines, paragraphs

BUTTON = "join"
# So much of a digest tells the code that a button was shown for from another one.
_TELLING = 12


class Joining(Talk, frozen=True, tag="joining"):
    """The code that was typed, by its digest; or one of one's own chats."""

    digest: str = ""
    chat_id: int = 0


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
TOO_LATE = lines(_("It took too long."), NOT_JOINED, GET_ANOTHER)


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


# Of who has several: which they are


GET_CODE = Choice(
    "code",
    _("➕ Join another place"),
    words(
        "nối thêm; thêm; thêm nơi khác; thêm máy; nối nơi khác; lấy mã; lấy mã nối; mã nối; get a code; another; join"
    ),
)
LAST_USED = Choice(
    "last",
    _("Letters: where I wrote last"),
    words("nơi dùng lần cuối; nơi vừa nhắn; nơi nhắn sau cùng; tự động; where i wrote last; last used"),
)
SEPARATE = Choice(
    "separate",
    _("Separate this place"),
    words("tách; tách ra; tách nơi này; đăng xuất; đăng xuất nơi này; mất máy; mất điện thoại; gỡ; separate; sign out"),
)
LETTERS_HERE = Choice(
    "letters",
    _("Letters go there"),
    words("nhận tin ở đây; nhận tin ở đó; nhận tin; gửi tin vào đây; gửi tin đến đó; letters; letters there"),
)
YES_SEPARATE = Choice(
    "yes_separate",
    _("Yes, separate it"),
    words("tách; có tách; đồng ý tách; tách ra; tách luôn; đăng xuất; yes separate it; separate it"),
    final=True,
)
KEEP_JOINED = Choice(
    "keep",
    _("No, leave it joined"),
    words(
        "thôi không tách; không tách; không tách nữa; giữ nguyên; để nguyên; cứ để; đừng tách; khoan; leave it; keep it"
    )
    + NO.also,
)


_NOT_JOINED = _("This place is not joined any more.")


def ask_chats(facts: Facts, talk: Joining) -> Question:
    own = own_chats(facts)
    return Question(
        lines(
            _("You use these places as one person. Which one is it about?"),
            *(_line(facts, number, one) for number, one in enumerate(own, 1)),
        ),
        (*(Choice(str(one.id), _named(facts, one)) for one in own), GET_CODE, *_back_to_last_used(own)),
        (BACK,),
        numbered=True,
        again=_("Which place is it about?"),
    )


def own_chats(facts: Facts) -> tuple[OwnChat, ...]:
    """Return the chats of who speaks, if there are several."""
    return facts.find(OwnChatsWanted(facts.person_id)) if facts.person is not None else ()


def _back_to_last_used(own: Sequence[OwnChat]) -> Iterator[Choice]:
    if any(one.letters for one in own):
        yield LAST_USED


def _named(facts: Facts, one: OwnChat) -> Wording:
    """Name a chat by its channel, and since when it is joined where there are two of a channel."""
    name = called(one.channel)
    if sum(other.channel == one.channel for other in own_chats(facts)) > 1:
        return _("{channel}, since {time}", channel=name, time=_moment(facts, one.since))
    return name


def _line(facts: Facts, number: int, one: OwnChat) -> Wording:
    is_here = one.id == facts.conversation.id
    return Lines(
        (
            _(
                "{number}. {channel}: since {since}, last used {used}",
                number=number,
                channel=called(one.channel),
                since=_moment(facts, one.since),
                used=_moment(facts, one.used_at),
            ),
            *((_("(here)"),) if is_here else ()),
            *((_("(letters go there)"),) if one.letters else ()),
        ),
        " ",
    )


def _moment(facts: Facts, at: datetime) -> Wording:
    local = at.astimezone(facts.now.tzinfo)
    return _("{day} {time}", day=local.date(), time=f"{local:%H:%M}")


def hear_chats(facts: Facts, talk: Joining, heard: Heard) -> Iterator[Event]:
    if not own_chats(facts):
        raise OutOfDate(_NOT_JOINED)
    match chosen(heard):
        case BACK.key:
            yield Left()
        case GET_CODE.key:
            yield from give_code(facts)
            yield Left(quiet=True)
        case LAST_USED.key:
            yield LettersChosen()
            yield Said(_("From now on letters go to where you wrote last."))
        case chat_id:
            yield Went("chat", Joining(chat_id=int(chat_id)))


def _chat(facts: Facts, talk: Joining) -> OwnChat:
    """Return the chat it is about. That it is one's own is looked at each time."""
    if (one := next((one for one in own_chats(facts) if one.id == talk.chat_id), None)) is None:
        raise OutOfDate(_NOT_JOINED)
    return one


def ask_chat(facts: Facts, talk: Joining) -> Question:
    one = _chat(facts, talk)
    choices = (SEPARATE,) if one.letters else (SEPARATE, LETTERS_HERE)
    return Question(_("{channel}: what would you like?", channel=_named(facts, one)), choices, (BACK,))


def hear_chat(facts: Facts, talk: Joining, heard: Heard) -> Iterator[Event]:
    one = _chat(facts, talk)
    match chosen(heard):
        case SEPARATE.key:
            yield Went("sure", talk)
        case LETTERS_HERE.key:
            yield LettersChosen(one.id)
            yield Said(_("From now on letters go there: {channel}.", channel=_named(facts, one)))
            yield Went("chats", Joining())
        case _:
            yield Went("chats", Joining())


def ask_sure(facts: Facts, talk: Joining) -> Question:
    one = _chat(facts, talk)
    return Question(
        paragraphs(
            _(
                "Separate {channel}? It is yours no more, at once; your form and your data stay.",
                channel=_named(facts, one),
            ),
            _("You go on where you have written otherwise.") if one.id == facts.conversation.id else None,
        ),
        (YES_SEPARATE, KEEP_JOINED),
    )


def hear_sure(facts: Facts, talk: Joining, heard: Heard) -> Iterator[Event]:
    one = _chat(facts, talk)
    if chosen(heard) != YES_SEPARATE.key:
        yield Went("chats", Joining())
    elif one.id == facts.conversation.id:
        yield from _leave_here(facts)
    else:
        name = _named(facts, one)
        yield ChatLeft(one.id)
        yield Told(ChatAddress(one.id), Message(_SEPARATED))
        yield Said(_("Separated: {channel}.", channel=name))
        yield Left(quiet=True)


_SEPARATED = _("This place has been separated: what is written here is nobody's now. To begin, type “start”.")


def _leave_here(facts: Facts) -> Iterator[Event]:
    """Leave the chat that this is written in. On a phone that several share the others stay."""
    other = next((one for one in facts.conversation.people if one.id != facts.person_id), None)
    turned = list(turn_to(facts, other.id)) if other is not None else []
    name = facts.person.name if facts.person is not None else ""
    yield ChatLeft(facts.conversation.id)
    yield Left(home=True)
    yield from turned
    yield Said(_("{name} is separated from this phone.", name=name) if turned else _SEPARATED, alone=not turned)


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
    """Say why the talk cannot go on, if so: the code does not hold any more, or the chat is theirs no more."""
    if talk.chat_id and not any(one.id == talk.chat_id for one in own_chats(facts)):
        return _NOT_JOINED
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
    news = TOO_LATE if said == "yes" else lines(_("Who made the code says that it was somebody else."), NOT_JOINED)
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


JOINING = Flow(
    Joining,
    steps=(
        Step("code", ask_code, hear_code),
        Step("own", ask_own, hear_own),
        Step("chats", ask_chats, hear_chats),
        Step("chat", ask_chat, hear_chat),
        Step("sure", ask_sure, hear_sure),
    ),
    obstacle=obstacle,
)
