"""What a decider saw of a form, and what has changed of it since: said wherever a decision on it is refused.

The form is kept as it was whenever what stands on it changes while others may decide on it.
"""

from collections.abc import Iterator

from flows.conversation.facts import Facts
from flows.domain.assessments import Assessment, result_of
from flows.domain.criteria import Indicator
from flows.domain.people import GROUPS, Person
from flows.domain.unit_tree import UnitTree
from flows.forms import words
from flows.forms.acts import ACTS, FORM
from flows.forms.needs import Seen, Since, SinceWanted
from flows.words.wording import Lines, Named, Wording, _, lines, n_

# So many changes are told; there may be more.
MOST_TOLD = 5
HERE_IT_IS = _("Here is what it is now:")


def seen(form: Assessment) -> Seen:
    """Return what a decider sees of a form."""
    person = form.person
    proofs = {indicator_id: len(given) for indicator_id, given in form.evidence.items() if given}
    known = {str(p.id): p.known for given in form.evidence.values() for p in given if p.known is not None}
    answers = {indicator_id: (answer.level_id, answer.points) for indicator_id, answer in form.answers.items()}
    details = (form.unit_id, person.name, person.birth_year, person.group, person.representative)
    return Seen(form.criteria.pin, *details, answers, proofs, known)


def changed(facts: Facts, form: Assessment, version: int, *after: Wording) -> Wording:
    """Say that a form has changed since it was shown as some version, and what; then what else there is to say."""
    since = facts.find(SinceWanted(form.id, version))
    return lines(_("This form has changed since it was shown."), *what_changed(facts, form, since), *after)


def what_changed(facts: Facts, form: Assessment, since: Since) -> Iterator[Wording]:
    """Yield what has changed of a form: what stands on it, or else what was done with it."""
    told = changes(facts.reference.units, form, since)
    yield from (Lines(("•", one), " ") for one in told[:MOST_TOLD])
    if len(told) > MOST_TOLD:
        yield n_("• and {count} more", "• and {count} more", len(told) - MOST_TOLD)


def changes(units: UnitTree, form: Assessment, since: Since) -> list[Wording]:
    """Return what stands on a form now and did not, or else what was done with it: it may be as it was before."""
    told = list(differences(units, since.before, form)) if since.before is not None else []
    return told or [ACTS[FORM, act] for act in since.acts]


def differences(units: UnitTree, before: Seen, form: Assessment) -> Iterator[Wording]:
    """Yield what differs of a form from what was seen, from what to what."""
    yield from _of_person(units, before, form)
    if before.pin != form.criteria.pin:
        yield _("the questions: another form, begun anew")
        return
    for indicator in form.criteria.indicators:
        yield from _of_question(before, form, indicator)
    total, now = sum(points for _level, points in before.answers.values()), result_of(form).total
    if total != now:
        yield _("total: {before} → {after} points", before=total, after=now)


def _of_person(units: UnitTree, before: Seen, form: Assessment) -> Iterator[Wording]:
    person = form.person
    if before.name != person.name:
        yield _("name: {before} → {after}", before=Named(person.id, before.name), after=person.named)
    if before.birth_year != person.birth_year:
        yield _("year of birth: {before} → {after}", before=before.birth_year or "–", after=person.birth_year or "–")
    if before.unit_id != form.unit_id:
        old, new = before.unit_id, form.unit_id
        yield _("village: {before} → {after}", before=units.in_sentence(old), after=units.in_sentence(new))
    if before.group != person.group:
        yield _("group: {before} → {after}", before=_group(before.group), after=_group(person.group))
    if before.representative != person.representative:
        yield _(
            "parent or guardian: {before} → {after}",
            before=_whose(person, before.representative),
            after=_whose(person, person.representative),
        )


def _group(group: str | None) -> Wording:
    return next((label for known, label in GROUPS.items() if known == group), "–")


def _whose(child: Person, name: str | None) -> Named | str:
    return Named(child.id, name) if name else "–"


def _of_question(before: Seen, form: Assessment, indicator: Indicator) -> Iterator[Wording]:
    number, answer = form.number(indicator.id), form.answers.get(indicator.id)
    old = before.answers.get(indicator.id)
    if (answer.level_id if answer else None) != (old[0] if old else None):
        yield _(
            "question {number}: {before} → {after}",
            number=number,
            before=_level(indicator, old),
            after=_level(indicator, (answer.level_id, answer.points) if answer else None),
        )
    had, has = before.proofs.get(indicator.id, 0), len(form.evidence.get(indicator.id, ()))
    if had != has:
        yield _("question {number}, pieces of evidence: {before} → {after}", number=number, before=had, after=has)
    for proof in form.evidence.get(indicator.id, ()):
        if proof.known is not None and before.known.get(str(proof.id)) is None:
            yield (
                _("question {number}: the branch knows this", number=number)
                if proof.known
                else _("question {number}: the branch does not know this", number=number)
            )


def _level(indicator: Indicator, answer: tuple[str, int] | None) -> Wording:
    if answer is None:
        return words.answer_words(indicator, None)
    level_id, points = answer
    label = next((level.label for level in indicator.levels if level.id == level_id), None)
    return _("{label} ({points} points)", label=label if label is not None else level_id, points=points)
