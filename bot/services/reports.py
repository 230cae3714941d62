"""Reports as files, made for whoever asked: read in pieces, written in a thread."""

import asyncio
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.reports.notices import NoticeReport, ReportHeading, ReportRow
from bot.services.runtime import Runtime
from bot.store.core.reference import read_units
from bot.store.notices import ledger, reading
from flows.domain.unit_tree import UnitTree
from flows.words.wording import Catalogue, Catalogues

CHUNK = 1000


async def make_report(
    connection: AsyncConnection, runtime: Runtime, notice_id: int, catalogue: Catalogue
) -> bytes | None:
    """Make the report of a notice as a workbook in one of the languages; None for a notice that is gone."""
    notice = await reading.read(connection, notice_id)
    if notice is None:
        return None
    units = await read_units(connection)
    with NoticeReport(ReportHeading(notice, runtime.clock(), runtime.zone), catalogue) as report:
        async for rows in _rows(connection, notice_id, units, runtime.catalogues):
            await asyncio.to_thread(report.add, rows)
        return await asyncio.to_thread(report.finished)


async def _rows(
    connection: AsyncConnection, notice_id: int, units: UnitTree, catalogues: Catalogues
) -> AsyncIterator[list[ReportRow]]:
    after = 0
    while found := await ledger.ledger(connection, notice_id, after, CHUNK):
        after = found[-1].id
        yield [
            ReportRow(
                village=units.full_name(row.unit_id) if row.unit_id in units.by_id else "",
                name=row.name or "",
                channel=row.channel,
                language=catalogues[row.language].name if row.language in catalogues else row.language or "",
                state=row.state,
                at=row.settled_at,
                error=row.error,
                answer=row.answer,
            )
            for row in found
        ]
