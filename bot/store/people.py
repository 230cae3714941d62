"""The people of a shared phone: one of them as they will be spoken for."""

from collections.abc import Sequence

from sqlalchemy import bindparam, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import forms
from bot.store.core.finding import Finder
from bot.store.core.gathering import person_in, read_session, roles_in, roles_of_person
from bot.store.core.reference import ReferenceRead
from bot.store.core.tables import conversation_people, joined_people, people
from flows.conversation.facts import Another, Found
from flows.conversation.session import HOME
from flows.people.needs import AnotherWanted

_OTHER = (
    select(
        people.c.id.label("person_id"),
        *[
            people.c[name]
            for name in ("name", "birth_year", "unit_id", "group", "representative", "helper_id", "helper", "publishes")
        ],
        case((joined_people.c.person_id.is_(None), conversation_people.c.session), else_=joined_people.c.session).label(
            "session"
        ),
        roles_of_person().label("roles"),
    )
    .join(people, people.c.id == conversation_people.c.person_id)
    .outerjoin(joined_people, joined_people.c.person_id == people.c.id)
    .where(conversation_people.c.conversation_id == bindparam("chat"), people.c.id == bindparam("wanted"))
)


def finder(need: AnotherWanted) -> Finder:
    """Return what looks up needs like this one."""
    return _find_others


async def _find_others(
    connection: AsyncConnection, needs: Sequence[AnotherWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        row = (await connection.execute(_OTHER, {"chat": need.conversation_id, "wanted": need.person_id})).first()
        found.put(need, None)
        if row is None:
            continue
        own = await forms.gather_own(connection, {need.person_id}, shared.by_pin)
        if (kept := own.get(need.person_id, ())) is None:  # only another version can read them
            found.drop(need)
            continue
        session, _cut = read_session(row.session) if row.session is not None else (None, False)
        frames, asked = (session.frames, session.asked) if session is not None else ((HOME,), 0)
        found.put(need, Another(person_in(row), roles_in(row.roles)[0], kept, frames, asked))
