"""What is kept about somebody besides their details and forms, for who asks to see it."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Table, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import households
from bot.store.core import phones, trail
from bot.store.core.chain import read_details
from bot.store.core.tables import (
    answers,
    arrivals,
    assessments,
    closings,
    consents,
    conversation_people,
    conversations,
    evidence,
    invitations,
    joined_chats,
    joined_people,
    mutes,
    notice_answers,
    notice_reports,
    notices,
    outbox,
    papers,
    people,
    proposals,
    recognitions,
    roles,
    samples,
    sign_ins,
    titles,
)
from bot.store.core.tables import trail as trail_rows
from bot.store.meeting import read_minutes
from flows.forms.acts import FORM
from flows.notices.notice import Content
from flows.privacy.needs import (
    OwnAct,
    OwnChat,
    OwnClosing,
    OwnConsent,
    OwnData,
    OwnDataWanted,
    OwnDecision,
    OwnFormTimes,
    OwnInvitation,
    OwnNotice,
    OwnNoticeAnswer,
    OwnProposal,
    OwnRole,
    OwnTitle,
)

AnyRow = Row[*tuple[Any, ...]]

_content_decoder = msgspec.json.Decoder(Content)


async def read(connection: AsyncConnection, wanted: OwnDataWanted) -> OwnData:
    """Return it as it stands; of somebody not known yet, what their chat has."""
    person_id = wanted.person_id

    async def rows(statement: Select[*tuple[Any, ...]]) -> Sequence[AnyRow]:
        return (await connection.execute(statement)).all()

    chats = conversations.c.id == wanted.conversation_id
    if person_id:
        chats = or_(chats, conversations.c.id.in_(phones.chats_of(person_id)))
    theirs = select(conversations.c.id).where(chats)
    found = await rows(trail.entries(_concerns(person_id))) if person_id else ()
    acts = [(read_act(row), row.owner_id == person_id) for row in found]
    forms = select(assessments.c.id).where(assessments.c.person_id == person_id)
    times = ("id", "begun_at", "submitted_at", "touched_at", "reminded")
    listed = ("unit_id", "round_id", "number", "dated", "at")
    made = ("role", "unit_id", "expires", "used_at", "until")
    return OwnData(
        known_since=await connection.scalar(select(people.c.created_at).where(people.c.id == person_id)),
        chats=_each(OwnChat, await rows(_chats(chats, person_id))),
        consents=_each(OwnConsent, await rows(_consents(theirs, person_id))),
        roles=_each(
            OwnRole,
            await rows(_of(roles, ("role", "unit_id", "since", "until", "away_until"), roles.c.person_id == person_id)),
        ),
        invitations=_each(OwnInvitation, await rows(_of(invitations, made, invitations.c.invited_by == person_id))),
        forms=_each(OwnFormTimes, await rows(_of(assessments, times, assessments.c.person_id == person_id))),
        answered={
            (row.assessment_id, row.indicator_id): row.at
            for row in await rows(
                _of(answers, ("assessment_id", "indicator_id", "at"), answers.c.assessment_id.in_(forms))
            )
        },
        proved={row.id: row.at for row in await rows(_of(evidence, ("id", "at"), evidence.c.assessment_id.in_(forms)))},
        acts_on_forms=tuple(one for one, own in acts if one.about == FORM and own),
        acts_on_others=tuple(one for one, own in acts if one.about == FORM and not own),
        acts=tuple(one for one, _own in acts if one.about != FORM),
        muted=tuple(row.kind for row in await rows(_of(mutes, ("kind",), mutes.c.person_id == person_id))),
        notices_answered=tuple(
            OwnNoticeAnswer(_beginning(row), row.answer, row.at) for row in await rows(_answered(person_id))
        ),
        notices_received=tuple(_notices(await rows(_received(theirs)))),
        notices_written=tuple(_notices(await rows(_written(person_id)))),
        reports_asked=tuple(
            row.asked_at for row in await rows(_of(notice_reports, ("asked_at",), *_asked_reports(theirs, person_id)))
        ),
        papers_asked=tuple(
            row.asked_at for row in await rows(_of(papers, ("asked_at",), papers.c.person_id == person_id))
        ),
        closings=tuple(_closing(row) for row in await rows(select(closings).where(closings.c.person_id == person_id))),
        samples_drawn=tuple(row.at for row in await rows(_of(samples, ("at",), samples.c.person_id == person_id))),
        titles=_each(OwnTitle, await rows(_titles(forms))),
        decisions=_each(
            OwnDecision,
            await rows(
                _of(recognitions, ("unit_id", "number", "dated", "signer", "at"), recognitions.c.person_id == person_id)
            ),
        ),
        proposals=_each(OwnProposal, await rows(_of(proposals, listed, proposals.c.person_id == person_id))),
        lives_with=tuple(await connection.scalars(households.names_of_home(person_id))) if person_id else (),
        asked_to_live_with=tuple((row.asked_at, row.name) for row in await rows(households.asked_by(person_id))),
        signed_in=tuple(
            row.opened_at
            for row in await rows(
                _of(sign_ins, ("opened_at",), sign_ins.c.person_id == person_id, sign_ins.c.opened_at.is_not(None))
            )
        ),
        arrivals=await connection.scalar(select(arrivals.c.told_how).where(arrivals.c.person_id == person_id)),
    )


def _of(table: Table, columns: Sequence[str], *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(*(table.c[name] for name in columns)).where(*where).order_by(*table.primary_key.columns)


def _each(kind: Any, rows: Sequence[AnyRow]) -> tuple[Any, ...]:
    return tuple(kind(**row._mapping) for row in rows)


def _titles(forms: Select[tuple[int]]) -> Select[*tuple[Any, ...]]:
    columns = ("number", "year", "name", "title", "village_id", "unit_id", "code", "revoked_at", "reason")
    return (
        select(*(titles.c[name] for name in columns), recognitions.c.number.label("decision"), recognitions.c.dated)
        .join(recognitions, recognitions.c.id == titles.c.recognition_id)
        .where(titles.c.assessment_id.in_(forms))
        .order_by(titles.c.id)
    )


def _chats(where: ColumnElement[bool], person_id: int) -> Select[*tuple[Any, ...]]:
    """Select chats, how many people share each of them, and since when it is a person's who has several."""
    theirs = and_(joined_chats.c.conversation_id == conversations.c.id, joined_chats.c.person_id == person_id)
    goes_there = exists().where(
        joined_people.c.person_id == person_id, joined_people.c.letters_to == conversations.c.id
    )
    shared_by = (
        select(func.count()).where(conversation_people.c.conversation_id == conversations.c.id).scalar_subquery()
    )
    return (
        _of(conversations, ("channel", "address", "language", "blocked_at"), where)
        .add_columns(
            shared_by.label("shared_by"), joined_chats.c.since, joined_chats.c.used_at, goes_there.label("letters")
        )
        .outerjoin(joined_chats, theirs)
    )


