"""Which files of the store something still refers to."""

import re
from collections.abc import Collection

from sqlalchemy import ColumnElement, TextClause, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.blobs import contains
from bot.store.core.tables import (
    OPEN_LETTERS,
    conversation_people,
    conversations,
    evidence,
    file_links,
    inbox,
    notice_reports,
    notices,
    outbox,
    paper_files,
    reference_version,
)

_STORED = "sha256:"
_DIGEST = re.compile(rb"[0-9a-f]{64}")


async def kept(connection: AsyncConnection, digests: Collection[str]) -> set[str]:
    """Return those of some files that are evidence, or belong to a notice, a report, a paper or a link."""
    wanted = sorted(digests)
    if not wanted:
        return set()
    sources = [f"{_STORED}{digest}" for digest in wanted]
    found = await connection.scalars(select(evidence.c.source).where(evidence.c.source.in_(sources)))
    used = {source.removeprefix(_STORED) for source in found}
    used |= set(await connection.scalars(select(notice_reports.c.digest).where(notice_reports.c.digest.in_(wanted))))
    used |= set(await connection.scalars(select(paper_files.c.digest).where(paper_files.c.digest.in_(wanted))))
    used |= set(await connection.scalars(select(file_links.c.digest).where(file_links.c.digest.in_(wanted))))
    used |= await _named(connection, notices.c.content, b"digest")
    return used & set(wanted)


async def remember_folder(connection: AsyncConnection, mark: str) -> str | None:
    """Keep the mark of the folder that files are kept in. Returns the mark of another one that was in use before."""
    before: str | None = await connection.scalar(select(reference_version.c.evidence_folder))
    if before == mark:
        return None
    await connection.execute(update(reference_version).values(evidence_folder=mark))
    return before


async def in_talks(connection: AsyncConnection) -> set[str]:
    """Return the files that somebody has sent in a talk that is not over, or in a message that waits, and those of
    letters that wait: some do for weeks, until their reader comes back."""
    waiting = await _named(connection, inbox.c.body, _STORED.encode(), inbox.c.done_at.is_(None))
    waiting |= await _named(connection, outbox.c.body, b"digest", text(OPEN_LETTERS))
    for said in (conversations.c.session, conversation_people.c.session):
        waiting |= await _named(connection, said, _STORED.encode()) | await _named(connection, said, b"digest")
    return waiting


async def _named(
    connection: AsyncConnection, column: ColumnElement[bytes], mark: bytes, *where: ColumnElement[bool] | TextClause
) -> set[str]:
    """Return the digests in all values of a column that have a mark in them."""
    used: set[str] = set()
    for body in await connection.scalars(select(column).where(contains(connection, column, mark), *where)):
        used |= {digest.decode() for digest in _DIGEST.findall(body)}
    return used
