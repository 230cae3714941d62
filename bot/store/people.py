"""The people of a shared phone: one of them as they will be spoken for."""

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import bindparam, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import forms
from bot.store.core.finding import Finder
from bot.store.core.gathering import read_session, whoever_speaks
from bot.store.core.reference import ReferenceRead
from bot.store.core.tables import conversation_people, joined_people, people
from flows.conversation.facts import Found
from flows.conversation.session import Session
from flows.people.needs import AnotherWanted

_OTHER = (
    select(
        *whoever_speaks(),
        case((joined_people.c.person_id.is_(None), conversation_people.c.session), else_=joined_people.c.session).label(
            "session"
        ),
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
        another = await forms.as_spoken_for(connection, row, shared)
        if another is None:
            found.drop(need)
            continue
        session = read_session(row.session)[0] if row.session is not None else Session()
        found.put(need, replace(another, frames=session.frames, asked=session.asked))
