"""People in several chats: codes by which chats are joined, wrong ones, and what becomes of a chat that is joined."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, ForeignKey, Integer, Row, Table, Text, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import phones, separating, upserts
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.finding import Finder
from bot.store.core.gathering import read_session
from bot.store.core.lists import is_among
from bot.store.core.reference import ReferenceRead
from bot.store.core.tables import (
    Key,
    Moment,
    conversation_people,
    conversations,
    joined_chats,
    joined_people,
    metadata,
    people,
)
from flows.conversation.facts import Conversation, Found
from flows.conversation.session import HOME, Session
from flows.joining.acts import CHAT
from flows.joining.needs import (
    AnyNeed,
    Claim,
    CodeWanted,
    JoinCode,
    Misses,
    MissesWanted,
    OwnChat,
    OwnChatsWanted,
    OwnCodeWanted,
)
from flows.joining.records import (
    AnyRecord,
    ChatLeft,
    CodeEnded,
    CodeMade,
    CodeMissed,
    CodeTyped,
    Joined,
    LettersChosen,
)
from flows.joining.talk import Joining

# One live code a person, by its keyed digest: where it was made, and where it was typed by whom who says they made it.
join_codes = Table(
    "join_codes",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("digest", Text, nullable=False, index=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("claimed_by", ForeignKey("conversations.id")),
    # Who was spoken for there then; nobody where that was nobody's chat.
    Column("claimed_for", Key),
)

# How many wrong codes were typed in a chat, and when the last one.
join_misses = Table(
    "join_misses",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("misses", Integer, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

_encoder = msgspec.json.Encoder()
_made_in = conversations.alias("made_in")
_CODES = (
    select(join_codes, _made_in.c.channel.label("made_on"))
    .join(_made_in, _made_in.c.id == join_codes.c.conversation_id)
    .order_by(join_codes.c.person_id)
    .with_for_update(of=join_codes)
)
_TYPED = _CODES.where(is_among(join_codes.c.digest, "digests"))
_OWN = _CODES.where(join_codes.c.person_id == bindparam("owner"))
_CHAT = select(conversations).where(conversations.c.id == bindparam("chat")).with_for_update()
_SHARERS = (
    select(conversation_people.c.person_id)
    .where(conversation_people.c.conversation_id == bindparam("chat"))
    .order_by(conversation_people.c.place)
)
_IN_ALL = select(func.coalesce(func.sum(join_misses.c.misses), 0)).where(join_misses.c.at > bindparam("since"))
_HERE = select(join_misses.c.conversation_id, join_misses.c.misses).where(
    is_among(join_misses.c.conversation_id, "chats"), join_misses.c.at > bindparam("since")
)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case CodeWanted():
            return _find_codes
        case OwnCodeWanted():
            return _find_own_codes
        case MissesWanted():
            return _find_misses
        case OwnChatsWanted():
            return _find_own_chats


async def _find_codes(
    connection: AsyncConnection, needs: Sequence[CodeWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up codes, locked until the transaction ends: each is typed once."""
    codes: defaultdict[str, list[JoinCode]] = defaultdict(list)
    for row in await connection.execute(_TYPED, {"digests": sorted({need.digest for need in needs})}):
        codes[row.digest].append(_code(row))
    for need in needs:
        alike = codes[need.digest]
        found.put(need, alike[0] if len(alike) == 1 else None)


