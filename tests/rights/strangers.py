"""Every button that a chat shows is pressed by everybody else, too: nothing that is not their own may change.

They press it at home, and in a talk that stands where that of whoever was shown the button stands. Buttons that last
may be open to everybody: then the answer is harmless. What counts as a success is a record, except those of `OWN`,
which change only what is the presser's, and an order about the presser's own units; and an answer that names somebody
who neither lives nor holds a role there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import subjects
from bot.store.core.database import Database
from bot.store.core.reference import ReferenceRead, read_reference
from bot.store.core.tables import conversations, people, roles
from flows.batches.records import BatchOrdered
from flows.conversation.engine import ANSWER, Decision
from flows.conversation.events import Consented, ContactChanged, LanguageChosen
from flows.conversation.facts import Conversation, FactMissing, Facts, Found, Need
from flows.conversation.messages import people_named
from flows.conversation.replies import Pressed
from flows.conversation.session import HOME, Session
from flows.domain.assessments import BRANCH
from flows.domain.people import Person, Role, RoleKind
from flows.forms.records import Begun, LetIn
from flows.households.records import HouseholdLeft
from flows.joining.records import CodeEnded, CodeTyped
from flows.notices.needs import AudienceWanted, LedgerWanted
from flows.notices.notice import Ledger, Reached
from flows.papers.records import PaperAsked
from flows.papers.rights import ROLES_OF
from flows.privacy.records import Erased
from flows.publishing.records import Publishing
from flows.received.records import Muted, NoticeAnswered
from flows.registration.records import PersonAdded, PersonSaved
from flows.registration.talk import Registering
from flows.review.records import ArrivalsChosen
from flows.signing_in.records import LinkGiven, SignedOut
from flows.subjects import AnyTalk, decide
from flows.words.wording import Catalogues

# What these change is the presser's own: what they are told, what they answer, what they told about themselves.
# Who is asked about a code has typed it; whom it joins is asked in the chat of who made it.
OWN = (
    Begun, CodeEnded, CodeTyped, Consented, LanguageChosen, ContactChanged, PersonSaved, PersonAdded, Erased, Muted,
    NoticeAnswered, ArrivalsChosen, LinkGiven, SignedOut, Publishing, HouseholdLeft,
)  # fmt: skip
# Who presses: a role and the unit it is held over. There is nobody with these roles in the database.
STRANGERS: tuple[tuple[RoleKind | None, str], ...] = (
    (None, "tk-doai"), ("head", "tk-dong"), ("head", "tk-doai"), ("deputy", "tk-dong"), ("deputy", "tk-doai"),
    ("head", "mk"), ("association", "tk"), ("association", "mk"), ("committee", "tk"), ("committee", "mk"),
    ("admin", "tk"), ("admin", "mk"), ("admin", "tk-doai"),
)  # fmt: skip
NOBODY = -1
# What a shared phone puts before a lasting button is a claim as well: it is pressed without.
_FOR_WHOM = re.compile(r"^c:@[\d.]+:")

_decode_session = msgspec.json.Decoder(Session[AnyTalk]).decode


class OpenedToStrangers(AssertionError):
    """Somebody else got something done by a button."""


class Button(msgspec.Struct, frozen=True):
    """A button somebody was shown: who by the address of their chat."""

    address: str
    label: str
    payload: str


@dataclass(slots=True)
class Strangers:
    """Those who press everybody's buttons, one of `share` chances they have; `pressed` counts how often they did."""

    catalogues: Catalogues
    share: int = 1
    pressed: int = 0
    _chance: int = 0
    _tried: set[tuple[object, ...]] = field(default_factory=set)

    async def press(self, database: Database, buttons: Sequence[Button], now: datetime) -> None:
        """Press buttons that were just shown. Raises OpenedToStrangers."""
        if not buttons:
            return
        async with database.writing() as connection:
            shared = await read_reference(connection)
            found = dict[Need[Any], Found]()
            for address in dict.fromkeys(button.address for button in buttons):
                session, held = await _of(connection, address)
                there = [button for button in buttons if button.address == address]
                for who, facts in _strangers(shared, held, now):
                    for button, at in self._chances(who, there, session):
                        self._chance += 1
                        if self._chance % self.share:
                            continue
                        decision = await _decided(connection, shared, found, at, button, facts, self.catalogues)
                        self.pressed += 1
                        named = await _strange(connection, facts, decision)
                        _refuse(who, button, facts, decision, named)

    def _chances(
        self, who: str, buttons: Iterable[Button], session: Session[Any]
    ) -> Iterator[tuple[Button, Session[Any]]]:
        """Yield each button with the talk in which it is pressed: an answer to a question once a step."""
        for button in buttons:
            if not button.payload.startswith(ANSWER):
                yield replace(button, payload=_FOR_WHOM.sub("c:", button.payload)), Session((HOME,))
                continue
            number, _colon, key = button.payload.removeprefix(ANSWER).partition(":")
            tried = (who, session.frame.step, type(session.frame.talk), key)
            if tried in self._tried or not number.isdigit():
                continue
            self._tried.add(tried)
            yield button, Session((HOME,), int(number))
            if not isinstance(session.frame.talk, Registering):  # an invitation is whoever's who has it
                yield button, replace(session, asked=int(number))


