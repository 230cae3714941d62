"""Phones that several people share: which chats are somebody's, whose a chat is, and who is spoken for there now."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Subquery,
    and_,
    bindparam,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import upserts
from bot.store.core.bulk import execute_many
from bot.store.core.decided import Decided
from bot.store.core.lists import is_among
from bot.store.core.tables import consents, contacts, conversation_people, conversations, people
from flows.conversation.facts import Sharer
from flows.conversation.session import Session

_encoder = msgspec.json.Encoder()
_own_chats = conversations.alias("own_chats")


def chats_of(person_id: ColumnElement[int] | int) -> CompoundSelect[Any]:
    """Select the chats of a person: where they are spoken for now, and phones they share. One may come twice."""
    return union_all(
        select(_own_chats.c.id.label("chat_id"))
        .where(_own_chats.c.person_id == person_id)
        .correlate_except(_own_chats),
        select(conversation_people.c.conversation_id)
        .where(conversation_people.c.person_id == person_id)
        .correlate_except(conversation_people),
    )


def people_of(conversation_id: ColumnElement[int]) -> CompoundSelect[Any]:
    """Select the people of a chat. One may come twice."""
    return union_all(
        select(_own_chats.c.person_id.label("reader_id"))
        .where(_own_chats.c.id == conversation_id)
        .correlate_except(_own_chats),
        select(conversation_people.c.person_id)
        .where(conversation_people.c.conversation_id == conversation_id)
        .correlate_except(conversation_people),
    )


def readers_among(name: str) -> Subquery:
    """Select where the people in the list given by that name are written to, each in one chat: `reader_id`, `chat_id`,
    and on phones that several share the `reader_name` and `reader_born`, by which they are told from each other
    there."""
    is_shared = and_(
        conversation_people.c.conversation_id == contacts.c.conversation_id,
        conversation_people.c.person_id == contacts.c.person_id,
    )
    return (
        select(
            contacts.c.person_id.label("reader_id"),
            contacts.c.conversation_id.label("chat_id"),
            people.c.name.label("reader_name"),
            people.c.birth_year.label("reader_born"),
        )
        .outerjoin(conversation_people, is_shared)
        .outerjoin(people, people.c.id == conversation_people.c.person_id)
        .where(is_among(contacts.c.person_id, name), contacts.c.conversation_id.is_not(None))
        .subquery("readers")
    )


async def sharers(connection: AsyncConnection, person_ids: Collection[int]) -> dict[int, Sharer]:
    """Return people as they are called on the phones they share."""
    rows = await connection.execute(_SHARERS, {"ids": sorted(person_ids)})
    return {row.id: Sharer(row.id, row.name, row.birth_year) for row in rows}


_SHARERS = select(people.c.id, people.c.name, people.c.birth_year).where(is_among(people.c.id, "ids"))


def reader_in(row: Row[*tuple[Any, ...]]) -> Sharer | None:
    """Return for whom of a shared phone something is, by the columns of `readers_among`; None where it is not one."""
    return Sharer(row.reader_id, row.reader_name, row.reader_born) if row.reader_name is not None else None


def concerns_others(owner: ColumnElement[int], person_id: int) -> ColumnElement[bool]:
    """Say that something of an owner's is somebody else's: not one's own, nor that of whom one fills in for or shares a
    phone with. Nobody decides on these."""
    here, there = conversation_people.alias("here"), conversation_people.alias("there")
    helped = select(people.c.id).where(people.c.helper_id == person_id)
    beside = (
        select(there.c.person_id)
        .join(here, here.c.conversation_id == there.c.conversation_id)
        .where(here.c.person_id == person_id)
    )
    return and_(owner != person_id, owner.not_in(helped.correlate(None)), owner.not_in(beside.correlate(None)))


def lives_with(owner: ColumnElement[int], person_id: int) -> ColumnElement[bool]:
    """Say that an owner lives in one household with somebody, who decides on nothing of theirs."""
    one, other = people.alias("one"), people.alias("other")
    together = (
        select(other.c.id)
        .join(one, one.c.household_id == other.c.household_id)
        .where(one.c.id == person_id, other.c.id != person_id)
    )
    return owner.in_(together.correlate(None))


_IS_THEIRS = (
    update(consents)
    .where(consents.c.conversation_id == bindparam("chat"), consents.c.person_id.is_(None))
    .where(consents.c.withdrawn_at.is_(None))
    .values(person_id=bindparam("reader"))
)


async def note_whose_consent(connection: AsyncConnection, chats: Sequence[tuple[int, int | None]]) -> None:
    """Note, before a chat is no longer that of one person, whose consent was given there until now."""
    await execute_many(connection, _IS_THEIRS, [{"chat": chat, "reader": reader} for chat, reader in chats])


async def turn(connection: AsyncConnection, batch: Sequence[Decided]) -> None:
    """Keep where those had come to who are no longer spoken for, and who shares a phone from now on."""
    turned = [one for one in batch if one.decision.parked and one.person_id is not None]
    if not turned:
        return
    rows: list[dict[str, Any]] = []
    alone: list[tuple[int, int | None]] = []
    for one in turned:
        chat, known = one.turn.conversation.id, one.turn.conversation.people
        parked = _encoder.encode(Session(one.decision.parked))
        rows.append({"conversation_id": chat, "person_id": one.person_id, "place": 0, "session": parked})
        place = max(1, len(known))
        rows.append({"conversation_id": chat, "person_id": one.next_id, "place": place, "session": None})
        if not known:
            alone.append((chat, one.person_id))
    await note_whose_consent(connection, alone)
    await execute_many(connection, upserts.insert_or_replace(connection, conversation_people, ("session",)), rows)
