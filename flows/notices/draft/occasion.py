"""What a notice is about, and what the text for it leaves open."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Left, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, SKIP, Choice, Chose, Heard, Question, chosen, written
from flows.conversation.questions import words as said
from flows.notices.draft.drafting import Drafting, for_audience, read_short
from flows.notices.occasions import GAPS, OCCASIONS, occasion
from flows.words.wording import _, lines

LONGEST_DETAIL = 120
BLANK = Choice("blank", _("Something else"), said("khác; việc khác; nội dung khác; tự viết; other"))


def ask_occasion(facts: Facts, talk: Drafting) -> Question:
    return Question(
        _("What is the notice about? A text comes with it that can be changed."),
        (*(Choice(known.key, known.name, known.also) for known in OCCASIONS), BLANK),
        (BACK,),
        numbered=True,
    )


def hear_occasion(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case BLANK.key:
            yield Went("text", replace(talk, occasion="", details=()))
        case key:
            yield _on(_for_occasion(facts, replace(talk, occasion=key, details=())))


def _for_occasion(facts: Facts, talk: Drafting) -> Drafting:
    """Return a draft for whom its occasion concerns."""
    known = occasion(talk.occasion)
    roles = known.roles if known is not None else ()
    return talk if roles == talk.audience.roles else for_audience(facts, talk, replace(talk.audience, roles=roles))


def _on(talk: Drafting) -> Went:
    """Go on to the next detail of the occasion, or to its text."""
    known = occasion(talk.occasion)
    return Went("detail" if known is not None and len(talk.details) < len(known.gaps) else "text", talk)


def ask_detail(facts: Facts, talk: Drafting) -> Question:
    known = occasion(talk.occasion)
    gaps = known.gaps[len(talk.details) :] if known is not None else ()
    return Question(GAPS[gaps[0]] if gaps else lines(), moves=(SKIP, BACK), free=True)


def hear_detail(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key) if talk.details:
            yield Went("detail", replace(talk, details=talk.details[:-1]))
        case Chose(BACK.key):
            yield Went("occasion", replace(talk, occasion=""))
        case Chose(_):
            yield _on(replace(talk, details=(*talk.details, "")))
        case _:
            yield _on(replace(talk, details=(*talk.details, read_short(written(heard), LONGEST_DETAIL))))
