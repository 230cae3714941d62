"""Confirming many forms at once: what is about to happen, by name who is left out, and the order."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal

from flows.batches.batch import Order
from flows.batches.needs import Chosen, ChosenWanted
from flows.batches.records import BatchOrdered
from flows.conversation.events import Entered, Event, Left, Said
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.conversation.questions import BACK, BACK_OR_NO, Choice, Heard, Question, chosen, words
from flows.conversation.session import Talk
from flows.domain.units import Scope
from flows.review.needs import ListedForm
from flows.review.typed import ConfirmMany, sift_words
from flows.roles.deciding import decides_instead
from flows.roles.needs import Holder
from flows.words.refusals import Refused
from flows.words.wording import Lines, Wording, _, lines, n_, paragraphs


class ConfirmingMany(Talk, frozen=True, tag="confirming_many"):
    """Forms about to be confirmed: of a village or of all that are theirs (0), as they were shown. `without` are all
    that are left out, `named` those of them that were named."""

    shown_at: datetime
    unit: int = 0
    least: int = 0
    passed_only: bool = False
    without: tuple[int, ...] = ()
    named: tuple[int, ...] = ()
    sift: str = ""


def preview(
    facts: Facts,
    unit: int,
    sift: str,
    asked: ConfirmMany,
    waiting: Sequence[ListedForm],
    forms: Sequence[ListedForm],
    but: Sequence[ListedForm],
) -> Iterator[Event]:
    """Show what is about to be confirmed: of the forms that wait those that are shown, without some."""
    if (head := head_instead(facts, unit)) is not None:
        raise Refused(confirmed_by(head))
    named = {form.assessment_id for form in but}
    shown = {form.assessment_id for form in forms}
    hidden = {form.assessment_id for form in waiting} - shown
    talk = ConfirmingMany(
        facts.now, unit, asked.least, asked.passed_only, tuple(sorted(hidden | named)), tuple(sorted(named)), sift
    )
    if not _chosen(facts, talk).count:
        raise Refused(_("There is no form to be confirmed among these."))
    yield Entered("confirm_many", talk)


def order(facts: Facts, talk: ConfirmingMany) -> Order:
    """Return what is ordered."""
    units = _units(facts, talk)
    rounds = tuple(sorted(facts.rounds_in(units)))
    role = _as_whom(facts, talk.unit)
    return Order("confirm", role, units, rounds, talk.shown_at, talk.least, talk.passed_only, talk.without)


def _units(facts: Facts, talk: ConfirmingMany) -> Scope:
    return facts.reference.units.scope([talk.unit]) if talk.unit else facts.scope(_as_whom(facts, talk.unit))


def _as_whom(facts: Facts, unit: int) -> Literal["head", "deputy"]:
    return "head" if (facts.holds("head", unit) if unit else facts.has_role("head")) else "deputy"


def head_instead(facts: Facts, unit: int) -> Holder | None:
    """Return the head who confirms many forms instead of somebody who is only a deputy, if one does."""
    if _as_whom(facts, unit) == "head":
        return None
    return decides_instead(facts, [unit] if unit else facts.over("deputy"))


def _chosen(facts: Facts, talk: ConfirmingMany) -> Chosen:
    return facts.find(ChosenWanted(order(facts, talk), facts.person_id, talk.named))


def ask(facts: Facts, talk: ConfirmingMany) -> Question:
    found = _chosen(facts, talk)
    failed = found.count - found.passed
    return Question(
        paragraphs(
            lines(
                n_("{count} form is about to be confirmed.", "{count} forms are about to be confirmed.", found.count),
                _("Reach the title: {count}", count=found.passed),
                _("Do not reach it: {count}", count=failed),
                _limits(talk),
            ),
            _left_out(found),
            _late(facts, talk),
        ),
        (_sure(found.count),),
        (BACK_OR_NO,),
    )


def _sure(count: int) -> Choice:
    return Choice(
        "sure",
        n_("✅ Confirm {count} form", "✅ Confirm {count} forms", count),
        words("""
            đồng ý; đồng ý xác nhận; xác nhận; xác nhận hết; xác nhận tất cả; duyệt; duyệt hết; duyệt tất cả; đồng ý
            hết; confirm; confirm all
        """),
        final=True,
    )


def _limits(talk: ConfirmingMany) -> Wording | None:
    """Say which forms only, where not all that wait."""
    limits = [
        *([sift_words(talk.sift)] if talk.sift else []),
        *([sift_words(f"from:{talk.least}")] if talk.least else []),
        *([sift_words("passed")] if talk.passed_only else []),
    ]
    return _("Only {which}.", which=Lines(tuple(limits), ", ")) if limits else None


def _left_out(found: Chosen) -> Wording | None:
    if not found.named:
        return None
    return lines(
        n_("Left out, {count} form:", "Left out, {count} forms:", len(found.named)),
        *(_("• {name}", name=name) for name in found.named),
    )


def _late(facts: Facts, talk: ConfirmingMany) -> Wording | None:
    days = _days_over(facts, talk)
    if not days:
        return None
    return _("The last day to confirm was {day}. What is decided later is noted all the same.", day=max(days))


def _days_over(facts: Facts, talk: ConfirmingMany) -> list[date]:
    rounds = (facts.reference.rounds_by_id[id_] for id_ in facts.rounds_in(_units(facts, talk)))
    return [round_.phases.branch for round_ in rounds if round_.phases.branch < facts.today]


def hear(facts: Facts, talk: ConfirmingMany, heard: Heard) -> Iterator[Event]:
    match chosen(heard):
        case BACK.key:
            yield Left()
        case _:
            count = _chosen(facts, talk).count
            yield BatchOrdered(order(facts, talk))
            yield Said(
                n_(
                    "{count} form is being confirmed. The result follows here in a moment.",
                    "{count} forms are being confirmed. The result follows here in a moment.",
                    count,
                )
            )
            yield Left(home=True, quiet=True)


def obstacle(facts: Facts, talk: ConfirmingMany) -> Wording | None:
    """Say why nothing can be confirmed, if so."""
    role = _as_whom(facts, talk.unit)
    if not (facts.holds(role, talk.unit) if talk.unit else facts.has_role(role)):
        return _("Only branch heads see the forms of a village.")
    head = head_instead(facts, talk.unit)
    return confirmed_by(head) if head is not None else None


def confirmed_by(head: Holder) -> Wording:
    """Say that forms are not a deputy's to confirm now."""
    return _(
        "{name} is the branch head and confirms these forms. A deputy does while the head is away.", name=head.named
    )


CONFIRMING_MANY = Flow(ConfirmingMany, steps=(Step("confirm_many", ask, hear),), obstacle=obstacle)
