"""A province in which everybody holds a role somewhere, and forms in every state in one of its villages, Thôn Đông.

What people may do is asked about that village: by who holds a role in it, above it, beside it, below it or elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services import rounds
from bot.services.criteria_files import shipped
from bot.store.core import setup
from bot.store.core.database import Database
from bot.store.core.migrating import migrate
from bot.store.core.reference import ReferenceRead, read_reference
from bot.store.core.tables import (
    answers,
    assessments,
    batch_items,
    batches,
    closings,
    conversations,
    evidence,
    invitations,
    notices,
    people,
    proposals,
    recognitions,
    roles,
    tallies,
    titles,
    trail,
)
from bot.store.forms import gather_own
from bot.store.notices import saving
from flows.batches.batch import Order
from flows.conversation.facts import Conversation
from flows.domain.assessments import Assessment, State
from flows.domain.closings import Minutes
from flows.domain.people import ROLES, Person, Role, RoleKind
from flows.domain.units import Unit
from flows.notices.notice import Audience, Content, NoticeState
from flows.notices.records import NoticeSaved
from flows.roles.needs import INVITATION_LIFE, digest_of
from tests.sample import ZONE

Village = Literal["open", "closed", "proposed"]
Heads = Literal["there", "away"]

PLACES: Mapping[str, str] = {
    "village": "dong",
    "commune": "tk",
    "province": "hy",
    "beside": "doai",
    "below": "dong-1",
    "elsewhere": "mk",
}
UNITS = (
    ("hy", "Tỉnh Hưng Yên", "province", None),
    ("tk", "Xã Thần Khê", "commune", "hy"),
    ("mk", "Xã Minh Khai", "commune", "hy"),
    ("dong", "Thôn Đông", "village", "tk"),
    ("doai", "Thôn Đoài", "village", "tk"),
    ("dong-1", "Xóm Một", "village", "dong"),
)
# A day in each phase of the round of 2026; by “next year” that of 2027 is open.
PHASES: Mapping[str, date] = {
    "before": date(2025, 12, 20),
    "registration": date(2026, 3, 1),
    "self-assessment": date(2026, 10, 10),
    "branch": date(2026, 11, 5),
    "posting": date(2026, 11, 12),
    "commune": date(2026, 11, 20),
    "decision": date(2026, 11, 26),
    "report": date(2026, 11, 30),
    "after": date(2026, 12, 20),
    "next year": date(2027, 10, 10),
}
POSTED_UNTIL = date(2026, 11, 14)
LONG_AWAY = date(2028, 1, 1)
FORMS: Mapping[Village, tuple[str, ...]] = {
    "open": ("draft", "submitted", "returned", "confirmed"),
    "closed": ("draft", "submitted", "returned", "confirmed", "given back"),
    "proposed": ("draft", "submitted", "returned", "confirmed", "given back", "checked", "recognised", "revoked"),
}
NOTICE_STATES: tuple[NoticeState, ...] = ("awaiting", "scheduled", "sending", "paused")
# Of each form.
VERSION = 12
TOKEN = "a-token-that-opens-nothing"
BEGAN = datetime(2026, 10, 2, 8, 0, tzinfo=ZONE)
CLOSED_AT = datetime(2026, 11, 1, 20, 0, tzinfo=ZONE)

_CHANNEL = {"channel": "telegram", "bot": "1"}
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who tries: a role and where it is held, or none; and whether the form is their own."""

    kind: str
    place: str = ""
    person: Person | None = None
    chat: Conversation = field(default_factory=lambda: Conversation(0, "telegram"))
    roles: tuple[Role, ...] = ()
    own: tuple[Assessment, ...] = ()

    @property
    def name(self) -> str:
        """Return how a table names them."""
        return f"{self.kind} of the {self.place}" if self.place else self.kind


@dataclass(slots=True)
class World:
    """What there is, by what a cell names it."""

    village: Village
    heads: Heads
    shared: ReferenceRead
    unit_ids: Mapping[str, int]
    round_id: int
    actors: list[Actor] = field(default_factory=list)
    forms: dict[str, Assessment] = field(default_factory=dict)
    proposal_id: int = 999
    batch_ids: dict[int, int] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    notice_ids: dict[str, int] = field(default_factory=dict)
    role_ids: dict[tuple[str, str], int] = field(default_factory=dict)

    def unit(self, place: str) -> int:
        """Return the unit of a place."""
        return self.unit_ids[PLACES[place]]


