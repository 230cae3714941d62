"""Look up what turns asked for: all of a kind together, in the transaction that decides them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, assert_never

import msgspec
import structlog
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import notices, own_data, role_holders
from bot.store.gathering import find_assessments
from bot.store.reference import ReferenceRead
from bot.store.scopes import lies_in
from bot.store.tables import answers, assessments, invitations, people
from flows.conversation.facts import Found, Need
from flows.forms.needs import AssessmentWanted
from flows.notices.needs import (
    ApproversWanted,
    AudienceWanted,
    LedgerWanted,
    NoticesWanted,
    NoticeWanted,
    RespondentsWanted,
)
from flows.privacy.needs import OwnDataWanted
from flows.received.needs import MutedWanted, ReceivedWanted
from flows.review.needs import FormList, ListedForm, ListWanted
from flows.roles.needs import HoldersWanted, Invitation, InvitationWanted
from flows.subjects import AnyNeed
from flows.words.wording import Named

Finder = Callable[[AsyncConnection, Sequence[Any], Found, ReferenceRead], Awaitable[None]]

_answered = select(func.count()).where(answers.c.assessment_id == assessments.c.id).scalar_subquery()

log = structlog.get_logger()


async def look_up(connection: AsyncConnection, needs: Iterable[Need[Any]], shared: ReferenceRead) -> Found:
    """Look up what turns asked for. What does not exist is found to be None or empty; what cannot be read is left
    out."""
    by_finder: dict[Finder, list[Need[Any]]] = {}
    for need in set(needs):
        by_finder.setdefault(_finder(need), []).append(need)
    found = Found()
    for finder, of_a_kind in by_finder.items():
        await finder(connection, of_a_kind, found, shared)
    return found


def _finder(need: Need[Any]) -> Finder:
    assert isinstance(need, AnyNeed)
    match need:
        case AssessmentWanted():
            return find_assessments
        case InvitationWanted():
            return _find_invitations
        case ListWanted():
            return _find_lists
        case NoticeWanted():
            return _find_notices
        case NoticesWanted():
            return _find_notice_pages
        case ApproversWanted():
            return _find_approvers
        case ReceivedWanted():
            return _find_received
        case RespondentsWanted():
            return _find_respondents
        case HoldersWanted():
            return _find_holders
        case MutedWanted():
            return _find_muted
        case OwnDataWanted():
            return _find_own_data
        case AudienceWanted() | LedgerWanted():
            raise AssertionError("what is many rows is counted aside")
        case _:
            assert_never(need)


async def _find_invitations(
    connection: AsyncConnection, needs: Sequence[InvitationWanted], found: Found, shared: ReferenceRead
) -> None:
    """Look up invitations, locked until the transaction ends: each is used once."""
    for need in needs:
        found.put(need, None)
    of_digests = select(invitations).where(invitations.c.digest.in_([need.digest for need in needs]))
    for row in await connection.execute(of_digests.order_by(invitations.c.digest).with_for_update()):
        invitation = Invitation(row.digest, row.role, row.unit_id, row.expires, row.used_at is None)
        found.put(InvitationWanted(row.digest), invitation)


async def _find_lists(
    connection: AsyncConnection, needs: Sequence[ListWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await listed(connection, need))


async def listed(connection: AsyncConnection, wanted: ListWanted) -> FormList:
    """Return a page of forms of one state, and how many there are in each."""
    in_units = and_(
        lies_in(assessments.c.unit_id, wanted.units),
        assessments.c.round_id.in_(sorted(wanted.rounds)),
        assessments.c.person_id != wanted.without_person,
    )
    counted = await connection.execute(
        select(assessments.c.state, func.count()).where(in_units).group_by(assessments.c.state)
    )
    forms = await connection.execute(
        select(
            assessments.c.id,
            assessments.c.person_id,
            people.c.name,
            assessments.c.state,
            assessments.c.total,
            _answered.label("answered"),
        )
        .join(people, people.c.id == assessments.c.person_id)
        .where(in_units, assessments.c.state == wanted.state)
        .order_by(assessments.c.submitted_at, assessments.c.id)
        .offset(wanted.offset)
        .limit(wanted.limit)
        .with_for_update(read=True, key_share=True, of=people)  # who is erased waits until this can be found
    )
    return FormList(
        {row[0]: row[1] for row in counted},
        tuple(
            [ListedForm(row.id, Named(row.person_id, row.name), row.state, row.total, row.answered) for row in forms]
        ),
    )


async def _find_notices(
    connection: AsyncConnection, needs: Sequence[NoticeWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        try:
            found.put(need, await notices.find(connection, need.id))
        except msgspec.DecodeError:
            log.warning("notice_unreadable", notice_id=need.id)


async def _find_notice_pages(
    connection: AsyncConnection, needs: Sequence[NoticesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await notices.page(connection, need))


async def _find_approvers(
    connection: AsyncConnection, needs: Sequence[ApproversWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await notices.approvers(connection, need, shared.reference.units))


async def _find_received(
    connection: AsyncConnection, needs: Sequence[ReceivedWanted], found: Found, shared: ReferenceRead
) -> None:
    received = await notices.received(connection, needs)
    for need in needs:
        found.put(need, need in received)


async def _find_respondents(
    connection: AsyncConnection, needs: Sequence[RespondentsWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await notices.respondents(connection, need))


async def _find_holders(
    connection: AsyncConnection, needs: Sequence[HoldersWanted], found: Found, shared: ReferenceRead
) -> None:
    held = await role_holders.over(connection, [need.unit_id for need in needs])
    for need in needs:
        found.put(need, held.get(need.unit_id, ()))


async def _find_muted(
    connection: AsyncConnection, needs: Sequence[MutedWanted], found: Found, shared: ReferenceRead
) -> None:
    muted = await notices.muted(connection, [need.person_id for need in needs])
    for need in needs:
        found.put(need, muted.get(need.person_id, frozenset()))


async def _find_own_data(
    connection: AsyncConnection, needs: Sequence[OwnDataWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await own_data.read(connection, need))
