"""Evidence files that a channel still holds and that are to be fetched."""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core import phones
from bot.store.core.outbox import Recipient
from bot.store.core.tables import assessments, conversation_people, conversations, criteria_sets, evidence, people
from flows.domain.criteria import CriteriaSet

_set_decoder = msgspec.json.Decoder(CriteriaSet)
# Whose evidence it is shares the phone that it was sent from.
_sender_shares = (
    conversation_people.c.conversation_id == conversations.c.id,
    conversation_people.c.person_id == assessments.c.person_id,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch, and who sent it."""

    id: int
    channel: str
    bot: str
    source: str
    attempts: int
    to: Recipient


async def wanted(
    connection: AsyncConnection,
    most_attempts: int,
    bots: Collection[tuple[str, str]],
    but: Collection[int] = (),
    most: int = 20,
) -> list[Wanted]:
    """Return the next files to fetch from some (channel, bot), those tried least first, without those that rest."""
    rows = await connection.execute(
        select(
            evidence.c.id,
            evidence.c.source,
            evidence.c.attempts,
            conversations.c.id.label("conversation_id"),
            conversations.c.channel,
            conversations.c.bot,
            conversations.c.address,
            conversations.c.language,
            people.c.id.label("reader_id"),
            people.c.name.label("reader_name"),
            people.c.birth_year.label("reader_born"),
        )
        .join(conversations, conversations.c.id == evidence.c.conversation_id)
        .join(assessments, assessments.c.id == evidence.c.assessment_id)
        .outerjoin(conversation_people, and_(*_sender_shares))
        .outerjoin(people, people.c.id == conversation_people.c.person_id)
        .where(
            evidence.c.kind.in_(("photo", "document")),
            evidence.c.source.not_like("sha256:%"),
            evidence.c.attempts < most_attempts,
            evidence.c.id.not_in(but),
            or_(*(and_(conversations.c.channel == channel, conversations.c.bot == bot) for channel, bot in bots)),
        )
        .order_by(evidence.c.attempts, evidence.c.id)
        .limit(most)
    )
    return [
        Wanted(
            row.id,
            row.channel,
            row.bot,
            row.source,
            row.attempts,
            Recipient(row.conversation_id, row.channel, row.bot, row.address, row.language, phones.reader_in(row)),
        )
        for row in rows
    ]


async def mark_kept(connection: AsyncConnection, evidence_id: int, source: str, kind: str) -> None:
    """Let evidence refer to the file as kept, and call it what its content shows."""
    await connection.execute(update(evidence).where(evidence.c.id == evidence_id).values(source=source, kind=kind))


async def count_attempt(connection: AsyncConnection, evidence_id: int) -> None:
    """Note a vain attempt."""
    await connection.execute(
        update(evidence).where(evidence.c.id == evidence_id).values(attempts=evidence.c.attempts + 1)
    )


async def question_of(connection: AsyncConnection, evidence_id: int) -> tuple[int, int] | None:
    """Return the form and the number of the question that evidence was given for, None when its form is gone."""
    found = await connection.execute(
        select(evidence.c.assessment_id, evidence.c.indicator_id, criteria_sets.c.body)
        .join(assessments, assessments.c.id == evidence.c.assessment_id)
        .join(criteria_sets, criteria_sets.c.pin == assessments.c.pin)
        .where(evidence.c.id == evidence_id)
    )
    row = found.first()
    if row is None:
        return None
    return row.assessment_id, _set_decoder.decode(row.body).places[row.indicator_id]


async def remove(connection: AsyncConnection, evidence_id: int) -> None:
    """Take away evidence whose file cannot be had."""
    await connection.execute(delete(evidence).where(evidence.c.id == evidence_id))
