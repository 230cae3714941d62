"""Opening a round: its phases, and days that cannot be."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.rounds import RoundRefused, open_round, planned
from bot.store.core.reference import read_reference
from flows.domain.rounds import Phases, Round, impossible, usual_phases
from tests.commune import Commune
from tests.sample import NOW

OPENS, CLOSES = date(2026, 9, 1), date(2026, 11, 15)
USUAL = Phases(date(2026, 1, 1), date(2026, 11, 20), date(2026, 11, 25), date(2026, 11, 30), date(2026, 12, 1), 7)


async def rounds_of(commune: Commune) -> tuple[Round, ...]:
    async with commune.database.reading() as connection:
        return (await read_reference(connection)).reference.rounds


async def plan(commune: Commune, phases: dict[str, date | int]) -> None:
    await open_round(
        commune.database, year=2026, name="Đợt", unit_code="tk", opens=OPENS, closes=CLOSES, phases=phases, now=NOW
    )


def test_a_round_has_the_usual_days_until_others_are_set() -> None:
    assert planned(2026, OPENS, CLOSES, {}) == USUAL
    early = planned(2026, OPENS, CLOSES, {"branch": CLOSES, "return_days": 3})
    assert (early.branch, early.return_days, early.commune) == (CLOSES, 3, USUAL.commune)


@given(st.dates(date(2020, 1, 1), date(2099, 1, 1)), st.integers(0, 300))
def test_the_usual_days_are_always_in_order(opens: date, length: int) -> None:
    closes = opens + timedelta(days=length)
    assert impossible(opens, closes, usual_phases(closes.year, opens, closes)) is None


@pytest.mark.parametrize(
    ("year", "opens", "closes", "phases", "why"),
    [
        (20266, OPENS, CLOSES, {}, "the year 20266 is not one from 2020 to 2100; correct it"),
        (2028, OPENS, CLOSES, {}, "the day 2026-09-01 is far from the year 2028; correct one of them"),
        (2026, CLOSES, OPENS, {}, "closes on 2026-09-01 comes before opens on 2026-11-15; put them in order"),
        (2026, OPENS, CLOSES, {"branch": OPENS}, "branch on 2026-09-01 comes before closes on 2026-11-15"),
        (
            2026,
            OPENS,
            CLOSES,
            {"report": date(2026, 11, 1)},
            "report on 2026-11-01 comes before decision",
        ),
        (2026, OPENS, CLOSES, {"registration": CLOSES}, "opens on 2026-09-01 comes before registration on 2026-11-15"),
        (
            2026,
            OPENS,
            CLOSES,
            {"decision": date(2062, 1, 1)},
            "the day 2062-01-01 is far from the year 2026; correct one of them",
        ),
        (2026, OPENS, CLOSES, {"return_days": -1}, "return-days is -1; give 0 to 60"),
    ],
)
async def test_days_that_cannot_be_are_refused_in_one_line(
    commune: Commune, year: int, opens: date, closes: date, phases: dict[str, date | int], why: str
) -> None:
    before = await rounds_of(commune)
    with pytest.raises(RoundRefused) as refused:
        await open_round(
            commune.database, year=year, name="Đợt", unit_code="tk", opens=opens, closes=closes, phases=phases, now=NOW
        )
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert await rounds_of(commune) == before


async def test_the_days_of_a_round_are_kept_and_changed(commune: Commune) -> None:
    assert [round_.phases for round_ in await rounds_of(commune)] == [USUAL]
    phases: dict[str, date | int] = {"report": date(2026, 12, 15), "return_days": 10}
    await plan(commune, phases)
    (changed,) = await rounds_of(commune)
    assert changed.phases == planned(2026, OPENS, CLOSES, phases) != USUAL
    await plan(commune, {})
    assert [round_.phases for round_ in await rounds_of(commune)] == [USUAL]
