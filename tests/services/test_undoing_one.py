"""A single decision: undone within the minute it has not happened, and nobody else undoes it."""

import pytest
from sqlalchemy import select

from bot.services.audit import verify
from bot.services.batches import BatchCarrier
from bot.store.core.tables import batch_items, trail
from tests.commune import Commune


async def decide(commune: Commune, name: str, verb: str) -> tuple[int, int]:
    """Let a head confirm or return Lan's form. Returns its id and the version that was decided on."""
    form = await commune.form("Lan")
    await commune.press(name, f"c:{verb}:{form.id}:{form.version}")
    if verb == "return":
        await commune.say(name, "Câu 2 chưa có giấy chứng nhận")
    return int(form.id), int(form.version)


async def carry(commune: Commune) -> None:
    carrier = BatchCarrier(commune.runtime)
    while await carrier.run_once():
        pass


@pytest.mark.parametrize(("verb", "state"), [("confirm", "confirmed"), ("return", "returned")])
async def test_undone_within_the_minute_all_is_as_before_and_nobody_is_told(
    commune: Commune, verb: str, state: str
) -> None:
    before, tallies = await commune.form("Lan"), await commune.tallies()
    form_id, version = await decide(commune, "Hạnh", verb)
    assert (await commune.form("Lan")).state == state
    await commune.press("Hạnh", f"c:undo_form:{form_id}:{version}")
    await carry(commune)
    await commune.undo_no_more()
    after = await commune.form("Lan")
    assert (after.state, after.submitted_at, after.reason, after.open_until) == (
        "submitted", before.submitted_at, "", None,
    )  # fmt: skip
    assert await commune.texts("Lan") == []
    assert await commune.tallies() == tallies == await commune.recount()
    acts = await commune.column(select(trail.c.act).where(trail.c.about == "form").order_by(trail.c.number))
    assert acts[-2:] == [verb, "undo"]
    await verify(commune.database)


async def test_nobody_undoes_what_another_head_did(commune: Commune) -> None:
    form_id, version = await decide(commune, "Hạnh", "confirm")
    await commune.press("Trường", f"c:undo_form:{form_id}:{version}")
    await commune.press("Trường", f"c:undo_form:{form_id}:{version + 1}")
    await commune.say("Trường", "hoàn tác")
    await carry(commune)
    assert (await commune.form("Lan")).state == "confirmed"


async def test_after_the_minute_it_stays_and_the_owner_is_told_once(commune: Commune) -> None:
    form_id, version = await decide(commune, "Hạnh", "return")
    await commune.undo_no_more()
    await commune.press("Hạnh", f"c:undo_form:{form_id}:{version}")
    await carry(commune)
    assert (await commune.form("Lan")).state == "returned"
    (told,) = await commune.texts("Lan")
    assert "Lý do: Câu 2 chưa có giấy chứng nhận" in told
    assert await commune.column(select(batch_items.c.outcome)) == ["told"]


async def test_of_two_decisions_the_button_undoes_its_own(commune: Commune) -> None:
    """Confirmed, undone and confirmed anew: the first button is of no use any more."""
    form_id, version = await decide(commune, "Hạnh", "confirm")
    await commune.press("Hạnh", f"c:undo_form:{form_id}:{version}")
    await carry(commune)
    await decide(commune, "Hạnh", "confirm")
    await commune.press("Hạnh", f"c:undo_form:{form_id}:{version}")
    await carry(commune)
    assert (await commune.form("Lan")).state == "confirmed"
