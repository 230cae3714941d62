"""A random sample of confirmed forms: drawn, and leafed through."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from flows.commune.checking import MORE, PAGE, Checking, at_village
from flows.commune.forms import at_form, listed_choice
from flows.commune.needs import CandidatesWanted, FormsWanted, Sample, SamplesWanted
from flows.commune.records import Sampled
from flows.commune.sampling import MOST_SAMPLED, draw
from flows.conversation.events import Event, Said, Went
from flows.conversation.facts import Facts
from flows.conversation.questions import BACK, Choice, Chose, Heard, Question, chosen, words, written
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import fold
from flows.words.wording import Wording, _, lines, paragraphs

LAST_SAMPLE = Choice(
    "last_sample",
    _("Show the last sample again"),
    words("mẫu trước; mẫu lần trước; xem lại mẫu; mẫu cũ; mẫu gần nhất; last sample; show the last sample"),
)


def ask_sample(facts: Facts, talk: Checking) -> Question:
    count, last = len(facts.find(_candidates(facts, talk))), facts.find(_samples(talk))
    return Question(
        paragraphs(
            _("{count} forms are confirmed. How many should be drawn? At most {most}.", count=count, most=MOST_SAMPLED)
            if count
            else _("There is no confirmed form to draw from."),
            lines(*(_drawn(one) for one in last)),
        ),
        (LAST_SAMPLE,) if last else (),
        (BACK,),
        free=True,
    )


def _drawn(sample: Sample) -> Wording:
    return _(
        "Drawn on {day}: {count} of {drawn_from}",
        day=sample.at.date(),
        count=len(sample.form_ids),
        drawn_from=sample.drawn_from,
    )


def _candidates(facts: Facts, talk: Checking) -> CandidatesWanted:
    units = facts.reference.units.scope((talk.village_id or talk.unit_id,))
    return CandidatesWanted(units, talk.round_id, facts.person_id)


def _samples(talk: Checking) -> SamplesWanted:
    return SamplesWanted(talk.village_id or talk.unit_id, talk.round_id)


def hear_sample(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    facts.want(_candidates(facts, talk), _samples(talk))
    match heard:
        case Chose(BACK.key):
            yield _back_from_sample(facts, talk)
        case Chose():
            yield Went("sampled", replace(talk, sample=facts.find(_samples(talk))[0].form_ids, place=0))
        case _:
            forms_there = facts.find(_candidates(facts, talk))
            size = read_size(written(heard), len(forms_there))
            drawn = draw(facts.token, forms_there, size)
            yield Sampled(talk.village_id or talk.unit_id, talk.round_id, facts.token, len(forms_there), drawn)
            yield Said(_("🎲 Drawn at random, and noted: {count} of {of}.", count=size, of=len(forms_there)))
            yield Went("sampled", replace(talk, sample=drawn, place=0))


def read_size(typed: str, most: int) -> int:
    """Return how many forms are to be drawn. Raises Refused for what cannot be."""
    found = re.findall(r"\d{1,6}", fold(typed))
    if len(found) != 1:
        raise NotUnderstood(_("Type a number, for example 10."))
    if not 1 <= int(found[0]) <= min(most, MOST_SAMPLED):
        raise Refused(_("A number from 1 to {most} can be drawn.", most=min(most, MOST_SAMPLED)))
    return int(found[0])


def ask_sampled(facts: Facts, talk: Checking) -> Question:
    some = talk.sample[talk.place * PAGE : (talk.place + 1) * PAGE]
    listed = facts.find(FormsWanted(some))
    return Question(
        lines(
            facts.reference.units.full_name(talk.village_id or talk.unit_id),
            _("Sample of {count}, page {page}:", count=len(talk.sample), page=talk.place + 1),
        ),
        tuple(listed_choice(one) for one in listed),
        (*((MORE,) if len(talk.sample) > (talk.place + 1) * PAGE else ()), BACK),
        numbered=True,
    )


def hear_sampled(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key if talk.place > 0:
            yield Went("sampled", replace(talk, place=talk.place - 1))
        case BACK.key:
            yield _back_from_sample(facts, talk)
        case MORE.key:
            yield Went("sampled", replace(talk, place=talk.place + 1))
        case form_id:
            yield Went("form", at_form(facts, talk, int(form_id)))


def _back_from_sample(facts: Facts, talk: Checking) -> Went:
    if talk.village_id:
        return Went("village", at_village(facts, talk, talk.village_id))
    return Went("villages", Checking(talk.unit_id, talk.round_id, talk.page))
