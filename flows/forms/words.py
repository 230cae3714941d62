"""A form in words: its summary, its answers, what is missing. Residents and branch heads read the same."""

from collections.abc import Iterable, Iterator

from flows.conversation.facts import Facts
from flows.domain.assessments import STATES, Answer, Assessment, Evidence, Result, result_of
from flows.domain.criteria import CriteriaSet, Indicator
from flows.domain.people import GROUPS
from flows.words.wording import Named, Text, Wording, _, lines, n_, paragraphs


def summary(form: Assessment) -> Wording:
    """Say what a form comes to: points per competency, total, lowest, the title or exactly what is missing."""
    result = result_of(form)
    return paragraphs(
        lines(*(_("{name}: {points}/{maximum}", name=c.name, points=p, maximum=m) for c, p, m in result.points)),
        lines(
            _("Total: {total}/{maximum} points", total=result.total, maximum=result.maximum),
            _("Lowest question: {points} points", points=result.lowest),
        ),
        verdict(form, result),
        provisional_note(form),
    )


def verdict(form: Assessment, result: Result) -> Wording:
    """Say whether the title is reached, or what is missing and by how much."""
    if result.passed:
        return _("🎉 Enough to be proposed for the title “{title}”.", title=form.criteria.title)
    return lines(
        _("Not yet enough to be proposed for the title “{title}”:", title=form.criteria.title),
        n_(
            "• {count} more point is needed ({total} of {needed}).",
            "• {count} more points are needed ({total} of {needed}).",
            result.missing_points,
            total=result.total,
            needed=form.criteria.pass_rule.total,
        )
        if result.missing_points
        else None,
        *(
            _(
                "• Question {number} ({short}) has {points} points, at least {floor} are needed.",
                number=form.number(indicator.id),
                short=indicator.short,
                points=points,
                floor=form.criteria.pass_rule.floor,
            )
            for indicator, points in result.below_floor
        ),
    )


def provisional_note(form: Assessment) -> Wording | None:
    """Say that a result rests on provisional criteria, where it does."""
    return provisional_criteria((form.criteria,))


def provisional_criteria(sets: Iterable[CriteriaSet]) -> Wording | None:
    """Say that some of the criteria are provisional, where they are: in chats and on papers in the same words."""
    if all(criteria.status == "official" for criteria in sets):
        return None
    return _("(The criteria are still provisional, so this result is for guidance only.)")


def answers(form: Assessment) -> Wording:
    """List every question with its answer, points and evidence."""
    return lines(*(_with_evidence(form, indicator) for indicator in form.criteria.indicators))


def answer_line(form: Assessment, indicator: Indicator) -> Wording:
    """Say one answer, with the number of its question."""
    return _(
        "{number}. {short}: {answer}",
        number=form.number(indicator.id),
        short=indicator.short,
        answer=answer_words(indicator, form.answers.get(indicator.id)),
    )


def _with_evidence(form: Assessment, indicator: Indicator) -> Wording:
    return lines(
        answer_line(form, indicator),
        *(line for proof in form.evidence.get(indicator.id, ()) for line in evidence_lines(proof)),
    )


def answer_words(indicator: Indicator, answer: Answer | None) -> Wording:
    """Say an answer with its points, and the resident's own where the branch changed it."""
    if answer is None:
        return _("no answer yet")
    label = indicator.level(answer.level_id).label
    if answer.adjusted_from is None:
        return _("{label} ({points} points)", label=label, points=answer.points)
    return _(
        "{label} ({points} points; the resident's own answer: {own})",
        label=label,
        points=answer.points,
        own=indicator.level(answer.adjusted_from).label,
    )


def evidence_lines(proof: Evidence) -> Iterator[Wording]:
    """Say what a proof is, and the words that came with it."""
    match proof.kind:
        case "text":
            pass
        case "vouched" if proof.known:
            yield _("    ✓ the branch knows this")
        case "vouched" if proof.known is False:
            yield _("    ✗ the branch does not know this")
        case "vouched":
            yield _("    ? the branch is asked to vouch for this")
        case "photo":
            yield _("    📷 a photo")
        case "document":
            yield _("    📄 {name}", name=proof.name)
    if proof.text:
        yield _("    ✎ “{text}”", text=proof.text)


# Beside the name of somebody whose form somebody else has filled in, in every list; and what it means.
HELPED = "✍️"
HELPED_MEANS = _("✍️ after a name: somebody else filled in the form.")


def called(name: Named, *, helped: bool) -> Wording:
    """Return a name as it stands in lists of forms."""
    return Text(f"{{name}} {HELPED}" if helped else "{name}", (("name", name),))


def who(facts: Facts, form: Assessment) -> Wording:
    """Say whose form it is: name, year of birth, village, group, state."""
    person = form.person
    return lines(
        _("{name}, born {year}", name=person.named, year=person.birth_year),
        _("With parent or guardian: {name}", name=person.representative) if person.representative else None,
        _("✍️ Filled in by {name}", name=Named(person.helper_id, person.helper or "–")) if person.is_helped else None,
        facts.reference.units.full_name(form.unit_id),
        GROUPS[person.group] if person.group else None,
    )


def state_line(facts: Facts, form: Assessment) -> Wording:
    """Say in a line which round a form is of, and where it stands."""
    round_ = facts.round_of(form)
    return _(
        "{round}: {state} (points: {total}).",
        round=round_.name if round_ is not None else "–",
        state=state_words(form),
        total=result_of(form).total,
    )


def state_words(form: Assessment) -> Wording:
    """Say where a form stands."""
    return STATES[form.state]
