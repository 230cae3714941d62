"""The association proposes whom its villages have confirmed."""

from collections.abc import Iterator

from msgspec.structs import replace

from flows.batches.batch import Order
from flows.batches.needs import ChosenWanted
from flows.commune.checking import Checking, scope_of
from flows.commune.needs import ToPropose, ToProposeWanted
from flows.commune.records import Proposed
from flows.conversation.events import Event, Left, PersonAddress, Said, Told, Went
from flows.conversation.facts import Facts
from flows.conversation.messages import Message
from flows.conversation.questions import BACK_OR_NO, Choice, Heard, Question, chosen, words
from flows.domain.assessments import Assessment
from flows.domain.units import Scope
from flows.roles.needs import holders_over
from flows.words.wording import Wording, _, lines, n_, paragraphs

MOST_NAMED = 20
PROPOSE_NOW = Choice(
    "propose_now",
    _("✅ Propose this list"),
    words("""
        đề nghị danh sách này; trình danh sách này; đồng ý đề nghị; đồng ý trình; trình luôn; đề nghị luôn; xác nhận đề
        nghị; propose this list; propose now
    """),
    final=True,
)


def preview(facts: Facts, talk: Checking) -> Iterator[Event]:
    """Show what would be proposed now."""
    here = _to_propose(facts, talk)
    yield Went("proposing", replace(talk, up=here.up, shown_at=facts.now))


def _to_propose(facts: Facts, talk: Checking) -> ToPropose:
    return facts.find(ToProposeWanted(scope_of(facts, talk), talk.round_id, facts.today))


def _order(talk: Checking) -> Order:
    assert talk.shown_at is not None
    villages = Scope(talk.up, len(talk.up))
    return Order("propose", "association", villages, (talk.round_id,), talk.shown_at, passed_only=True)


def ask_proposing(facts: Facts, talk: Checking) -> Question:
    here = _to_propose(facts, talk)
    count = facts.find(ChosenWanted(_order(talk), facts.person_id)).count if talk.up else 0
    return Question(
        paragraphs(
            n_(
                "{count} person reaches the title and can be proposed to the People's Committee of the commune.",
                "{count} people reach the title and can be proposed to the People's Committee of the commune.",
                count,
            )
            if count
            else _("Nobody can be proposed yet, or everybody is proposed already."),
            lines(
                _("From these villages: {units}", units=_named(facts, here.up, len(here.up))) if here.up else None,
                _("Still posted: {units}", units=_named(facts, here.posted, len(here.posted))) if here.posted else None,
                _("Not closed: {units}", units=_named(facts, here.missing, here.missing_count))
                if here.missing_count
                else None,
            ),
            _("Your own form is not among them: somebody else of the association has to propose it.")
            if any(_is_own(form, talk) for form in facts.own)
            else None,
            _("Once proposed, forms come back only from the committee. Villages that close later can be proposed then.")
            if count
            else None,
        ),
        (PROPOSE_NOW,) if count else (),
        (BACK_OR_NO,),
        again=_("Press “Propose this list”, or “Back”.") if count else None,
    )


def _is_own(form: Assessment, talk: Checking) -> bool:
    return form.round_id == talk.round_id and form.unit_id in talk.up and form.state == "confirmed"


def _named(facts: Facts, unit_ids: tuple[int, ...], count: int) -> Wording:
    units = facts.reference.units.by_id
    names = ", ".join(units[unit_id].name for unit_id in unit_ids[:MOST_NAMED] if unit_id in units)
    more = count - min(count, MOST_NAMED, len(unit_ids))
    return _("{names} and {count} more", names=names, count=more) if more else names


def _changed(facts: Facts, before: tuple[int, ...], after: tuple[int, ...]) -> Wording:
    """Say which villages are there now that were not, and the other way round."""
    more = tuple(unit_id for unit_id in after if unit_id not in before)
    fewer = tuple(unit_id for unit_id in before if unit_id not in after)
    return lines(
        _("Villages have been closed or sent back since this was shown."),
        _("• Added: {units}", units=_named(facts, more, len(more))) if more else None,
        _("• No longer there: {units}", units=_named(facts, fewer, len(fewer))) if fewer else None,
        _("Here is the list as it is now:"),
    )


def hear_proposing(facts: Facts, talk: Checking, heard: Heard) -> Iterator[Event]:
    if chosen(heard) != PROPOSE_NOW.key:
        yield Went("villages", replace(talk, up=(), shown_at=None))
        return
    here = _to_propose(facts, talk)
    if here.up != talk.up:
        yield Said(_changed(facts, talk.up, here.up))
        yield from preview(facts, talk)
        return
    count = facts.find(ChosenWanted(_order(talk), facts.person_id)).count
    yield Proposed(talk.unit_id, talk.round_id, _order(talk))
    unit = facts.reference.units.full_name(talk.unit_id)
    text = n_(
        "📬 {unit}: the Study Promotion Association proposes {count} person for recognition.",
        "📬 {unit}: the Study Promotion Association proposes {count} people for recognition.",
        count,
        unit=unit,
    )
    for holder in holders_over(facts, talk.unit_id, "committee"):
        if holder.person_id != facts.person_id:
            yield Told(PersonAddress(holder.person_id), Message(text))
    yield Said(_("The list is being proposed. You will read here in a moment how it went."))
    yield Left(home=True, quiet=True)
