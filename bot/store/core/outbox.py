"""The outbox: what is to be sent, written with the turn that says it, and forgotten once it is settled."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    func,
    insert,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.core import contacts, phones
from bot.store.core.bulk import execute_many
from bot.store.core.lists import is_among
from bot.store.core.tables import (
    NAMES_PEOPLE,
    OPEN_LETTERS,
    WAITING_FOR_PAGES,
    conversation_people,
    conversations,
    mutes,
    notices,
    outbox,
    people,
    roles,
)
from flows.conversation.events import HeadsAddress
from flows.conversation.facts import Sharer
from flows.conversation.messages import Outgoing
from flows.domain.assessments import BRANCH
from flows.domain.unit_tree import UnitTree
from flows.notices.notice import MutedKind

REPLY = 0
NOTICE = 1
# So long a letter waits for the next word of somebody to whom their channel takes nothing now.
WAITS_FOR_A_WORD = timedelta(days=30)
ADDRESSES_AT_ONCE = 500
MOST_READ = 200  # letters that a reader gets at once; the next come when these are settled

OutboxState = Literal["queued", "sending", "sent", "failed", "blocked", "uncertain", "outside"]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Outgoing)


class Recipient(Struct, frozen=True):
    """Where to reach somebody, and in which language; `reader` is who that is where several people share the phone."""

    conversation_id: int
    channel: str
    bot: str
    address: str
    language: str | None
    reader: Sharer | None = None


class Letter(Struct, frozen=True):
    """A message on its way to one conversation. `callback` is a button press it answers as well; `about` are the
    people it names, `kind` is what its reader can turn off."""

    to: Recipient
    outgoing: Outgoing | None
    callback: str | None = None
    priority: int = REPLY
    about: frozenset[int] = frozenset()
    kind: MutedKind | None = None


class DueLetter(Struct, frozen=True):
    """A letter to be sent now. `attempts` counts this one. One of a notice has no `outgoing` yet: it is worded when
    it is sent, in `language`, for those `readers` whom it concerns where several share the phone. `standing` is the
    message of its topic that stands in the chat already. One that only another version can read is `unreadable`."""

    id: int
    conversation_id: int
    address: str
    outgoing: Outgoing | None
    callback: str | None
    attempts: int
    created_at: datetime
    priority: int = REPLY
    notice_id: int | None = None
    language: str | None = None
    standing: str | None = None
    unreadable: bool = False
    readers: tuple[Sharer, ...] = ()


class SettledLetter(Struct, frozen=True):
    """What became of a letter: a state to keep, or `queued` again from `due` on."""

    id: int
    state: OutboxState
    error: str | None = None
    due: datetime | None = None


_add = insert(outbox)


async def queue(connection: AsyncConnection, letters: Iterable[Letter], now: datetime) -> None:
    """Write letters into the outbox."""
    rows = [
        {
            "conversation_id": letter.to.conversation_id,
            "channel": letter.to.channel,
            "bot": letter.to.bot,
            "address": letter.to.address,
            "priority": letter.priority,
            "body": _encoder.encode(letter.outgoing) if letter.outgoing is not None else None,
            "about": _written(letter.about),
            "kind": letter.kind,
            "callback": letter.callback,
            "state": "queued",
            "created_at": now,
        }
        for letter in letters
    ]
    await execute_many(connection, _add, rows)


def _written(people: Collection[int]) -> str | None:
    """Write people so that each is found between two commas."""
    return f",{','.join(map(str, sorted(people)))}," if people else None


_OF_CONVERSATIONS = (
    conversations.c.id,
    conversations.c.channel,
    conversations.c.bot,
    conversations.c.address,
    conversations.c.language,
)


async def reach_people(connection: AsyncConnection, person_ids: Collection[int]) -> dict[int, list[Recipient]]:
    """Return where people can be written to."""
    if not person_ids:
        return {}
    rows = await connection.execute(_REACH, {"readers": sorted(person_ids)})
    found: dict[int, list[Recipient]] = {person_id: [] for person_id in person_ids}
    for row in rows:
        found[row.reader_id].append(recipient_in(row))
    return found


_readers = phones.readers_among("readers")
_REACH = (
    select(*_readers.c, *_OF_CONVERSATIONS)
    .join(conversations, conversations.c.id == _readers.c.chat_id)
    .where(conversations.c.blocked_at.is_(None))
    .order_by(conversations.c.id)
)


def recipient_in(row: Row[*tuple[Any, ...]]) -> Recipient:
    """Return where somebody is reached, by the columns of a chat and of `readers_among`."""
    return Recipient(row.id, row.channel, row.bot, row.address, row.language, phones.reader_in(row))


async def recipient_of(
    connection: AsyncConnection, conversation_id: int, person_id: int | None = None
) -> Recipient | None:
    """Return where a conversation can be written to, for one of its people where several share it; None when it is
    closed to us."""
    shares = and_(
        conversation_people.c.conversation_id == conversations.c.id, conversation_people.c.person_id == person_id
    )
    row = (
        await connection.execute(
            select(
                *_OF_CONVERSATIONS,
                people.c.id.label("reader_id"),
                people.c.name.label("reader_name"),
                people.c.birth_year.label("reader_born"),
            )
            .select_from(conversations)
            .outerjoin(conversation_people, shares)
            .outerjoin(people, people.c.id == conversation_people.c.person_id)
            .where(
                conversations.c.id == conversation_id,
                conversations.c.blocked_at.is_(None),
                conversations.c.erased_at.is_(None),
            )
        )
    ).first()
    return recipient_in(row) if row is not None else None


async def languages_of(
    connection: AsyncConnection, channel: str, bot: str, addresses: Collection[str]
) -> dict[str, str | None]:
    """Return the languages that were chosen in conversations, by address."""
    wanted = {"of_channel": channel, "of_bot": bot, "addresses": sorted(set(addresses))}
    rows = await connection.execute(_LANGUAGES, wanted)
    return {row.address: row.language for row in rows}


_LANGUAGES = select(conversations.c.address, conversations.c.language).where(
    conversations.c.channel == bindparam("of_channel"),
    conversations.c.bot == bindparam("of_bot"),
    conversations.c.address.in_(bindparam("addresses", expanding=True)),
)


async def count_open(connection: AsyncConnection, to: Recipient) -> int:
    """Return how many letters wait for a conversation."""
    at = (outbox.c.channel == to.channel, outbox.c.bot == to.bot, outbox.c.address == to.address)
    return await connection.scalar(select(func.count()).select_from(outbox).where(*at, text(OPEN_LETTERS))) or 0


async def heads_of(
    connection: AsyncConnection, addresses: Collection[HeadsAddress], units: UnitTree, today: date
) -> dict[HeadsAddress, list[int]]:
    """Return who confirms: the heads of the unit who are there and not concerned, or else its deputies, or those of the
    nearest unit above. Where all heads are away and there is no deputy, the heads hear of it when they are back.
    """
    if not addresses:
        return {}
    above = {to: [unit.id for unit in units.upwards(to.unit_id)] for to in addresses}
    rows = await connection.execute(
        select(roles.c.unit_id, roles.c.person_id, roles.c.role, roles.c.away_until, people.c.household_id)
        .join(people, people.c.id == roles.c.person_id)
        .where(
            roles.c.role.in_(BRANCH),
            roles.c.unit_id.in_(sorted(set().union(*above.values()))),
            or_(roles.c.until.is_(None), roles.c.until >= today),
        )
        .order_by(roles.c.id)
    )
    present: dict[tuple[int, str], list[int]] = {}
    away: dict[int, list[int]] = {}
    homes: dict[int, int] = {}
    for row in rows:
        homes[row.person_id] = row.household_id or 0
        if row.away_until is not None and row.away_until >= today:
            away.setdefault(row.unit_id, []).append(row.person_id)
        else:
            present.setdefault((row.unit_id, row.role), []).append(row.person_id)
    confirming: dict[HeadsAddress, list[int]] = {}
    for to, path in above.items():
        deciding = [present.get((id_, role), []) for id_ in path for role in BRANCH]
        choices = (_others(people, to, homes) for people in (*deciding, *(away.get(id_, []) for id_ in path)))
        confirming[to] = next(filter(None, choices), [])
    return confirming


def _others(person_ids: list[int], to: HeadsAddress, homes: Mapping[int, int]) -> list[int]:
    """Return those whom what they are to confirm does not concern."""
    return [
        person_id
        for person_id in person_ids
        if person_id not in (to.owner_id, to.helper_id) and not 0 != homes[person_id] == to.household_id
    ]


_OPEN = text(OPEN_LETTERS)
_IS_OPEN = text("outbox.state IN ('queued', 'sending')")
_NEWS = ("state", "error", "due", "settled_at")
_settle = (
    update(outbox)
    .where(outbox.c.id == bindparam("_id"), _IS_OPEN)
    .values({"attempts": outbox.c.attempts + 1, **{name: bindparam(name) for name in _NEWS}})
)
# What will not be sent again is forgotten: only that it was sent stays, and in which conversation.
_FORGOTTEN = {"body": None, "about": None, "callback": None, "address": ""}
_settle_sent = (
    update(outbox)
    .where(is_among(outbox.c.id, "ids"), _IS_OPEN)
    .values(state="sent", attempts=outbox.c.attempts + 1, error=None, settled_at=bindparam("at"), **_FORGOTTEN)
)
_forget = update(outbox).where(is_among(outbox.c.id, "ids")).values(_FORGOTTEN)


def _wanted_by(person_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that somebody has not turned off what a letter is."""
    off = select(mutes.c.person_id).where(mutes.c.person_id == person_id, mutes.c.kind == outbox.c.kind)
    return ~off.correlate_except(mutes).exists()


