"""What turns look up about notices."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.finding import Finder
from bot.store.core.reference import ReferenceRead
from bot.store.notices.reading import approvers, find, log, page, respondents
from flows.conversation.facts import Found
from flows.notices.needs import (
    AnyNeed,
    ApproversWanted,
    AudienceWanted,
    LedgerWanted,
    NoticesWanted,
    NoticeWanted,
    RespondentsWanted,
)


def finder(need: AnyNeed) -> Finder:
    """Return what looks up needs like this one."""
    match need:
        case NoticeWanted():
            return _find_notices
        case NoticesWanted():
            return _find_notice_pages
        case ApproversWanted():
            return _find_approvers
        case RespondentsWanted():
            return _find_respondents
        case AudienceWanted() | LedgerWanted():
            raise AssertionError("what is many rows is counted aside")


async def _find_notices(
    connection: AsyncConnection, needs: Sequence[NoticeWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        try:
            found.put(need, await find(connection, need.id))
        except msgspec.DecodeError:
            log.warning("notice_unreadable", notice_id=need.id)


async def _find_notice_pages(
    connection: AsyncConnection, needs: Sequence[NoticesWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await page(connection, need))


async def _find_approvers(
    connection: AsyncConnection, needs: Sequence[ApproversWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await approvers(connection, need, shared.reference.units))


async def _find_respondents(
    connection: AsyncConnection, needs: Sequence[RespondentsWanted], found: Found, shared: ReferenceRead
) -> None:
    for need in needs:
        found.put(need, await respondents(connection, need))