async def _find_own_codes(
    connection: AsyncConnection, needs: Sequence[OwnCodeWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up people's own codes, with the chats that they may join, locked: nobody else comes there meanwhile."""
    for need in needs:
        row = (await connection.execute(_OWN, {"owner": need.person_id})).first()
        claim = await _claim(connection, row) if row is not None and row.claimed_by is not None else None
        found.put(need, _code(row, claim) if row is not None else None)


def _code(row: Row[*tuple[Any, ...]], claim: Claim | None = None) -> JoinCode:
    chat = Conversation(row.conversation_id, row.made_on)
    return JoinCode(row.digest, row.person_id, chat, row.made_at, row.expires, claim)


async def _claim(connection: AsyncConnection, code: Row[*tuple[Any, ...]]) -> Claim:
    row = (await connection.execute(_CHAT, {"chat": code.claimed_by})).one()
    ids = list(await connection.scalars(_SHARERS, {"chat": row.id}))
    names = await phones.sharers(connection, ids or [row.person_id or 0])
    theirs = tuple(names[id_] for id_ in (ids or [row.person_id]) if id_ is not None)
    chat = Conversation(row.id, row.channel, row.language, row.consented, theirs)
    asked = read_session(row.session)[0].asked if row.session is not None else 0
    return Claim(chat, row.person_id or 0, code.claimed_for or 0, asked)


async def _find_misses(
    connection: AsyncConnection, needs: Sequence[MissesWanted], found: Found, shared: ReferenceRead
) -> None:
    for since in {need.since for need in needs}:  # of one batch it is one moment
        some = [need for need in needs if need.since == since]
        wanted = {"chats": sorted({need.conversation_id for need in some}), "since": since}
        here = {row.conversation_id: row.misses for row in await connection.execute(_HERE, wanted)}
        in_all: int = await connection.scalar(_IN_ALL, {"since": since}) or 0
        for need in some:
            found.put(need, Misses(here.get(need.conversation_id, 0), in_all))


async def _find_own_chats(
    connection: AsyncConnection, needs: Sequence[OwnChatsWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        rows = await connection.execute(
            select(joined_chats, conversations.c.channel, joined_people.c.letters_to)
            .join(conversations, conversations.c.id == joined_chats.c.conversation_id)
            .join(joined_people, joined_people.c.person_id == joined_chats.c.person_id)
            .where(joined_chats.c.person_id == need.person_id)
            .order_by(joined_chats.c.since, joined_chats.c.conversation_id)
        )
        chats = (
            OwnChat(row.conversation_id, row.channel, row.since, row.used_at, row.letters_to == row.conversation_id)
            for row in rows
        )
        found.put(need, tuple(chats))


_MAKE = ("digest", "conversation_id", "made_at", "expires", "claimed_by", "claimed_for")
_TYPE = (
    update(join_codes)
    .where(join_codes.c.person_id == bindparam("_owner"), join_codes.c.digest == bindparam("_digest"))
    .values({name: bindparam(name) for name in ("claimed_by", "claimed_for", "expires")})
)
_END = delete(join_codes).where(join_codes.c.person_id == bindparam("_owner"))
_BECOMES_THEIRS = (
    update(conversations)
    .where(conversations.c.id == bindparam("_id"))
    .values({name: bindparam(name) for name in ("person_id", "session", "language", "consented")} | {"erased_at": None})
)
_HAS_SEVERAL = update(conversations).where(conversations.c.id == bindparam("_id")).values(joined=True)
_CHOOSE = (
    update(joined_people).where(joined_people.c.person_id == bindparam("_person")).values(letters_to=bindparam("chat"))
)


def _act(act: str, one: Decided) -> Entry:
    """Return what the trail keeps of a chat that was joined or separated: whose, and that they did it themselves."""
    return Entry(act=act, role="resident", about=CHAT, actor_id=one.person_id, owner_id=one.person_id)


class Rows:
    """What a batch changes in codes and in whose chats are."""

    def __init__(self, now: datetime, acts: list[Entry]) -> None:
        self._now = now
        self._acts = acts
        self._made: list[dict[str, Any]] = []
        self._typed: list[dict[str, Any]] = []
        self._ended: list[dict[str, Any]] = []
        self._missed: list[dict[str, Any]] = []
        self._joined: list[tuple[Decided, Joined]] = []
        self._left: list[tuple[Decided, int]] = []
        self._letters: list[dict[str, Any]] = []

    def collect(self, one: Decided, record: AnyRecord) -> None:
        """Turn a record into rows."""
        chat = one.turn.conversation.id
        match record:
            case CodeMade(digest, expires):
                times = {"made_at": self._now, "expires": expires, "claimed_by": None, "claimed_for": None}
                made = {"person_id": one.person_id, "digest": digest, "conversation_id": chat}
                self._made.append(made | times)
            case CodeTyped(owner_id, digest, expires):
                claimed = {"claimed_by": chat, "claimed_for": one.person_id, "expires": expires}
                self._typed.append({"_owner": owner_id, "_digest": digest} | claimed)
            case CodeEnded(owner_id):
                self._ended.append({"_owner": owner_id})
            case CodeMissed(misses):
                self._missed.append({"conversation_id": chat, "misses": misses, "at": self._now})
            case Joined():
                self._joined.append((one, record))
                self._acts.append(_act("join", one))
            case ChatLeft(chat_id):
                self._left.append((one, chat_id))
                self._acts.append(_act("separate", one))
            case LettersChosen(chat_id):
                self._letters.append({"_person": one.person_id, "chat": chat_id or None})

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows."""
        await execute_many(connection, upserts.insert_or_replace(connection, join_codes, _MAKE), self._made)
        await execute_many(connection, _TYPE, self._typed)
        await execute_many(connection, _END, self._ended)
        miss = upserts.insert_or_replace(connection, join_misses, ("misses", "at"))
        await execute_many(connection, miss, self._missed)
        await execute_many(connection, _CHOOSE, self._letters)
        for one, joined in self._joined:
            await self._join(connection, one, joined.there)

    async def separate(self, connection: AsyncConnection) -> None:
        """Take chats away from who has left them, once all else is kept of the turns in which they did."""
        for one, chat_id in self._left:
            assert one.person_id is not None
            here = one.turn.session
            frames = tuple(frame for frame in here.frames if not isinstance(frame.talk, Joining)) or (HOME,)
            await separating.separate(connection, one.person_id, chat_id, self._now, Session(frames, here.asked))

    async def _join(self, connection: AsyncConnection, one: Decided, there: Conversation) -> None:
        """Make a chat somebody's, too: alone, or on the phone of others."""
        person_id, here = one.person_id, one.turn.conversation.id
        assert one.decision.elsewhere is not None
        session = _encoder.encode(one.decision.elsewhere)
        before = (await connection.execute(_CHAT, {"chat": there.id})).one()
        if before.person_id is not None:
            await self._share(connection, there, before.person_id, person_id, before.session)
        alone = [(there.id, before.person_id or person_id)]
        if not one.turn.conversation.is_shared:
            alone.append((here, person_id))
        await phones.note_whose_consent(connection, alone)
        theirs: dict[str, Any] = {"person_id": person_id, "session": session}
        kept = {"language": there.language, "consented": there.consented}
        await execute_many(connection, _BECOMES_THEIRS, [{"_id": there.id} | theirs | kept])
        await execute_many(connection, _HAS_SEVERAL, [{"_id": here}, {"_id": there.id}])
        last = upserts.insert_or_replace(connection, joined_people, ("conversation_id", "session"))
        await execute_many(connection, last, [theirs | {"conversation_id": there.id}])
        known_since = await connection.scalar(select(people.c.created_at).where(people.c.id == person_id))
        chats: list[dict[str, Any]] = [
            {"conversation_id": here, "person_id": person_id, "since": known_since or self._now, "used_at": self._now},
            {"conversation_id": there.id, "person_id": person_id, "since": self._now, "used_at": self._now},
        ]
        await execute_many(connection, upserts.insert_new(connection, joined_chats), chats)

    async def _share(
        self, connection: AsyncConnection, there: Conversation, known: int, person_id: int | None, session: bytes | None
    ) -> None:
        """Let somebody share a phone with who is there already and goes on where they are when they are spoken for."""
        places: dict[str, Any] = {"conversation_id": there.id}
        rows = [
            places | {"person_id": known, "place": 0, "session": session},
            places | {"person_id": person_id, "place": max(1, len(there.people) - 1), "session": None},
        ]
        add = upserts.insert_or_replace(connection, conversation_people, ("session",))
        await execute_many(connection, add, rows)


async def forget_person(connection: AsyncConnection, person_id: int) -> None:
    """Forget which chats were somebody's who is erased."""
    for table in (joined_people, joined_chats, join_codes):
        await connection.execute(delete(table).where(table.c.person_id == person_id))


async def forget_chats(connection: AsyncConnection, chats: Collection[int]) -> None:
    """Forget what was typed in chats whose people are erased. A code that was typed there joins nothing any more."""
    in_chats = or_(join_codes.c.conversation_id.in_(chats), join_codes.c.claimed_by.in_(chats))
    await connection.execute(delete(join_codes).where(in_chats))
    for table in (joined_people, joined_chats, join_misses):
        await connection.execute(delete(table).where(table.c.conversation_id.in_(chats)))


_over = (join_codes.c.expires <= bindparam("now"), join_codes.c.claimed_by.is_not(None))
_ANY_OVER = select(join_codes.c.person_id).where(*_over).limit(1)
_TAKE_OVER = (
    select(join_codes)
    .where(*_over)
    .order_by(join_codes.c.person_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


async def any_over(connection: AsyncConnection, now: datetime) -> bool:
    """Tell whether somebody was asked about a code and did not answer in time."""
    return await connection.scalar(_ANY_OVER, {"now": now}) is not None


async def end_over(connection: AsyncConnection, now: datetime, most: int) -> list[tuple[int, int | None]]:
    """End some of these codes. Returns the chats in which they were made and typed, each with who is told there."""
    rows = (await connection.execute(_TAKE_OVER, {"now": now, "most": most})).all()
    await execute_many(connection, _END, [{"_owner": row.person_id} for row in rows])
    made = [(row.conversation_id, row.person_id) for row in rows]
    return [*made, *((row.claimed_by, row.claimed_for) for row in rows)]


async def forget_old(connection: AsyncConnection, codes: datetime, misses: datetime) -> None:
    """Forget codes that were over before a moment, and wrong ones typed before another."""
    await connection.execute(delete(join_codes).where(join_codes.c.expires < codes))
    await connection.execute(delete(join_misses).where(join_misses.c.at < misses))
