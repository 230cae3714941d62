"""Apply: what a batch of decided turns changes, in a handful of statements inside the transaction that gathered it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import erasing, registration
from bot.store.core import contacts, joined, phones
from bot.store.core.bulk import execute_many
from bot.store.core.chain import Entry
from bot.store.core.decided import Decided
from bot.store.core.lists import is_among
from bot.store.core.tables import consents, conversations, inbox
from bot.store.privacy import erases
from bot.store.subjects import Rows
from flows.conversation.events import AnyRecord, Consented, ContactChanged, LanguageChosen
from flows.forms.needs import assessment
from flows.forms.records import Acted, Begun, LetIn
from flows.joining.records import Joined, LettersChosen
from flows.received.records import Muted
from flows.registration.records import PersonAdded, PersonSaved
from flows.subjects import SubjectRecord

_encoder = msgspec.json.Encoder()

_SAVE_CONVERSATION = (
    update(conversations)
    .where(conversations.c.id == bindparam("_id"))
    .values(
        {
            name: bindparam(name)
            for name in ("session", "language", "consented", "person_id", "blocked_at", "heard_at", "erased_at")
        }
    )
)
_DONE = (
    update(inbox)
    .where(is_among(inbox.c.id, "ids"))
    .values(done_at=bindparam("done_at"), body=None, callback=None, failed=bindparam("has_failed"))
)
_ADD_CONSENT = insert(consents)

# What changes how somebody is reached, or what a notice's recipients are chosen by.
_CHANGES_CONTACT = (LanguageChosen, PersonSaved, Begun, Acted, ContactChanged, Muted, Joined, LettersChosen)


class Applied(Struct, frozen=True):
    """What is left to do once a batch is written: the files that nobody needs any more, and the acts for the trail."""

    files: Sequence[str] = ()
    acts: Sequence[Entry] = ()


async def apply(connection: AsyncConnection, batch: Sequence[Decided], now: datetime) -> Applied:
    """Write a batch of decided turns without its acts: these come last in the transaction."""
    await erasing.hold(connection, [one.turn for one in batch if erases(one)])
    new = await registration.insert_new(connection, batch, now)
    batch = [_known_by_end(one, new.get(one.turn.inbox_id)) for one in batch]
    rows, agreed = Rows(now), []
    for one in batch:
        for record in one.decision.records:
            if isinstance(record, Consented):
                agreed.append(_consent_row(one, record, now))
            elif isinstance(record, PersonAdded):  # who has been inserted
                agreed.append(_consent_of_added(one, record, now))
            elif not isinstance(record, AnyRecord):  # which are written with the conversation
                assert isinstance(record, SubjectRecord)
                rows.collect(one, record)
    await execute_many(connection, _ADD_CONSENT, agreed)
    await rows.write(connection)
    await execute_many(connection, _SAVE_CONVERSATION, [_conversation_row(one, now) for one in batch])
    await phones.turn(connection, batch)
    await joined.keep(connection, batch, now)
    await rows.joining.separate(connection)
    await mark_done(connection, [one.turn.inbox_id for one in batch], now)
    await contacts.refresh(connection, _changed_contacts(batch))
    return Applied(await rows.privacy.write(connection), rows.acts)


def _known_by_end(one: Decided, new: int | None) -> Decided:
    """Return a turn with who spoke in it, and who is spoken for from then on. A new person is one or the other."""
    if not one.decision.parked:
        spoke = new if new is not None else one.turn.person_id
        return replace(one, person_id=spoke, next_id=spoke)
    return replace(one, person_id=one.turn.person_id, next_id=new or one.decision.facts.person_id)


def _consent_row(one: Decided, record: Consented, now: datetime) -> dict[str, Any]:
    consent = {"text_version": record.text_version, "given": record.given, "given_by": record.representative or None}
    recorded: dict[str, Any] = {"how": None, "given_on": None, "witness": None, "recorded_by": None}
    return {
        "conversation_id": one.turn.conversation.id,
        "person_id": one.person_id,
        **consent,
        **recorded,
        "at": now,
    }


def _consent_of_added(one: Decided, record: PersonAdded, now: datetime) -> dict[str, Any]:
    """Return the consent of one more person on a phone, and who recorded it where they did not press it themselves."""
    agreed = record.agreed
    return {
        "conversation_id": one.turn.conversation.id,
        "person_id": one.next_id,
        "text_version": record.text_version,
        "given": True,
        "given_by": record.representative,
        "how": agreed.how,
        "given_on": agreed.day,
        "witness": agreed.witness or None,
        "recorded_by": one.decision.facts.person.helper_id if record.helped and one.decision.facts.person else None,
        "at": now,
    }


def _changed_contacts(batch: Sequence[Decided]) -> set[int]:
    """Return the people whose contacts are to be made anew: who writes again is no longer blocked."""
    added = {one.next_id for one in batch if one.decision.parked and one.next_id is not None}
    # The language of a phone, and whether it takes messages, is that of all who share it.
    added |= {
        sharer.id
        for one in batch
        for sharer in one.turn.conversation.people
        if one.turn.blocked_at is not None
        or any(isinstance(record, LanguageChosen | ContactChanged) for record in one.decision.records)
    }
    # Letters go where somebody writes.
    added |= {one.next_id for one in batch if one.turn.moved and one.next_id is not None}
    return (
        added
        | {
            one.person_id
            for one in batch
            if one.person_id is not None
            and (
                one.turn.blocked_at is not None
                or any(isinstance(record, _CHANGES_CONTACT) for record in one.decision.records)
            )
        }
        | {
            form.person.id
            for one in batch
            for record in one.decision.records
            if isinstance(record, Acted) and (form := assessment(one.facts, record.assessment_id)) is not None
        }
        | {record.person_id for one in batch for record in one.decision.records if isinstance(record, LetIn)}
    )


async def mark_done(
    connection: AsyncConnection, inbox_ids: Sequence[int], now: datetime, *, failed: bool = False
) -> None:
    """Settle updates. What they said is forgotten: only their ids stay, to know them again."""
    await execute_many(connection, _DONE, [{"ids": list(inbox_ids), "done_at": now, "has_failed": failed}])


def _conversation_row(one: Decided, now: datetime) -> dict[str, Any]:
    decision, turn = one.decision, one.turn
    known = decision.facts.conversation
    erased = erases(one) and not decision.parked  # the others of a phone stay
    blocked = next((r.blocked for r in decision.records if isinstance(r, ContactChanged)), False)
    return {
        "_id": turn.conversation.id,
        "session": _encoder.encode(decision.session),
        "language": known.language,
        "consented": None if erased else known.consented,
        "person_id": None if erased else one.next_id,
        "blocked_at": (turn.blocked_at or now) if blocked else None,
        "heard_at": None if erased else now,
        "erased_at": now if erased else None,  # who writes again afterwards is a stranger like any other
    }
