"""The outbox: what is to be sent, written with the turn that says it, and forgotten once it is settled."""

import re
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Row, Select, bindparam, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store import contacts
from bot.store.blobs import contains
from bot.store.many import execute_many
from bot.store.tables import OPEN_LETTERS, conversations, notices, outbox, roles
from flows.events import HeadsAddress
from flows.messages import Outgoing, StoredFile
from flows.units import UnitTree

REPLY = 0
NOTICE = 1
ADDRESSES_AT_ONCE = 500
MOST_READ = 200  # letters that a reader gets at once; the next come when these are settled

OutboxState = Literal["queued", "sending", "sent", "failed", "blocked", "uncertain", "outside"]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Outgoing)


class Recipient(Struct, frozen=True):
    """Where to reach somebody, and in which language."""

    conversation_id: int
    channel: str
    bot: str
    address: str
    language: str | None


class Letter(Struct, frozen=True):
    """A message on its way to one conversation. `callback` is a button press it answers as well."""

    to: Recipient
    outgoing: Outgoing | None
    callback: str | None = None
    priority: int = REPLY


class Due(Struct, frozen=True):
    """A letter to be sent now. `attempts` counts this one. One of a notice has no `outgoing` yet: it is worded when
    it is sent, in `language`. `standing` is the message of its topic that stands in the chat already."""

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


class Settled(Struct, frozen=True):
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
            "callback": letter.callback,
            "state": "queued",
            "created_at": now,
        }
        for letter in letters
    ]
    await execute_many(connection, _add, rows)


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
    rows = await connection.execute(
        select(conversations.c.person_id, *_OF_CONVERSATIONS).where(
            conversations.c.person_id.in_(sorted(person_ids)), conversations.c.blocked_at.is_(None)
        )
    )
    found: dict[int, list[Recipient]] = {person_id: [] for person_id in person_ids}
    for row in rows:
        found[row.person_id].append(Recipient(row.id, row.channel, row.bot, row.address, row.language))
    return found


async def recipient_of(connection: AsyncConnection, conversation_id: int) -> Recipient | None:
    """Return where a conversation can be written to; None when it is closed to us."""
    row = (
        await connection.execute(
            select(*_OF_CONVERSATIONS).where(
                conversations.c.id == conversation_id,
                conversations.c.blocked_at.is_(None),
                conversations.c.erased_at.is_(None),
            )
        )
    ).first()
    return Recipient(row.id, row.channel, row.bot, row.address, row.language) if row is not None else None


async def languages_of(
    connection: AsyncConnection, channel: str, bot: str, addresses: Collection[str]
) -> dict[str, str | None]:
    """Return the languages that were chosen in conversations, by address."""
    rows = await connection.execute(
        select(conversations.c.address, conversations.c.language).where(
            conversations.c.channel == channel,
            conversations.c.bot == bot,
            conversations.c.address.in_(sorted(set(addresses))),
        )
    )
    return {row.address: row.language for row in rows}


async def count_open(connection: AsyncConnection, to: Recipient) -> int:
    """Return how many letters wait for a conversation."""
    at = (outbox.c.channel == to.channel, outbox.c.bot == to.bot, outbox.c.address == to.address)
    return await connection.scalar(select(func.count()).select_from(outbox).where(*at, text(OPEN_LETTERS))) or 0


async def heads_of(
    connection: AsyncConnection, addresses: Collection[HeadsAddress], units: UnitTree
) -> dict[HeadsAddress, list[int]]:
    """Return who confirms: the heads of the unit but for the owner, or else those of the nearest unit above."""
    if not addresses:
        return {}
    above = {to: [unit.id for unit in units.upwards(to.unit_id)] for to in addresses}
    rows = await connection.execute(
        select(roles.c.unit_id, roles.c.person_id)
        .where(roles.c.role == "head", roles.c.unit_id.in_(sorted(set().union(*above.values()))))
        .order_by(roles.c.id)
    )
    heads: dict[int, list[int]] = {}
    for row in rows:
        heads.setdefault(row.unit_id, []).append(row.person_id)
    return {
        to: next(filter(None, (_others(heads.get(id_, []), to.owner_id) for id_ in path)), [])
        for to, path in above.items()
    }


