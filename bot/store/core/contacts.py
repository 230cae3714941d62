"""Contacts: one row a person, of where notices reach them and what their recipients are chosen by."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import get_args

from sqlalchemy import ColumnElement, Select, bindparam, case, delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import phones
from bot.store.core.scopes import FEW_UNITS, lies_in
from bot.store.core.tables import assessments, contacts, conversations, joined_people, mutes, people, roles
from flows.domain.channels import Window
from flows.domain.people import RoleKind
from flows.domain.units import Scope
from flows.notices.needs import AudienceWanted
from flows.notices.notice import Audience, Long, Reach, Reached

_CHUNK = 500
MANY_UNITS = 100
# Of several chats the one that was chosen, or else the one used last, as long as it takes messages. What else decides
# where somebody is written to, such as a channel's window, belongs here.
_best_chat = (
    select(conversations.c.id)
    .outerjoin(joined_people, joined_people.c.person_id == people.c.id)
    .where(conversations.c.id.in_(phones.chats_of(people.c.id)))
    .order_by(
        conversations.c.blocked_at.is_not(None),
        case((conversations.c.id == joined_people.c.letters_to, 0), else_=1),
        case((conversations.c.id == joined_people.c.conversation_id, 0), else_=1),
        conversations.c.id.desc(),
    )
    .limit(1)
    .correlate(people)
    .scalar_subquery()
)
_newest_form = (
    select(func.max(assessments.c.id)).where(assessments.c.person_id == people.c.id).correlate(people).scalar_subquery()
)
_has_muted_notices = (
    select(mutes.c.person_id).where(mutes.c.person_id == people.c.id, mutes.c.kind == "notices").correlate(people)
)
_as_they_stand = (
    select(
        people.c.id,
        people.c.unit_id,
        func.coalesce(people.c.group, ""),
        people.c.birth_year,
        conversations.c.id,
        func.coalesce(conversations.c.channel, ""),
        func.coalesce(conversations.c.language, ""),
        case(
            (conversations.c.id.is_(None), "nowhere"),
            (conversations.c.blocked_at.is_not(None), "blocked"),
            (_has_muted_notices.exists(), "muted"),
            else_="open",
        ),
        assessments.c.round_id,
        func.coalesce(assessments.c.state, "none"),
    )
    .select_from(people)
    .outerjoin(conversations, conversations.c.id == _best_chat)
    .outerjoin(assessments, assessments.c.id == _newest_form)
)

_LOCK_PEOPLE = (
    select(people.c.id)
    .where(people.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(people.c.id)
    .with_for_update(key_share=True)
)


def still_open(conversation_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Say that notices may still go to a conversation: it is not closed, and one of its people has not turned them
    off."""
    return (
        select(contacts.c.person_id)
        .select_from(contacts)
        .join(conversations, contacts.c.person_id.in_(phones.people_of(conversations.c.id)))
        .where(conversations.c.id == conversation_id, conversations.c.blocked_at.is_(None), contacts.c.reach == "open")
        .exists()
    )


async def refresh(connection: AsyncConnection, person_ids: Collection[int]) -> None:
    """Make the contacts of people anew, in the transaction that changed something about them.

    The people are locked first: of two who do this for somebody at once, the second sees what the first has changed.
    """
    ids = sorted(person_ids)
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        if connection.dialect.name != "sqlite":
            await connection.execute(_LOCK_PEOPLE, {"ids": some})
        await connection.execute(delete(contacts).where(contacts.c.person_id.in_(some)))
        await connection.execute(
            insert(contacts).from_select([*contacts.c.keys()], _as_they_stand.where(people.c.id.in_(some)))
        )


async def refresh_conversation(connection: AsyncConnection, conversation_id: int) -> None:
    """Make the contacts of the people of a conversation anew."""
    found = await connection.scalars(phones.people_of(literal(conversation_id)))
    await refresh(connection, {person_id for person_id in found if person_id is not None})