def _consents(theirs: Select[tuple[int]], person_id: int) -> Select[*tuple[Any, ...]]:
    """Select what was agreed to by a person, in whichever chat, or by whoever their chats had; of others on the phone
    it is theirs. What was withdrawn with everything else is nobody's now and left out."""
    return _of(
        consents,
        ("about", "text_version", "given", "given_by", "how", "given_on", "witness", "at"),
        or_(
            and_(consents.c.conversation_id.in_(theirs), consents.c.person_id.is_(None)),
            consents.c.person_id == person_id,
        ),
        consents.c.withdrawn_at.is_(None),
    )


def _asked_reports(theirs: Select[tuple[int]], person_id: int) -> Sequence[ColumnElement[bool]]:
    """Say that a report was asked for by somebody, in a chat of theirs, and not by another of the phone."""
    reports = notice_reports.c
    return reports.conversation_id.in_(theirs), or_(reports.person_id.is_(None), reports.person_id == person_id)


def _concerns(person_id: int) -> ColumnElement[bool]:
    return or_(trail_rows.c.actor_id == person_id, trail_rows.c.owner_id == person_id)


def read_act(row: AnyRow) -> OwnAct:
    """Return an entry of the trail."""
    return OwnAct(
        at=row.at,
        act=row.act,
        role=row.role,
        about=row.about,
        about_id=row.about_id,
        unit_id=row.unit_id,
        version=row.version,
        reason=row.reason,
        details=read_details(row.details),
        by=row.by,
    )


def _answered(person_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(notices.c.content, notice_answers.c.answer, notice_answers.c.at)
        .join(notices, notices.c.id == notice_answers.c.notice_id)
        .where(notice_answers.c.person_id == person_id)
        .order_by(notice_answers.c.at)
    )


def _received(theirs: Select[tuple[int]]) -> Select[*tuple[Any, ...]]:
    return (
        select(notices.c.content, outbox.c.state, outbox.c.created_at.label("at"))
        .join(outbox, outbox.c.notice_id == notices.c.id)
        .where(outbox.c.notice_id.is_not(None), outbox.c.conversation_id.in_(theirs))
        .order_by(outbox.c.id)
    )


def _written(person_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(notices.c.content, notices.c.state, notices.c.created_at.label("at"))
        .where(notices.c.author_id == person_id)
        .order_by(notices.c.id)
    )


def _notices(rows: Sequence[AnyRow]) -> Iterator[OwnNotice]:
    return (OwnNotice(_beginning(row), row.state, row.at) for row in rows)


def _closing(row: AnyRow) -> OwnClosing:
    return OwnClosing(row.unit_id, row.state, read_minutes(row), row.posted_until, row.reason, row.at)


def _beginning(row: AnyRow) -> str:
    """Return the first line of a notice; nothing of one that only a newer version can read."""
    try:
        return _content_decoder.decode(row.content).vi.strip().partition("\n")[0]
    except msgspec.DecodeError:
        return ""
