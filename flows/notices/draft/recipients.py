"""To whom a notice goes: everybody, or those whom places, ages and more leave."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.conversation.events import Event, Went
from flows.conversation.facts import Facts
from flows.conversation.found_units import find_own, offered, too_many
from flows.conversation.questions import BACK, Choice, Chose, Heard, Question, chosen, ticked, written
from flows.conversation.questions import words as said
from flows.notices import words
from flows.notices.audience import NARROWINGS, Facet, Narrowing, own_units, read_ages, with_unit
from flows.notices.draft.drafting import Drafting, for_audience
from flows.notices.notice import Audience
from flows.words.wording import _, lines, paragraphs

UNITS = Choice("units", _("📍 Places"), said("nơi; nơi nhận; thôn; xã; chọn thôn; places"))
AGES = Choice("ages", _("🎂 Age"), said("tuổi; độ tuổi; age"))
EVERYBODY = Choice("everybody", _("Everybody"), said("tất cả; mọi người; everybody; cả xã"))
ALL_MINE = Choice("all_mine", _("All of my unit"), said("tất cả; toàn bộ; all"))


def ask_whom(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            _("Who gets the notice? Only people who meet everything that is chosen here."),
            lines(words.audience(facts, talk.audience), words.reach(talk.reached)),
        ),
        (UNITS, *(narrowing.choice for narrowing in NARROWINGS.values()), AGES, EVERYBODY),
        (BACK,),
        again=_("By what should people be chosen?"),
    )


def hear_whom(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Went("draft", talk)
        case UNITS.key:
            yield Went("units", talk)
        case AGES.key:
            yield Went("ages", talk)
        case EVERYBODY.key:
            yield Went("whom", started_over(facts, talk))
        case facet:
            yield Went("facet", replace(talk, facet=facet))


def started_over(facts: Facts, talk: Drafting) -> Drafting:
    """Return a draft for everybody in one's units again."""
    return for_audience(facts, talk, Audience(own_units(facts)))


def ask_units(facts: Facts, talk: Drafting) -> Question:
    units = facts.reference.units
    suggested = offered(units, talk.suggested)
    return Question(
        paragraphs(
            words.audience(facts, Audience(talk.audience.unit_ids)),
            _("Is it one of these? If not, type the name once more.")
            if suggested
            else _("Type the name of a village, commune or workplace to choose it, one after the other."),
        ),
        suggested,
        (ALL_MINE, BACK),
        free=True,
        numbered=True,
    )


def hear_units(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("whom", replace(talk, suggested=()))
        case Chose(ALL_MINE.key):
            yield Went("whom", for_audience(facts, talk, replace(talk.audience, unit_ids=own_units(facts))))
        case Chose(unit_id):
            yield Went("units", for_audience(facts, talk, with_unit(facts, talk.audience, int(unit_id))))
        case _:
            found = find_own(facts, written(heard))
            yield from too_many(found)
            yield Went("units", replace(talk, suggested=found.ids))


def ask_facet(facts: Facts, talk: Drafting) -> Question:
    narrowing = _narrowing(talk)
    taken = getattr(talk.audience, _facet(talk))
    return Question(
        paragraphs(narrowing.question, _("Press to choose, press again to take away."), words.reach(talk.reached)),
        tuple(ticked(option.choice, option.is_in(taken)) for option in narrowing.options(facts)),
        (EVERYBODY, BACK),
        numbered=True,
    )


def _narrowing(talk: Drafting) -> Narrowing:
    return NARROWINGS[_facet(talk)]


def _facet(talk: Drafting) -> Facet:
    return next((facet for facet in NARROWINGS if facet == talk.facet), "roles")


def hear_facet(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    facet = _facet(talk)
    match chosen(heard):
        case BACK.key:
            yield Went("whom", replace(talk, facet=""))
        case EVERYBODY.key:
            yield Went("whom", replace(for_audience(facts, talk, replace(talk.audience, **{facet: ()})), facet=""))
        case key:
            taken = getattr(talk.audience, facet)
            options = NARROWINGS[facet].options(facts)
            kept = (option for option in options if option.is_in(taken) != (option.choice.key == key))
            now = tuple(value for option in kept for value in option.values)
            yield Went("facet", for_audience(facts, talk, replace(talk.audience, **{facet: now})))


def ask_ages(facts: Facts, talk: Drafting) -> Question:
    return Question(
        paragraphs(
            _("People of which age? Type for example: from 60, or 16-35, or up to 30."),
            words.ages(talk.audience),
        ),
        moves=(EVERYBODY, BACK),
        free=True,
    )


def hear_ages(facts: Facts, talk: Drafting, heard: Heard) -> Iterator[Event]:
    match heard:
        case Chose(BACK.key):
            yield Went("whom", talk)
        case Chose(_):
            yield Went("whom", for_audience(facts, talk, replace(talk.audience, youngest=None, oldest=None)))
        case _:
            youngest, oldest = read_ages(written(heard))
            yield Went("whom", for_audience(facts, talk, replace(talk.audience, youngest=youngest, oldest=oldest)))