# Of several who share a phone each may want it.
_chat_wants_it = or_(
    select(conversations.c.id)
    .where(conversations.c.id == outbox.c.conversation_id, _wanted_by(conversations.c.person_id))
    .correlate_except(conversations)
    .exists(),
    select(conversation_people.c.person_id)
    .where(conversation_people.c.conversation_id == outbox.c.conversation_id)
    .where(_wanted_by(conversation_people.c.person_id))
    .correlate_except(conversation_people)
    .exists(),
)
_is_turned_off = (outbox.c.kind.is_not(None), ~_chat_wants_it)
_MUTED: dict[str, Any] = {"state": "muted", "settled_at": bindparam("at"), **_FORGOTTEN}
# Who turned notices or reminders off while theirs was tried is not tried again.
_leave_out = (
    update(outbox)
    .where(
        is_among(outbox.c.id, "ids"),
        outbox.c.state == "queued",
        or_(
            and_(outbox.c.notice_id.is_not(None), ~contacts.still_open(outbox.c.conversation_id)),
            and_(*_is_turned_off),
        ),
    )
    .values(_MUTED)
)

_of_bot = (outbox.c.channel == bindparam("_channel")) & (outbox.c.bot == bindparam("_bot"))
_is_due = or_(outbox.c.due.is_(None), outbox.c.due <= bindparam("now"))
_first_of_each = (
    select(func.min(outbox.c.id)).where(_of_bot, outbox.c.priority == REPLY, _OPEN).group_by(outbox.c.conversation_id)
)
_next_reminders = (
    select(outbox.c.id)
    .where(_of_bot, outbox.c.priority == NOTICE, _OPEN, outbox.c.state == "queued", _is_due)
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
# A reminder may have been queued at the very moment at which its reader turned it off.
_mute_next = update(outbox).where(outbox.c.id.in_(_next_reminders), *_is_turned_off).values(_MUTED)
_sending = select(notices.c.id).where(notices.c.state == "sending").order_by(notices.c.id)
_if_sending = select(notices.c.id).where(notices.c.id == bindparam("notice"), notices.c.state == "sending")
_next_of_notice = (
    select(outbox.c.id)
    .where(outbox.c.notice_id == _if_sending.scalar_subquery(), outbox.c.state == "queued", _of_bot, _is_due)
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_language = select(conversations.c.language).where(conversations.c.id == outbox.c.conversation_id).scalar_subquery()
_TAKEN = (
    outbox.c.id,
    outbox.c.conversation_id,
    outbox.c.address,
    outbox.c.priority,
    outbox.c.body,
    outbox.c.callback,
    outbox.c.attempts,
    outbox.c.created_at,
    outbox.c.notice_id,
    outbox.c.about,
)
# What was “sending” for a version that marked replies too is open like the rest.
_next_replies = (
    select(*_TAKEN).where(outbox.c.id.in_(_first_of_each), _is_due).order_by(outbox.c.id).limit(bindparam("most"))
)


def _taking(chosen: Select[tuple[int]]) -> ReturningUpdate[Any]:
    return (
        update(outbox)
        .where(outbox.c.id.in_(chosen.with_for_update(skip_locked=True)))
        .values(state="sending")
        .returning(*_TAKEN, _language.label("language"))
    )


_take_reminders, _take_of_notice = map(_taking, (_next_reminders, _next_of_notice))


async def next_replies(
    connection: AsyncConnection, channel: str, bot: str, but: Collection[int], most: int, now: datetime
) -> list[DueLetter]:
    """Return the next replies of one bot, at most one a conversation, without those that are on their way.

    Only who sends them knows of these: when it dies they are sent again, so nothing needs to be written first.
    """
    wanted = {"_channel": channel, "_bot": bot, "most": most + len(but), "now": now}
    rows = await connection.execute(_next_replies, wanted)
    return [_due(row) for row in rows if row.id not in but][:most]


async def language_of(connection: AsyncConnection, conversation_id: int) -> str | None:
    """Return the language of a conversation, None when none was chosen yet."""
    found = select(conversations.c.language).where(conversations.c.id == conversation_id)
    language: str | None = await connection.scalar(found)
    return language


# A notice whose recipients are next, or reminders, which belong to none.
Source = int | None


async def sources(connection: AsyncConnection, channel: str, bot: str, now: datetime) -> list[Source]:
    """Return what there is to take besides replies: reminders if one is due, then the notices that are being sent."""
    of_bot = {"_channel": channel, "_bot": bot, "now": now}
    reminder = await connection.scalar(_next_reminders, {**of_bot, "most": 1})
    reminders: list[Source] = [None] if reminder is not None else []
    return [*reminders, *await connection.scalars(_sending)]


async def take_notices(
    connection: AsyncConnection, channel: str, bot: str, of: Sequence[Source], most: int, now: datetime
) -> list[DueLetter]:
    """Take what is next of some sources, and mark it as on the way."""
    wanted = {"_channel": channel, "_bot": bot, "now": now}
    taken: list[DueLetter] = []
    for source in of:
        if not (room := most - len(taken)):
            break
        if source is None:
            await connection.execute(_mute_next, {**wanted, "most": room, "at": now})
            rows = await connection.execute(_take_reminders, {**wanted, "most": room})
        else:
            rows = await connection.execute(_take_of_notice, {**wanted, "most": room, "notice": source})
        taken += await _with_readers(connection, sorted(rows, key=lambda row: row.id))
    return taken


def _due(row: Row[*tuple[Any, ...]]) -> DueLetter:
    outgoing = _read(row)
    return DueLetter(
        row.id,
        row.conversation_id,
        row.address,
        outgoing,
        row.callback,
        row.attempts + 1,
        row.created_at,
        row.priority,
        row.notice_id,
        getattr(row, "language", None),
        unreadable=outgoing is None and row.body is not None,
    )


async def _with_readers(connection: AsyncConnection, rows: Iterable[Row[*tuple[Any, ...]]]) -> list[DueLetter]:
    """Return letters, those of notices with whom of a shared phone they concern. Where nobody shares one, nothing is
    asked."""
    found = [(_due(row), _about(row)) for row in rows]
    if wanted := set[int]().union(*(about for _letter, about in found)):
        known = await phones.sharers(connection, wanted)
        found = [
            (replace(letter, readers=tuple(known[id_] for id_ in about if id_ in known)), about)
            for letter, about in found
        ]
    return [letter for letter, _about in found]


def _about(row: Row[*tuple[Any, ...]]) -> list[int]:
    """Return whom of a shared phone a notice concerns; other letters have their words already."""
    return [int(id_) for id_ in row.about.split(",") if id_] if row.notice_id is not None and row.about else []


def _read(row: Row[*tuple[Any, ...]]) -> Outgoing | None:
    if row.body is None:
        return None
    try:
        return _decoder.decode(row.body)
    except msgspec.DecodeError:
        return None


async def settle(connection: AsyncConnection, settled: Sequence[SettledLetter], now: datetime) -> None:
    """Note what became of letters. A state only moves forward: what is settled stays so."""
    if sent := [one.id for one in settled if one.state == "sent"]:
        await execute_many(connection, _settle_sent, [{"ids": sent, "at": now}])
    others = [one for one in settled if one.state != "sent"]
    await execute_many(connection, _settle, [_settled_row(one, now) for one in others])
    if over := [one.id for one in others if one.state != "queued"]:
        await execute_many(connection, _forget, [{"ids": over}])
    if again := [one.id for one in others if one.state == "queued"]:
        await execute_many(connection, _leave_out, [{"ids": again, "at": now}])


def _settled_row(one: SettledLetter, now: datetime) -> dict[str, Any]:
    settled_at = None if one.state == "queued" else now
    return {"_id": one.id, "state": one.state, "error": one.error, "due": one.due, "settled_at": settled_at}


async def settle_in_flight(
    connection: AsyncConnection, channel: str, bot: str, now: datetime, but: Collection[int] = ()
) -> None:
    """Settle the notices that were being sent and that nobody sends any more, so not those of `but`. Nobody knows
    what became of them, and twice would be worse than never."""
    lost = (outbox.c.channel == channel, outbox.c.bot == bot, outbox.c.state == "sending", outbox.c.id.not_in(but))
    uncertain = {"state": "uncertain", "settled_at": now, **_FORGOTTEN}
    await connection.execute(update(outbox).where(*lost, outbox.c.priority == NOTICE, _OPEN).values(uncertain))
    under_way = select(notices.c.id).where(notices.c.started_at.is_not(None), notices.c.ended_at.is_(None))
    await connection.execute(update(outbox).where(*lost, outbox.c.notice_id.in_(under_way)).values(uncertain))


async def mark_blocked(connection: AsyncConnection, conversation_id: int, now: datetime) -> None:
    """Stop writing to a conversation until it writes again: what still waits for it is settled."""
    await connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(blocked_at=now))
    await connection.execute(
        update(outbox)
        .where(outbox.c.conversation_id == conversation_id, _OPEN, outbox.c.state == "queued")
        .values(state="blocked", settled_at=now, **_FORGOTTEN)
    )
    under_way = select(notices.c.id).where(notices.c.started_at.is_not(None), notices.c.ended_at.is_(None))
    await connection.execute(
        update(outbox)
        .where(
            outbox.c.notice_id.in_(under_way),
            outbox.c.conversation_id == conversation_id,
            outbox.c.state == "queued",
        )
        .values(state="blocked", settled_at=now, **_FORGOTTEN)
    )
    await contacts.refresh_conversation(connection, conversation_id)


async def heard_since(connection: AsyncConnection, since: Mapping[int, datetime]) -> list[int]:
    """Return which conversations were heard since a time of their own. No turn of theirs is under way any more, and
    none begins until the transaction ends."""
    if not since:
        return []
    theirs = select(conversations.c.id, conversations.c.heard_at).where(conversations.c.id.in_(sorted(since)))
    rows = await connection.execute(theirs.order_by(conversations.c.id).with_for_update())
    return [row.id for row in rows if row.heard_at is not None and row.heard_at >= since[row.id]]


async def let_go(connection: AsyncConnection, conversation_ids: Collection[int]) -> None:
    """Let letters go at once that waited for the next word of whoever has written now."""
    theirs = _open_at(conversations.c.id.in_(sorted(conversation_ids)))
    waits = (_OPEN, outbox.c.state == "queued", outbox.c.due.is_not(None))
    await connection.execute(update(outbox).where(outbox.c.id.in_(theirs), *waits).values(due=None))


async def drop_letters(connection: AsyncConnection, conversation_ids: Collection[int], now: datetime) -> None:
    """Send conversations nothing of what waits for them, for who spoke there is erased."""
    theirs = _open_at(conversations.c.id.in_(sorted(conversation_ids)))
    await connection.execute(update(outbox).where(outbox.c.id.in_(theirs), _OPEN).values(_dropped(now)))


def _open_at(chats: ColumnElement[bool]) -> Select[tuple[int]]:
    """Select the open letters of chats: by their addresses, which have an index of what is open."""
    same_chat = [outbox.c[name] == conversations.c[name] for name in ("channel", "bot", "address")]
    return select(outbox.c.id).join(conversations, and_(*same_chat)).where(chats, _OPEN)


async def drop_mentions(connection: AsyncConnection, person_id: int, now: datetime) -> None:
    """Send nobody what still waits and names somebody who is erased. A press that it answers is answered without
    words."""
    names_them = (_OPEN, text(NAMES_PEOPLE), outbox.c.about.contains(f",{person_id},", autoescape=True))
    await connection.execute(
        update(outbox).where(*names_them, outbox.c.callback.is_not(None)).values(body=None, about=None)
    )
    await connection.execute(update(outbox).where(*names_them, outbox.c.callback.is_(None)).values(_dropped(now)))


async def drop_muted(connection: AsyncConnection, person_id: int, kind: MutedKind, now: datetime) -> None:
    """Send somebody nothing of a kind that they have turned off and that still waits."""
    waiting = _open_at(conversations.c.id.in_(phones.chats_of(person_id)))
    await connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(waiting), _OPEN, outbox.c.state == "queued", outbox.c.kind == kind, *_is_turned_off)
        .values(_MUTED),
        {"at": now},
    )


