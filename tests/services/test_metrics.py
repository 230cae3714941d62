"""The figures that an operator sees at `/metrics`."""

from collections.abc import Mapping

from prometheus_client import REGISTRY

from bot.store.core import figures
from tests.commune import Commune
from tests.services.test_poison import an_answer_that_the_database_refuses

NAMES = ("hoctap_turns_total", "hoctap_turns_set_aside_total")


def _figures() -> Mapping[str, float]:
    return {name: REGISTRY.get_sample_value(name) or 0.0 for name in NAMES}


async def test_turns_are_counted(commune: Commune) -> None:
    before = _figures()
    await commune.together(("Lan", "/help"), ("Minh", "2"))
    after = _figures()
    assert [after[name] - before[name] for name in NAMES] == [2, 0]


async def test_what_is_set_aside_is_counted_once(commune: Commune) -> None:
    said = await an_answer_that_the_database_refuses(commune)
    before = _figures()
    await commune.together(("Lan", "/help"), ("Minh", said))
    after = _figures()
    assert [after[name] - before[name] for name in NAMES] == [1, 1]


async def test_what_waits_is_counted_without_notices(commune: Commune) -> None:
    await commune.turns.receive([commune.update("Lan", "/help"), commune.update("Minh", "2")])
    async with commune.database.reading() as connection:
        assert await figures.updates_waiting(connection) == 2
        assert await figures.letters_waiting(connection) == {}
    await commune.work()
    async with commune.database.reading() as connection:
        assert await figures.updates_waiting(connection) == 0
        assert await figures.letters_waiting(connection) == {"telegram": 2}
