"""People of every role do whatever comes to mind; nothing comes about that may not be. Longer in `make soak`."""

from random import Random

import pytest

from bot.store.core.database import Database
from tests.commune import Commune
from tests.databases import BACKENDS, Backend, Databases
from tests.rights.walk import Walk, alive

SEED = 20261120


async def _walk(backend: Backend, databases: Databases, seed: int, steps: int) -> Walk:
    async with databases.fresh(backend, alive) as url:
        database = Database(url)
        walk = Walk(Commune(database), Random(seed))
        try:
            await walk.go(steps)
        finally:
            await database.close()
    return walk


@pytest.mark.parametrize(("backend", "steps"), [("sqlite", 150), ("postgresql", 60)])
async def test_whatever_people_do_nothing_comes_about_that_may_not_be(
    backend: Backend, steps: int, databases: Databases
) -> None:
    walk = await _walk(backend, databases, SEED, steps)
    assert walk.done.total() > steps / 12, walk.done


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(10))
async def test_however_long_they_go_on(backend: Backend, seed: int, databases: Databases) -> None:
    walk = await _walk(backend, databases, seed, 3000)
    print(f"\n{backend}, seed {seed}: {dict(walk.done.most_common())}")