async def settled(database: Database) -> None:
    """Make the province with everybody in it, before anything happens."""
    await migrate(database)
    await rounds.load_shipped(database, BEGAN)
    async with database.writing() as connection:
        units = [Unit(0, code, name, kind) for code, name, kind, _parent in UNITS]
        await setup.save_units(connection, units, {code: parent for code, _, _, parent in UNITS if parent})
    for year in (2026, 2027):
        phases: dict[str, date | int] = {
            "registration": date(year, 1, 1), "branch": date(year, 11, 15), "commune": date(year, 11, 24),
            "decision": date(year, 11, 28), "report": date(year, 12, 1), "posting_days": 5,
        }  # fmt: skip
        await rounds.open_round(
            database, year=year, name=f"Đợt {year}", unit_code="hy", opens=date(year, 10, 1),
            closes=date(year, 10, 31), phases=phases, now=BEGAN,
        )  # fmt: skip
    async with database.writing() as connection:
        reference = (await read_reference(connection)).reference
        ids = {unit.code: unit.id for unit in reference.units.by_id.values()}
        for kind in ROLES:
            for place, code in PLACES.items():
                person_id, _chat = await _person(connection, f"{kind} {place}", None)
                held = {"person_id": person_id, "role": kind, "unit_id": ids[code], "since": BEGAN}
                await connection.execute(insert(roles), held)
        for code in ("dong", "doai"):
            await _person(connection, f"resident {code}", ids[code])
        await connection.execute(insert(conversations), {**_CHANNEL, "address": "nobody", "language": "vi"})
        await _invitation(connection, ids["dong"])
        author = await connection.scalar(select(people.c.id).where(people.c.name == "admin commune"))
        for state in NOTICE_STATES:
            await _notice(connection, state, ids["dong"], int(author or 0))


async def _person(connection: AsyncConnection, name: str, unit_id: int | None) -> tuple[int, int]:
    """Add somebody with a chat. Returns both ids."""
    lives = {"unit_id": unit_id, "birth_year": 1980, "group": "farmer"} if unit_id else {}
    row = {"name": name, "created_at": BEGAN, **lives}
    person_id = (await connection.execute(insert(people).values(row).returning(people.c.id))).scalar_one()
    chat = {**_CHANNEL, "address": name, "person_id": person_id, "language": "vi", "consented": True}
    new = insert(conversations).values(chat).returning(conversations.c.id)
    return person_id, (await connection.execute(new)).scalar_one()


async def _invitation(connection: AsyncConnection, unit_id: int) -> None:
    """Let there be an invitation that never ends."""
    row = {"digest": digest_of(TOKEN), "role": "head", "unit_id": unit_id}
    await connection.execute(insert(invitations), {**row, "expires": BEGAN + 600 * INVITATION_LIFE})


async def _notice(connection: AsyncConnection, state: NoticeState, unit_id: int, author: int) -> None:
    record = NoticeSaved(Content("Mời bà con dự họp"), Audience((unit_id,)), state, BEGAN + timedelta(days=700))
    chat = await connection.scalar(select(conversations.c.id).where(conversations.c.person_id == author))
    notice_id = await saving.save(connection, record, author, int(chat or 0), BEGAN)
    if state in {"sending", "paused"}:
        await connection.execute(update(notices).where(notices.c.id == notice_id).values(started_at=BEGAN))


async def come_about(database: Database, village: Village, heads: Heads) -> World:
    """Let forms be in every state that there can be, with the village open or closed and the heads there or away."""
    async with database.writing() as connection:
        shared = await read_reference(connection)
        units, by_year = shared.reference.units, {one.year: one.id for one in shared.reference.rounds}
        world = World(village, heads, shared, {one.code: one.id for one in units.by_id.values()}, by_year[2026])
        if heads == "away":
            await connection.execute(update(roles).where(roles.c.role == "head").values(away_until=LONG_AWAY))
        if village != "open":
            await _close(connection, world)
        if village == "proposed":
            world.proposal_id = await _propose(connection, world)
        for kind in FORMS[village]:
            await _form(connection, world, kind)
        await _count(connection, world)
        await _batches(connection, world)
        await _know(connection, world)
        return world