async def _of(connection: AsyncConnection, address: str) -> tuple[Session[Any], list[Role]]:
    """Return where somebody's talk stands, and their roles."""
    chat = (await connection.execute(select(conversations).where(conversations.c.address == address))).one()
    rows = await connection.execute(select(roles.c.role, roles.c.unit_id).where(roles.c.person_id == chat.person_id))
    session = _decode_session(chat.session) if chat.session is not None else Session()
    return session, [Role(row.role, row.unit_id) for row in rows]


def _strangers(shared: ReferenceRead, held: Sequence[Role], now: datetime) -> Iterator[tuple[str, Facts]]:
    """Yield those who have none of somebody's rights."""
    units = shared.reference.units
    chat = Conversation(NOBODY, "web", "vi", True)
    yield "nobody", Facts(now, chat, shared.reference, token="0" * 24)
    for kind, code in STRANGERS:
        if (unit := units.by_code.get(code)) is None:
            continue
        related = any(
            units.covers(one.unit_id, unit.id) or units.covers(unit.id, one.unit_id)
            for one in held
            if one.kind == kind or {one.kind, kind} <= {*BRANCH}
        )
        if related:
            continue
        person = Person(NOBODY, "Người Lạ", 1980, unit.id, "farmer") if kind is None else Person(NOBODY, "Người Lạ")
        own = (Role(kind, unit.id),) if kind is not None else ()
        yield f"{kind or 'resident'} of {unit.name}", Facts(now, chat, shared.reference, person, own, token="0" * 24)


async def _decided(
    connection: AsyncConnection,
    shared: ReferenceRead,
    found: dict[Need[Any], Found],
    session: Session[Any],
    button: Button,
    facts: Facts,
    catalogues: Catalogues,
) -> Decision:
    while True:
        try:
            return decide(session, Pressed(button.payload), facts, catalogues)
        except FactMissing as missing:
            for need in missing.needs:
                if need not in found:
                    found[need] = await _look_up(connection, shared, need)
                facts = replace(facts, found=facts.found | found[need])


async def _look_up(connection: AsyncConnection, shared: ReferenceRead, need: Need[Any]) -> Found:
    found = Found()
    match need:
        case AudienceWanted():
            found.put(need, Reached({"web": 3}))
        case LedgerWanted():
            found.put(need, Ledger())
        case _:
            return await subjects.look_up(connection, [need], shared)
    return found


async def _strange(connection: AsyncConnection, facts: Facts, decision: Decision) -> frozenset[int]:
    """Return whom an answer names, without those who live or hold a role where the presser holds one."""
    named = frozenset[int]().union(*(people_named(message) for message in decision.messages)) - {NOBODY}
    if not named:
        return named
    own = facts.scope(*(role.kind for role in facts.roles))
    lives = select(people.c.id, people.c.unit_id).where(people.c.id.in_(named))
    serves = select(roles.c.person_id, roles.c.unit_id).where(roles.c.person_id.in_(named))
    places = [*await connection.execute(lives), *await connection.execute(serves)]
    return named - {id_ for id_, unit in places if unit is not None and facts.reference.units.is_in(own, unit)}


def _refuse(who: str, button: Button, facts: Facts, decision: Decision, named: frozenset[int]) -> None:
    done = [type(one).__name__ for one in decision.records if not _is_own(one, facts)]
    if done or named:
        what = " and ".join([*done, *(["names somebody"] if named else [])])
        raise OpenedToStrangers(f"{who} presses [{button.label}] ({button.payload}): {what}")


def _is_own(record: object, facts: Facts) -> bool:
    """Tell whether a record changes only what is the presser's."""
    if isinstance(record, BatchOrdered):
        own = facts.scope(*BRANCH)
        return all(facts.reference.units.is_in(own, unit_id) for unit_id in record.order.units.tops)
    if isinstance(record, LetIn):  # in the talk of a branch head, which is the association's as well
        return facts.holds("association", record.unit_id)
    if isinstance(record, PaperAsked):  # of a unit that lies below a role which has such papers
        rights = ROLES_OF.get(record.kind, ())
        return facts.reference.units.is_in(facts.scope(*rights), record.unit_id)
    return isinstance(record, OWN)
