"""What leaves the database with time."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from bot.delivery.judging import judge
from bot.services.files import FileStore
from bot.services.housekeeping import KEEP_SEEN, KEEP_UNREAD, Housekeeper
from bot.services.sending import OutsideWindow
from bot.store.core.outbox import (
    WAITS_FOR_A_WORD,
    Letter,
    SettledLetter,
    next_replies,
    queue,
    recipient_of,
    settle,
)
from bot.store.core.tables import conversations, inbox, outbox, seen_forms
from flows.conversation.messages import Outgoing, StoredFile
from flows.conversation.replies import Typed
from tests.commune import BOT, CHANNEL, Commune


async def test_after_a_month_of_talk_the_tables_are_no_larger_than_after_a_fortnight(
    commune: Commune, tmp_path: Path
) -> None:
    keeper = Housekeeper(commune.database, FileStore(tmp_path), lambda: commune.now)
    rows: list[int] = []
    for _day in range(31):
        commune.now += timedelta(days=1)
        await commune.say("Minh", "/status", "/help")
        await commune.deliver()
        await keeper.run_once()
        rows.append(await commune.count(inbox) + await commune.count(outbox))
    assert rows[0] < rows[10]
    assert rows[30] == rows[20] == rows[16]


async def test_what_waits_stays_and_so_do_ledgers_but_no_letter_waits_for_ever(
    commune: Commune, tmp_path: Path
) -> None:
    keeper = Housekeeper(commune.database, FileStore(tmp_path), lambda: commune.now)
    await commune.say("Minh", "/help")
    await commune.turns.receive([commune.update("Lan", Typed("/help"), "waits")])
    ledger = {"channel": CHANNEL, "bot": BOT, "address": "", "priority": 1, "state": "sent", "notice_id": 7}
    async with commune.database.writing() as connection:
        await connection.execute(
            insert(outbox).values(**ledger, conversation_id=1, created_at=commune.now, settled_at=commune.now)
        )
    commune.now += timedelta(days=20)
    await keeper.run_once()
    assert await commune.count(inbox) == await commune.count(inbox, inbox.c.update_id == "waits") == 1
    assert await commune.count(outbox, outbox.c.state == "queued") == 1
    commune.now += timedelta(days=20)
    await keeper.run_once()
    assert await commune.count(outbox, outbox.c.body.is_not(None)) == 0
    await keeper.run_once()
    assert await commune.count(outbox) == await commune.count(outbox, outbox.c.notice_id == 7) == 1


async def test_how_a_form_was_shown_is_kept_until_it_is_too_long_ago(commune: Commune, tmp_path: Path) -> None:
    keeper = Housekeeper(commune.database, FileStore(tmp_path), lambda: commune.now)
    shown = await commune.count(seen_forms)
    assert shown > 0
    commune.now += KEEP_SEEN - timedelta(days=1)
    await keeper.run_once()
    assert await commune.count(seen_forms) == shown
    commune.now += timedelta(days=2)
    await keeper.run_once()
    assert await commune.count(seen_forms) == 0


async def test_what_waits_for_the_next_word_of_somebody_is_not_given_up_as_never_fetched(
    commune: Commune, tmp_path: Path
) -> None:
    keeper = Housekeeper(commune.database, FileStore(tmp_path), lambda: commune.now)
    await commune.say("Minh", "/help")
    written_at = commune.now
    async with commune.database.writing() as connection:
        (id_,) = await connection.scalars(select(outbox.c.id).where(outbox.c.state == "queued"))
        await settle(connection, [SettledLetter(id_, "queued", "-230", written_at + WAITS_FOR_A_WORD)], written_at)
    commune.now = written_at + WAITS_FOR_A_WORD + timedelta(minutes=1)
    await keeper.run_once()
    assert await commune.column(select(outbox.c.state)) == ["queued"]  # its delivery says that it is outside the window
    async with commune.database.reading() as connection:
        due = await next_replies(connection, CHANNEL, BOT, (), 9, commune.now)
    assert [judge(letter, OutsideWindow("-230"), commune.now, 1.0).settled.state for letter in due] == ["outside"]
    commune.now += KEEP_UNREAD
    await keeper.run_once()  # or there is no such channel any more
    assert await commune.column(select(outbox.c.state)) == ["failed"]


async def test_the_file_of_a_letter_stays_until_the_letter_has_gone(commune: Commune, tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    kept = await files.keep(b"%PDF-1.4 a certificate")
    _written_at(tmp_path, commune.now)
    keeper = Housekeeper(commune.database, files, lambda: commune.now)
    await commune.say("Minh", "/help")
    await commune.deliver()
    paper = Outgoing("Giấy chứng nhận", files=(StoredFile(kept.digest, "document", "giay.pdf"),))
    async with commune.database.writing() as connection:
        id_ = await connection.scalar(select(conversations.c.id).limit(1))
        to = await recipient_of(connection, id_ or 0)
        assert to is not None
        await queue(connection, [Letter(to, paper)], commune.now)
    commune.now += timedelta(days=20)
    await keeper.run_once()
    assert await files.read(kept.digest) is not None
    await commune.deliver()
    commune.now += timedelta(days=2)
    await keeper.run_once()
    assert await files.read(kept.digest) is None


def _written_at(folder: Path, moment: datetime) -> None:
    """Let the files of a folder be as old as if they had been written at a time."""
    for content in folder.glob("??/*"):
        os.utime(content, (moment.timestamp(),) * 2)