async def count(
    connection: AsyncConnection,
    wanted: AudienceWanted,
    rounds: Collection[int],
    year: int,
    windows: Mapping[str, Window] = {},
    now: datetime | None = None,
) -> Reached:
    """Count an audience: who can be reached, by channel, and who cannot, by reason; and whom channels that say so have
    not heard for long."""
    by_channel: Counter[str] = Counter()
    long: dict[str, Long] = {}
    unreachable: Counter[Reach] = Counter()
    for belongs in _belonging(wanted.audience, wanted.units):
        chosen = _chosen(belongs, wanted.audience, rounds, year).with_only_columns(
            contacts.c.reach, contacts.c.channel, func.count()
        )
        for reach, channel, number in await connection.execute(chosen.group_by(contacts.c.reach, contacts.c.channel)):
            if reach == "open":
                by_channel[channel] += number
            else:
                unreachable[reach] += number
        for channel, window in windows.items():
            if by_channel[channel] and now is not None:
                silent = _chosen(belongs, wanted.audience, rounds, year).where(contacts.c.channel == channel)
                found = await _long(connection, silent, window, now)
                long[channel] = found.plus(long.get(channel, Long()))
    return Reached(dict(sorted(by_channel.items())), dict(unreachable), long)


async def _long(connection: AsyncConnection, chosen: Select[tuple[int]], window: Window, now: datetime) -> Long:
    """Count those of an audience whom a channel has not heard for longer than is free, and longer than it allows."""
    heard = func.coalesce(conversations.c.heard_at, literal(now - window.open * 2, conversations.c.heard_at.type))
    outside, late = heard < now - window.open, heard < now - window.free
    counted = (
        chosen.join(conversations, conversations.c.id == contacts.c.conversation_id)
        .where(contacts.c.reach == "open", late)
        .with_only_columns(func.coalesce(func.sum(case((outside, 1), else_=0)), 0), func.count())
    )
    beyond, silent = (await connection.execute(counted)).one()
    return Long(beyond, silent - beyond, window.price, window.template_price)


def members(audience: Audience, units: Scope, rounds: Collection[int], year: int) -> Select[tuple[int]]:
    """Select the person ids of an audience, to be taken some at a time in their order.

    `rounds` are the present ones: a form of another round is none.
    """
    # With many units, going through all people in order is quicker.
    return _chosen(or_(*_belonging(audience, units, MANY_UNITS)), audience, rounds, year)


def _chosen(belongs: ColumnElement[bool], audience: Audience, rounds: Collection[int], year: int) -> Select[tuple[int]]:
    chosen = select(contacts.c.person_id).where(belongs)
    for column, wanted in (
        (contacts.c.group, audience.groups),
        (contacts.c.language, audience.languages),
        (contacts.c.channel, audience.channels),
    ):
        if wanted:
            chosen = chosen.where(column.in_(wanted))
    if audience.forms:
        form = case((contacts.c.round_id.in_(sorted(rounds)), contacts.c.form_state), else_=literal("none"))
        chosen = chosen.where(form.in_(audience.forms))
    if audience.youngest is not None:
        chosen = chosen.where(contacts.c.birth_year <= year - audience.youngest)
    if audience.oldest is not None:
        chosen = chosen.where(contacts.c.birth_year >= year - audience.oldest)
    return chosen


def _belonging(audience: Audience, units: Scope, few: int = FEW_UNITS) -> list[ColumnElement[bool]]:
    """Say who belongs to units, nobody twice: residents by where they live, others by where they hold their role."""
    wanted = audience.roles or ("resident", *get_args(RoleKind))
    kinds = [role for role in wanted if role != "resident"]
    lives_here = lies_in(contacts.c.unit_id, units, few)
    holders = select(roles.c.person_id).where(roles.c.role.in_(kinds), lies_in(roles.c.unit_id, units))
    holds_here = contacts.c.person_id.in_(holders)
    if "resident" not in wanted:
        return [holds_here]
    return [lives_here, holds_here & (contacts.c.unit_id.is_(None) | ~lives_here)] if kinds else [lives_here]
