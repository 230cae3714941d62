"""A hundred people take up one invitation at the same moment: one has the role, all are told."""

import asyncio

from sqlalchemy import select

from bot.services import invitations
from bot.store.core.tables import invitations as made
from bot.store.core.tables import roles, trail
from tests.commune import Commune, commune
from tests.sample import NOW

__all__ = ["commune"]

PEOPLE = [f"invited {number}" for number in range(100)]
UNTIL_ASKED = ("vi", "đồng ý", "Nguyễn Văn Bình")


async def test_of_a_hundred_who_take_up_one_invitation_at_once_one_has_the_role(commune: Commune) -> None:
    code, _expires = await invitations.invite(commune.database, "committee", "tk", NOW)
    for text in (f"/start {code}", *UNTIL_ASKED):
        await commune.together(*((name, text) for name in PEOPLE))
    await commune.deliver()
    await commune.turns.receive([commune.update(name, "có") for name in PEOPLE])
    instances = [commune.turns, commune.instance(), commune.instance()]
    while any(done.turns for done in await asyncio.gather(*(one.run_once() for one in instances))):
        pass
    assert await commune.count(roles, roles.c.role == "committee") == 1
    assert await commune.count(trail, trail.c.act == "take_on", trail.c.role == "committee") == 1
    assert await commune.count(made, made.c.role == "committee", made.c.used_at.is_not(None)) == 1
    said = [(await commune.texts(name))[-1] for name in PEOPLE]
    refused = [text for text in said if "Lời mời này đã có người dùng" in text]
    assert (len(said), len(refused)) == (100, 99), said
    assert await commune.column(select(roles.c.until).where(roles.c.role == "committee")) == [None]