def _dropped(now: datetime) -> dict[str, Any]:
    return {"state": "failed", "error": "erased", "settled_at": now, **_FORGOTTEN}


# A notice that waits in a chat whose page fetches it, and may be read: it is neither paused nor stopped.
_WAITS_FOR_PAGE = text(WAITING_FOR_PAGES)
_may_be_read = (_WAITS_FOR_PAGE, notices.c.state.in_(("sending", "done")))


async def read_new(
    connection: AsyncConnection, channel: str, bot: str, address: str, after: int = 0
) -> list[DueLetter]:
    """Return a conversation's first open letters after an id, for a channel whose readers fetch them. Those of notices
    are not worded yet."""
    rows = await connection.execute(_READ_NEW, {**_at(channel, bot, address), "after": after})
    return await _with_readers(connection, rows)


async def open_among(
    connection: AsyncConnection, channel: str, bot: str, address: str, ids: Collection[int]
) -> list[int]:
    """Return which letters of a conversation are still open."""
    return list(await connection.scalars(_OPEN_AMONG, {**_at(channel, bot, address), "ids": sorted(ids)}))


async def settle_read(
    connection: AsyncConnection, channel: str, bot: str, address: str, ids: Collection[int], now: datetime
) -> None:
    """Settle what a reader has seen: these letters and no others, for one with a smaller id may be committed later."""
    await connection.execute(_SETTLE_READ, {**_at(channel, bot, address), "ids": sorted(ids), "at": now})


