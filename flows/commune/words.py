"""What is said of villages to who checks them: a line of each, and a summary with shares and last year's."""

from collections.abc import Iterator
from datetime import date

from flows.domain.closings import Counts, Village
from flows.words.wording import Wording, _


def line(unit: str, village: Village, today: date) -> Wording:
    """Say in a line how a village stands."""
    counts = village.counts
    if village.closing is None:
        return _("{unit}: open, {confirmed} of {registered} confirmed", unit=unit, **_numbers(counts))
    if not village.is_closed:
        return _("↩️ {unit}: sent back, {confirmed} of {registered} confirmed", unit=unit, **_numbers(counts))
    if village.closing.is_posted(today):
        return _("📌 {unit}: posted, {passed} reach the title", unit=unit, passed=counts.passed)
    if not counts.passed:
        return _("✅ {unit}: closed, nobody to propose", unit=unit)
    if counts.to_propose:
        return _("✅ {unit}: closed, {count} to propose", unit=unit, count=counts.to_propose)
    return _("✅ {unit}: closed, {count} proposed", unit=unit, count=counts.proposed)


def _numbers(counts: Counts) -> dict[str, int]:
    return {"confirmed": counts.confirmed, "registered": counts.registered}


def summary(counts: Counts, before: Counts | None) -> Iterator[Wording]:
    """Sum a village or a commune up, each number with its share of those who take part; and compare with last year.

    How many adults live there is not known: no share of them is told.
    """
    taking_part = counts.registered
    yield _("Taking part: {count}", count=taking_part)
    yield _share(_("Assessed themselves"), counts.assessed, taking_part)
    yield _share(_("Confirmed by the branch"), counts.confirmed, taking_part)
    yield _share(_("Reach the title"), counts.passed, taking_part)
    if counts.proposed:
        yield _share(_("Proposed"), counts.proposed, taking_part)
    for label, count in (
        (_("Wait for the branch"), counts.waiting),
        (_("Returned for correction"), counts.returned),
        (_("Not finished"), counts.unfinished),
    ):
        if count:
            yield _("{label}: {count}", label=label, count=count)
    if before is not None and before.registered:
        yield _(
            "Last year: {passed} of {count} reached the title ({percent} %)",
            passed=before.passed,
            count=before.registered,
            percent=percent(before.passed, before.registered),
        )


def _share(label: Wording, count: int, of: int) -> Wording:
    if not of:
        return _("{label}: {count}", label=label, count=count)
    return _("{label}: {count} ({percent} %)", label=label, count=count, percent=percent(count, of))


def percent(count: int, of: int) -> int:
    """Return a share in whole percent, a half upwards."""
    return (200 * count + of) // (2 * of)