def _others(person_ids: list[int], owner_id: int) -> list[int]:
    return [person_id for person_id in person_ids if person_id != owner_id]


_OPEN = text(OPEN_LETTERS)
_IS_OPEN = text("outbox.state IN ('queued', 'sending')")
_NEWS = ("state", "error", "due", "settled_at")
_settle = (
    update(outbox)
    .where(outbox.c.id == bindparam("_id"), _IS_OPEN)
    .values({"attempts": outbox.c.attempts + 1, **{name: bindparam(name) for name in _NEWS}})
)
# What will not be sent again is forgotten: only that it was sent stays, and in which conversation.
_FORGOTTEN = {"body": None, "callback": None, "address": ""}
_settle_sent = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)), _IS_OPEN)
    .values(state="sent", attempts=outbox.c.attempts + 1, error=None, settled_at=bindparam("at"), **_FORGOTTEN)
)
_forget = update(outbox).where(outbox.c.id.in_(bindparam("ids", expanding=True))).values(_FORGOTTEN)


# Who turned notices off while theirs was tried is not tried again.
_leave_out = (
    update(outbox)
    .where(
        outbox.c.id.in_(bindparam("ids", expanding=True)),
        outbox.c.notice_id.is_not(None),
        outbox.c.state == "queued",
        ~contacts.still_open(outbox.c.conversation_id),
    )
    .values(state="muted", settled_at=bindparam("at"), **_FORGOTTEN)
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
) -> list[Due]:
    """Return the next replies of one bot, at most one a conversation, but for those that are on their way.

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
) -> list[Due]:
    """Take what is next of some sources, and mark it as on the way."""
    wanted = {"_channel": channel, "_bot": bot, "now": now}
    taken: list[Due] = []
    for source in of:
        if not (room := most - len(taken)):
            break
        if source is None:
            rows = await connection.execute(_take_reminders, {**wanted, "most": room})
        else:
            rows = await connection.execute(_take_of_notice, {**wanted, "most": room, "notice": source})
        taken += [_due(row) for row in sorted(rows, key=lambda row: row.id)]
    return taken


def _due(row: Row[*tuple[Any, ...]]) -> Due:
    body = row.body
    outgoing = _decoder.decode(body) if body is not None else None
    return Due(
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
    )


async def settle(connection: AsyncConnection, settled: Sequence[Settled], now: datetime) -> None:
    """Note what became of letters. A state only moves forward: what is settled stays so."""
    if sent := [one.id for one in settled if one.state == "sent"]:
        await connection.execute(_settle_sent, {"ids": sent, "at": now})
    others = [one for one in settled if one.state != "sent"]
    await execute_many(connection, _settle, [_settled_row(one, now) for one in others])
    if over := [one.id for one in others if one.state != "queued"]:
        await connection.execute(_forget, {"ids": over})
    if again := [one.id for one in others if one.state == "queued"]:
        await connection.execute(_leave_out, {"ids": again, "at": now})


def _settled_row(one: Settled, now: datetime) -> dict[str, Any]:
    settled_at = None if one.state == "queued" else now
    return {"_id": one.id, "state": one.state, "error": one.error, "due": one.due, "settled_at": settled_at}


async def settle_in_flight(
    connection: AsyncConnection, channel: str, bot: str, now: datetime, but: Collection[int] = ()
) -> None:
    """Settle the notices that nobody is sending any more, but for those that somebody is: nobody knows what became
    of them, and twice would be worse than never."""
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


async def drop_letters(connection: AsyncConnection, conversation_ids: Collection[int], now: datetime) -> None:
    """Send conversations nothing of what waits for them, for who spoke there is erased."""
    await connection.execute(
        update(outbox).where(outbox.c.conversation_id.in_(sorted(conversation_ids)), _OPEN).values(_dropped(now))
    )


@dataclass(frozen=True)
class About:
    """What tells that a letter is about somebody: buttons for their forms, their files, and their name to those who
    have a task where they live or have one."""

    name: str
    form_ids: frozenset[int]
    digests: frozenset[str]
    officials: frozenset[int]

    def written(self) -> list[bytes]:
        """Return what a letter about them has in it, one of these at least; others may have it too."""
        forms = [f":{id_}{end}".encode() for id_ in sorted(self.form_ids) for end in (":", '"')]
        return [_encoder.encode(self.name)[1:-1], *forms, *(digest.encode() for digest in sorted(self.digests))]

    def fits(self, letter: Outgoing, person_id: int | None) -> bool:
        """Tell whether a letter is about them. One that is for another form is not, whoever is called the same."""
        if any(isinstance(file, StoredFile) and file.digest in self.digests for file in letter.files):
            return True
        buttons = [button for row in letter.buttons for button in row]
        forms = {int(found[1]) for button in buttons if (found := _FORM.match(button.payload))}
        if forms:
            return not forms.isdisjoint(self.form_ids)
        # A name of one word is in many sentences; lists of forms have names on their buttons.
        said = "\n".join([letter.text, *(button.label for button in buttons)])
        named = " " in self.name and re.search(rf"(?<!\w){re.escape(self.name)}(?!\w)", said) is not None
        return named and person_id in self.officials


_FORM = re.compile(r"c:[a-z_]+:([0-9]{1,18})(?::|$)")


async def drop_mentions(connection: AsyncConnection, about: About, but: Collection[int], now: datetime) -> None:
    """Send nobody what still waits and is about somebody who is erased, but for some conversations. A press that it
    answers is answered without words."""
    waiting = await connection.execute(
        select(outbox.c.id, outbox.c.body, outbox.c.callback, conversations.c.person_id)
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .where(_OPEN, outbox.c.body.is_not(None), conversations.c.id.not_in(sorted(but)))
        .where(or_(*(contains(connection, outbox.c.body, one) for one in about.written())))
    )
    about_them = [row for row in waiting if about.fits(_decoder.decode(row.body), row.person_id)]
    for some in (about_them[start : start + MOST_READ] for start in range(0, len(about_them), MOST_READ)):
        for values, ids in (
            (_dropped(now), [row.id for row in some if row.callback is None]),
            ({"body": None}, [row.id for row in some if row.callback is not None]),
        ):
            await connection.execute(update(outbox).where(outbox.c.id.in_(ids), _OPEN).values(values))


def _dropped(now: datetime) -> dict[str, Any]:
    return {"state": "failed", "error": "erased", "settled_at": now, **_FORGOTTEN}


async def read_new(connection: AsyncConnection, channel: str, bot: str, address: str, after: int = 0) -> list[Due]:
    """Return a conversation's first open letters after an id, for a channel whose readers fetch them."""
    rows = await connection.execute(
        select(outbox)
        .where(
            outbox.c.channel == channel,
            outbox.c.bot == bot,
            outbox.c.address == address,
            outbox.c.id > after,
            _OPEN,
            outbox.c.state == "queued",
        )
        .order_by(outbox.c.id)
        .limit(MOST_READ)
    )
    return [_due(row) for row in rows]


async def open_among(
    connection: AsyncConnection, channel: str, bot: str, address: str, ids: Collection[int]
) -> list[int]:
    """Return which letters of a conversation are still open."""
    found = await connection.scalars(
        select(outbox.c.id).where(
            outbox.c.channel == channel,
            outbox.c.bot == bot,
            outbox.c.address == address,
            outbox.c.id.in_(sorted(ids)),
            _OPEN,
            outbox.c.state == "queued",
        )
    )
    return list(found)


async def settle_read(
    connection: AsyncConnection, channel: str, bot: str, address: str, ids: Collection[int], now: datetime
) -> None:
    """Settle what a reader has seen: these letters and no others, for one with a smaller id may be committed later."""
    await connection.execute(
        update(outbox)
        .where(
            outbox.c.channel == channel,
            outbox.c.bot == bot,
            outbox.c.address == address,
            outbox.c.id.in_(sorted(ids)),
            _OPEN,
            outbox.c.state == "queued",
        )
        .values(state="sent", settled_at=now, **_FORGOTTEN)
    )


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