def _at(channel: str, bot: str, address: str) -> dict[str, Any]:
    return {"of_channel": channel, "of_bot": bot, "of_address": address}


def _is_at(table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(f"of_{name}") for name in ("channel", "bot", "address")]


# Made once: thousands of pages ask for what is new.
_NEW_LETTERS = select(*_TAKEN, null().label("language")).where(
    *_is_at(outbox), outbox.c.id > bindparam("after"), _OPEN, outbox.c.state == "queued"
)
_NEW_NOTICES = (
    select(*_TAKEN, conversations.c.language)
    .join(conversations, conversations.c.id == outbox.c.conversation_id)
    .join(notices, notices.c.id == outbox.c.notice_id)
    .where(*_is_at(conversations), outbox.c.id > bindparam("after"), *_may_be_read)
)
_NEW = union_all(_NEW_LETTERS, _NEW_NOTICES).subquery()
_READ_NEW = select(_NEW).order_by(_NEW.c.id).limit(MOST_READ)
_UNREAD = (
    *_is_at(outbox),
    outbox.c.id.in_(bindparam("ids", expanding=True)),
    or_(and_(_OPEN, outbox.c.state == "queued"), _WAITS_FOR_PAGE),
)
_OPEN_AMONG = select(outbox.c.id).where(*_UNREAD)
_SEEN: dict[str, Any] = {"state": "sent", "settled_at": bindparam("at"), "due": None, **_FORGOTTEN}
_SETTLE_READ = update(outbox).where(*_UNREAD).values(_SEEN)


async def waiting_at(
    connection: AsyncConnection, channel: str, bot: str, addresses: Collection[str]
) -> AsyncIterator[str]:
    """Yield the addresses that open letters wait at, for a channel whose readers fetch them."""
    ordered = sorted(addresses)
    for first in range(0, len(ordered), ADDRESSES_AT_ONCE):
        found = await connection.scalars(
            select(outbox.c.address)
            .where(
                outbox.c.channel == channel,
                outbox.c.bot == bot,
                outbox.c.address.in_(ordered[first : first + ADDRESSES_AT_ONCE]),
                _OPEN,
                outbox.c.state == "queued",
            )
            .distinct()
        )
        for address in found:
            yield address
        of_notices = (
            select(conversations.c.address)
            .join(outbox, outbox.c.conversation_id == conversations.c.id)
            .join(notices, notices.c.id == outbox.c.notice_id)
            .where(
                conversations.c.channel == channel,
                conversations.c.bot == bot,
                conversations.c.address.in_(ordered[first : first + ADDRESSES_AT_ONCE]),
                *_may_be_read,
            )
        )
        for address in await connection.scalars(of_notices.distinct()):
            yield address