async def _close(connection: AsyncConnection, world: World) -> None:
    minutes = Minutes(
        day=date(2026, 11, 1), place="Nhà văn hóa", chair="A", secretary="B", present=9, members=9, votes_for=9
    )
    row = {
        "unit_id": world.unit("village"), "round_id": world.round_id, "state": "closed", "version": 1,
        "meeting": _encode(minutes), "posted_until": POSTED_UNTIL, "reason": "", "at": CLOSED_AT,
    }  # fmt: skip
    await connection.execute(insert(closings), row)


async def _propose(connection: AsyncConnection, world: World) -> int:
    row = {"unit_id": world.unit("commune"), "round_id": world.round_id, "state": "proposed", "number": ""}
    new = insert(proposals).values({**row, "at": CLOSED_AT}).returning(proposals.c.id)
    return int((await connection.execute(new)).scalar_one())


async def _form(connection: AsyncConnection, world: World, kind: str) -> None:
    """Let somebody in the village have a form, complete and with one thing the branch is to vouch for."""
    state: State = "submitted" if kind == "given back" else kind  # type: ignore[assignment]
    criteria = world.shared.reference.criteria["learning-citizen-farmer"]
    person_id, chat_id = await _person(connection, f"form {kind}", world.unit("village"))
    on_list = state in {"checked", "recognised", "revoked"}
    form = {
        "person_id": person_id, "round_id": world.round_id, "unit_id": world.unit("village"), "pin": criteria.pin,
        "state": state, "version": VERSION, "total": 100, "passed": state != "draft", "begun_at": BEGAN,
        "submitted_at": BEGAN if state != "draft" else None, "touched_at": BEGAN,
        "proposal_id": world.proposal_id if on_list else None, "open_until": None,
    }  # fmt: skip
    form_id = (await connection.execute(insert(assessments).values(form).returning(assessments.c.id))).scalar_one()
    best = {"points": 10, "adjusted_from": None, "at": BEGAN, "assessment_id": form_id}
    given = [{**best, "indicator_id": one.id, "level_id": one.levels[0].id} for one in criteria.indicators]
    await connection.execute(insert(answers), given)
    proof = {"assessment_id": form_id, "indicator_id": criteria.indicators[1].id, "kind": "vouched", "text": ""}
    await connection.execute(
        insert(evidence), {**proof, "source": "", "name": "", "conversation_id": chat_id, "at": BEGAN}
    )
    if kind == "given back":
        await connection.execute(insert(trail), _giving_back(form_id, person_id))
    if state in {"recognised", "revoked"}:
        await _title(connection, world, form_id, state, f"form {kind}")


def _giving_back(form_id: int, owner_id: int) -> dict[str, Any]:
    """Return an entry of the trail; its hashes are not looked at here."""
    entry = {"number": 1_000_000 + form_id, "at": CLOSED_AT + timedelta(hours=1), "act": "send_back", "version": 11}
    about = {"role": "association", "about": "form", "about_id": form_id, "owner_id": owner_id}
    return {**entry, **about, "reason": "Xem lại", "details": "", "hash": "0"}


async def _title(connection: AsyncConnection, world: World, form_id: int, state: str, name: str) -> None:
    decision = {
        "proposal_id": world.proposal_id, "unit_id": world.unit("commune"), "round_id": world.round_id,
        "number": f"{form_id}/QĐ-UBND", "dated": date(2026, 11, 2), "signer": "Trần Văn Bảy", "at": BEGAN,
    }  # fmt: skip
    new = insert(recognitions).values(decision).returning(recognitions.c.id)
    title = {
        "assessment_id": form_id, "recognition_id": (await connection.execute(new)).scalar_one(),
        "unit_id": world.unit("commune"), "year": 2026, "number": form_id, "code": f"code-{form_id}", "name": name,
        "village_id": world.unit("village"), "title": "Công dân học tập", "reason": "",
        "revoked_at": CLOSED_AT if state == "revoked" else None,
    }  # fmt: skip
    await connection.execute(insert(titles), title)


async def _count(connection: AsyncConnection, world: World) -> None:
    groups = {criteria.pin: criteria.group for criteria in shipped()}
    there = await connection.execute(select(assessments.c.unit_id, assessments.c.pin, assessments.c.state))
    counted: dict[tuple[Any, ...], int] = {}
    for unit_id, pin, state in there:
        key = (unit_id, world.round_id, groups[pin], state, state != "draft")
        counted[key] = counted.get(key, 0) + 1
    names = ("unit_id", "round_id", "group", "state", "passed")
    rows = [{**dict(zip(names, key, strict=True)), "count": count} for key, count in counted.items()]
    await connection.execute(insert(tallies), rows)


async def _batches(connection: AsyncConnection, world: World) -> None:
    """Let everybody who holds a role have ordered that the village be confirmed, half a minute ago; and have confirmed
    one form and returned another one by one."""
    units = world.shared.reference.units
    chats = select(conversations.c.id, roles.c.person_id, roles.c.role, roles.c.unit_id).join(
        roles, roles.c.person_id == conversations.c.person_id
    )
    for chat_id, person_id, kind, _unit_id in (await connection.execute(chats)).all():
        role: RoleKind = kind if kind in {"head", "deputy"} else "head"
        here = (role, units.scope([world.unit("village")]), (world.round_id,), CLOSED_AT)
        row = {"person_id": person_id, "conversation_id": chat_id, "stage": "undoable"}
        row |= {"ordered_at": BEGAN, "done_at": BEGAN}
        confirming, returning = Order("confirm", *here), Order("return", *here, reason="Câu 2 chưa rõ")
        world.batch_ids[person_id] = await _batch(connection, world, row, confirming)
        await _batch(connection, world, row, confirming, "confirmed")
        await _batch(connection, world, row, returning, "returned")


async def _batch(connection: AsyncConnection, world: World, row: dict[str, Any], order: Order, of_one: str = "") -> int:
    """Let there be an order that was carried out, of one form where it says in which state that is now."""
    new = insert(batches).values({**row, "ordered": _encode(order)}).returning(batches.c.id)
    batch_id = int((await connection.execute(new)).scalar_one())
    world.orders[batch_id] = order
    form_id = await connection.scalar(select(assessments.c.id).where(assessments.c.state == of_one))
    if form_id is not None:
        item = {"batch_id": batch_id, "assessment_id": form_id, "version": VERSION - 1, "outcome": "done"}
        await connection.execute(insert(batch_items).values(item))
    return batch_id


async def _know(connection: AsyncConnection, world: World) -> None:
    """Read everything back as turns do."""
    rows = await connection.execute(select(roles).order_by(roles.c.id))
    places = {world.unit(place): place for place in PLACES}
    held = {row.person_id: (row.id, Role(row.role, row.unit_id, row.until, row.away_until)) for row in rows}
    chats = select(conversations, people.c.name, people.c.unit_id, people.c.birth_year, people.c.group).outerjoin(
        people, people.c.id == conversations.c.person_id
    )
    for row in (await connection.execute(chats.order_by(conversations.c.id))).all():
        chat = Conversation(row.id, row.channel, row.language, row.consented)
        if row.person_id is None:
            world.actors.append(Actor("nobody", chat=chat))
            continue
        person = Person(row.person_id, row.name, row.birth_year, row.unit_id, row.group)
        if row.person_id in held:
            role_id, role = held[row.person_id]
            world.role_ids[role.kind, places[role.unit_id]] = role_id
            world.actors.append(Actor(role.kind, places[role.unit_id], person, chat, (role,)))
        elif row.name.startswith("resident"):
            place = "village" if row.name.endswith("dong") else "beside"
            world.actors.append(Actor("resident", place, person, chat))
        else:
            own = await gather_own(connection, [row.person_id], world.shared.by_pin)
            (form,) = own[row.person_id] or ()
            world.forms[row.name.removeprefix("form ")] = form
    for row in await connection.execute(select(notices.c.id, notices.c.state)):
        world.notice_ids[row.state] = row.id
