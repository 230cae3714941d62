"""Migrations up and down with data in every table, and what is refused instead of being worked with."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, inspect, select, text

import bot.store.migrations
from bot.services import invitations
from bot.store.core import tables as tables_of
from bot.store.core.database import PRAGMAS, Database, DatabaseUnusable, check_reachable
from bot.store.core.migrating import check_migrated, migrate, newest_revision
from bot.store.core.tables import metadata
from bot.store.joining import join_codes, join_misses
from tests.commune import Commune, gone_live
from tests.databases import AS_SHIPPED, BACKENDS, Backend, Databases
from tests.sample import NOW

SCRIPTS = ScriptDirectory(str(Path(bot.store.migrations.__file__).parent))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()]


def test_the_newest_revision_by_the_names_of_files_is_the_one_migrations_lead_to() -> None:
    assert newest_revision() == SCRIPTS.get_current_head()


async def nothing(database: Database) -> None:
    """Leave a database as it was made."""
    async with database.reading() if not database.is_sqlite else database.writing() as connection:
        await connection.execute(text("SELECT 1"))


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


async def tables(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names())) - {"alembic_version"}


async def test_the_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []


def test_there_is_one_newest_revision() -> None:
    assert len(SCRIPTS.get_heads()) == 1


async def _with_notices(database: Database) -> None:
    """Put a row into every table of notices, and one into a ledger."""
    rows: dict[Table, dict[str, object]] = {
        tables_of.notices: {
            "id": 1, "author_id": 1, "conversation_id": 1, "content": b"{}", "audience": b"{}", "state": "sending",
            "created_at": NOW,
        },
        tables_of.notice_units: {"notice_id": 1, "unit_id": 1},
        tables_of.notice_answers: {"notice_id": 1, "person_id": 1, "question": "who", "answer": "come", "at": NOW},
        tables_of.notice_reports: {"notice_id": 1, "conversation_id": 1, "asked_at": NOW},
        tables_of.approval_limits: {"unit_id": 1, "above": 10},
        tables_of.mutes: {"person_id": 1, "kind": "notices"},
        tables_of.reminders: {"key": "digest", "at": NOW},
        tables_of.standing_messages: {"conversation_id": 1, "topic": "notice-1", "message_id": "1"},
        tables_of.button_codes: {"conversation_id": 1, "code": 1, "payload": "c:continue"},
        tables_of.leases: {"name": "delivery", "holder": "somebody", "until": NOW},
        tables_of.channel_tokens: {
            "channel": "zalo-oa", "bot": "1", "seed": "", "access": "a", "refresh": "r", "made_at": NOW,
            "expires_at": NOW,
        },
        tables_of.outbox: {
            "conversation_id": 1, "channel": "telegram", "bot": "1", "address": "1", "priority": 1, "state": "queued",
            "created_at": NOW, "notice_id": 1,
        },
    }  # fmt: skip
    async with database.writing() as connection:
        for table, row in rows.items():
            await connection.execute(table.insert().values(row))


async def _with_batches(database: Database) -> None:
    """Put a row into every table of what a branch does with many forms and people."""
    rows: dict[Table, dict[str, object]] = {
        tables_of.batches: {
            "id": 1, "person_id": 1, "conversation_id": 1, "ordered": b"{}", "stage": "ended", "ordered_at": NOW,
        },
        tables_of.batch_items: {"batch_id": 1, "assessment_id": 1, "version": 1, "outcome": "told"},
        tables_of.asked_reminders: {"unit_id": 1, "day": NOW.date(), "conversation_id": 1, "person_id": 1},
    }  # fmt: skip
    async with database.writing() as connection:
        for table, row in rows.items():
            await connection.execute(table.insert().values(row))


async def _with_proposals(database: Database) -> None:
    """Put a row into every table from the village to the certificate."""
    here: dict[str, object] = {"unit_id": 1, "round_id": 1, "at": NOW}
    rows: dict[Table, dict[str, object]] = {
        tables_of.closings: {**here, "state": "closed", "version": 1, "meeting": b"{}", "reason": ""},
        tables_of.samples: {**here, "seed": "s", "drawn_from": 1, "forms": b"[1]"},
        tables_of.proposals: {**here, "id": 1, "state": "proposed", "number": ""},
        tables_of.recognitions: {
            **here, "id": 1, "proposal_id": 1, "number": "1", "dated": NOW.date(), "signer": "",
        },
        tables_of.titles: {
            "assessment_id": 1, "recognition_id": 1, "unit_id": 1, "year": 2026, "number": 1, "code": "c", "name": "",
            "village_id": 2, "title": "", "reason": "",
        },
    }  # fmt: skip
    async with database.writing() as connection:
        for table, row in rows.items():
            await connection.execute(table.insert().values(row))


async def _with_a_shared_phone(database: Database) -> None:
    row = {"conversation_id": 1, "person_id": 1, "place": 0, "session": b"{}"}
    async with database.writing() as connection:
        await connection.execute(tables_of.conversation_people.insert().values(row))


async def _with_somebody_on_two_channels(database: Database) -> None:
    theirs = {"person_id": 1, "conversation_id": 1}
    async with database.writing() as connection:
        await connection.execute(tables_of.joined_people.insert().values(**theirs, session=b"{}"))
        await connection.execute(tables_of.joined_chats.insert().values(**theirs, since=NOW, used_at=NOW))
        await connection.execute(join_codes.insert().values(**theirs, digest="0", made_at=NOW, expires=NOW))
        await connection.execute(join_misses.insert().values(conversation_id=1, misses=1, at=NOW))


async def _with_a_paper(database: Database) -> None:
    asked = {"conversation_id": 1, "person_id": 1, "kind": "list", "unit_id": 1, "year": 2026, "about": 0, "group": ""}
    async with database.writing() as connection:
        await connection.execute(tables_of.papers.insert().values(id=1, asked_at=NOW, **asked))
        await connection.execute(tables_of.paper_files.insert().values(paper_id=1, digest="0" * 64))


async def _with_a_link(database: Database) -> None:
    row = {
        "token": "t",
        "conversation_id": 1,
        "code": "c",
        "digest": "d",
        "name": "",
        "language": "vi",
        "expires_at": NOW,
    }
    async with database.writing() as connection:
        await connection.execute(tables_of.file_links.insert().values(row))


async def _with_a_template(database: Database) -> None:
    row = {"unit_id": 1, "name": "decision", "content": b"PK", "imported_at": NOW}
    async with database.writing() as connection:
        await connection.execute(tables_of.templates.insert().values(row))


async def test_what_people_are_chosen_by_is_made_for_those_who_were_known_before(commune: Commune) -> None:
    before = sorted(tuple(row) for row in await commune.rows(select(tables_of.contacts)))
    await migrate(commune.database, "0001")
    await migrate(commune.database)
    assert sorted(tuple(row) for row in await commune.rows(select(tables_of.contacts))) == before
    assert len(before) == 5


async def test_units_that_were_there_before_are_numbered(commune: Commune) -> None:
    numbers = select(tables_of.units.c.id, tables_of.units.c.first, tables_of.units.c.last).order_by("id")
    before = [tuple(row) for row in await commune.rows(numbers)]
    await migrate(commune.database, "0002")
    await migrate(commune.database)
    assert [tuple(row) for row in await commune.rows(numbers)] == before
    assert [span for _id, *span in before] == [[1, 3], [2, 2], [3, 3]]


async def test_letters_that_waited_before_know_whose_form_they_show(commune: Commune) -> None:
    await commune.say("Lan", "rút lại", "nộp phiếu")
    await commune.say("Minh", "/help")
    about = select(tables_of.outbox.c.address, tables_of.outbox.c.about).where(tables_of.outbox.c.state == "queued")
    before = sorted(tuple(row) for row in await commune.rows(about) if row.address in {"Hạnh", "Trường", "Minh"})
    await migrate(commune.database, "0005")
    await migrate(commune.database)
    after = sorted(tuple(row) for row in await commune.rows(about) if row.address in {"Hạnh", "Trường", "Minh"})
    lan = (await commune.form("Lan")).person_id
    assert after == before == [("Hạnh", f",{lan},"), ("Minh", None), ("Trường", f",{lan},")]


async def test_reminders_that_waited_before_are_of_the_kind_that_their_button_turns_off(commune: Commune) -> None:
    row = {"conversation_id": 1, "channel": "telegram", "bot": "1", "state": "queued", "created_at": NOW, "priority": 1}
    async with commune.database.writing() as connection:
        for kind in ("reminders", "digests", "dates"):
            body = b'{"text":"x","buttons":[[{"label":"x","payload":"c:mute:%s"}]]}' % kind.encode()
            await connection.execute(tables_of.outbox.insert().values(**row, address=kind, body=body))
        await connection.execute(tables_of.outbox.insert().values(**row, address="None", body=b'{"text":"reminders"}'))
    await migrate(commune.database, "0017")
    await migrate(commune.database)
    kinds = select(tables_of.outbox.c.address, tables_of.outbox.c.kind).where(tables_of.outbox.c.priority == 1)
    assert [(row.address, str(row.kind)) for row in await commune.rows(kinds.order_by(tables_of.outbox.c.id))] == [
        (kind, kind) for kind in ("reminders", "digests", "dates", "None")
    ]


async def test_consent_that_ended_is_nobodys_to_an_older_version(commune: Commune) -> None:
    there = await commune.count(tables_of.consents)
    await commune.say("Minh", "/privacy", "xoá", "xoá hết")
    assert await commune.count(tables_of.consents) == there
    await migrate(commune.database, "0005")
    await migrate(commune.database)
    assert await commune.count(tables_of.consents) == there - 1


async def test_what_was_agreed_about_names_is_no_consent_to_be_kept_in_an_older_version(commune: Commune) -> None:
    await commune.say("Lan", "không nêu tên", "không nêu tên")
    told = select(tables_of.consents.c.given).order_by(tables_of.consents.c.id)
    mine = tables_of.consents.c.about == "keeping"
    before = await commune.column(told.where(mine))
    assert len(await commune.column(told)) == len(before) + 1
    await migrate(commune.database, "0046")
    await migrate(commune.database)
    assert await commune.column(told) == await commune.column(told.where(mine)) == before
    assert set(await commune.column(select(tables_of.people.c.publishes))) == {None}


async def test_what_notices_repeat_and_how_long_their_lists_are_is_found_for_those_that_were_there_before(
    commune: Commune,
) -> None:
    await _with_notices(commune.database)
    alike = {"author_id": 1, "conversation_id": 1, "audience": b"{}", "state": "scheduled", "created_at": NOW}
    rows: list[dict[str, object]] = [
        {"id": 2, "content": b"{}", "repeat": "weekly"},
        {"id": 3, "content": b'{"vi":"x"}', "repeat": "weekly"},
        {"id": 4, "content": b"{}", "repeat": "weekly"},
        {"id": 5, "content": b"{}", "repeat": "weekly"},
    ]
    async with commune.database.writing() as connection:
        await connection.execute(tables_of.notices.update().values(state="gathering"))
        await connection.execute(tables_of.notices.insert(), [{**alike, **row} for row in rows])
    await migrate(commune.database, "0005")
    await migrate(commune.database)
    found = await commune.rows(select(tables_of.notices).order_by(tables_of.notices.c.id))
    assert [(row.series_id, row.recipients) for row in found] == [(None, 1), (None, 0), (None, 0), (2, 0), (2, 0)]


async def test_every_migration_goes_down_and_up_again_with_data_in_every_table(commune: Commune) -> None:
    await commune.say("Minh", "sửa 2", "1")
    await commune.say("Minh", "Lớp học ở nhà văn hóa")
    await _with_notices(commune.database)
    await _with_batches(commune.database)
    await _with_proposals(commune.database)
    await _with_a_template(commune.database)
    await _with_a_paper(commune.database)
    await _with_a_link(commune.database)
    await _with_a_shared_phone(commune.database)
    await commune.say("Hạnh", "trang web")
    await _with_somebody_on_two_channels(commune.database)
    await commune.say("Lan", "hộ gia đình", "thêm người nhà", "Vũ Thị Hạnh")
    await commune.say("Hạnh", "đúng, chúng tôi ở chung")
    await commune.say("Lan", "hộ gia đình", "thêm người nhà", "Lê Văn Minh")
    for table in metadata.sorted_tables:
        assert await commune.count(table) > 0, table.name
    for revision in [*REVISIONS[1:], "base"]:
        await migrate(commune.database, revision)
    assert await tables(commune.database) == set()
    for revision in reversed(REVISIONS):
        await migrate(commune.database, revision)
    await check_migrated(commune.database)
    async with commune.database.reading() as connection:
        assert await connection.run_sync(differences) == []
    left = {table.name for table in metadata.sorted_tables if await commune.count(table)}
    assert left == {"reference_version", "trail_head"}


async def test_a_database_that_went_down_and_up_works_again(database: Database) -> None:
    await migrate(database, "base")
    await gone_live(database)
    commune = Commune(database)
    await commune.say("Lan", "/start v-tk-dong", "vi", "có", "Nguyễn Thị Lan")
    code, _expires = await invitations.invite(database, "head", "tk", commune.now)
    await commune.say("Tư", f"/start {code}")
    assert len(await commune.read("Lan")) == 4


async def test_migrating_twice_changes_nothing(commune: Commune) -> None:
    before = await commune.everything()
    await migrate(commune.database)
    assert await commune.everything() == before


@pytest.mark.parametrize("backend", BACKENDS)
async def test_tables_that_are_missing_are_said_in_one_line_with_the_cure(
    backend: Backend, databases: Databases
) -> None:
    async with databases.fresh(backend, nothing) as url:
        database = Database(url)
        with pytest.raises(
            DatabaseUnusable, match=r"^the tables are missing or of an older version; run: hoctap migrate$"
        ):
            await check_migrated(database)
        await database.close()


async def test_a_database_of_a_newer_program_is_left_alone(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = await tables(database)
    with pytest.raises(DatabaseUnusable, match="made by a newer hoctap"):
        await migrate(database)
    with pytest.raises(DatabaseUnusable):
        await check_migrated(database)
    assert await tables(database) == before


async def test_a_migration_that_fails_leaves_nothing_half_done(database: Database) -> None:
    await migrate(database, "base")
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE inbox (id INTEGER)"))
    before = await tables(database)
    with pytest.raises(Exception, match="already exists"):
        await migrate(database)
    assert await tables(database) == before


# SQLite


async def test_a_database_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "hoctap.db"
    database = Database(f"sqlite+aiosqlite:///{file}")
    with pytest.raises(DatabaseUnusable, match=r"^there is no database yet; run: hoctap migrate$"):
        await check_migrated(database)
    assert not file.exists()
    await database.close()


async def test_what_sqlite_was_told_is_read_back_on_the_writing_connection(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRAGMAS, "synchronous", AS_SHIPPED["synchronous"])
    async with databases.fresh("sqlite") as url:
        database = Database(url)
        async with database.writing() as connection:
            read = {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in PRAGMAS}
        assert read == PRAGMAS
        assert (read["journal_mode"], read["synchronous"], read["foreign_keys"]) == ("wal", 2, 1)
        await database.close()


async def test_a_sqlite_that_does_not_keep_what_it_was_told_is_refused() -> None:
    database = Database("sqlite+aiosqlite:///:memory:")
    with pytest.raises(DatabaseUnusable, match=r"PRAGMA journal_mode at memory, wal is needed"):
        async with database.writing():
            pass
    await database.close()


async def test_a_reader_cannot_write(databases: Databases) -> None:
    async with databases.fresh("sqlite") as url:
        database = Database(url)
        async with database.reading() as connection:
            with pytest.raises(Exception, match="readonly"):
                await connection.execute(text("UPDATE reference_version SET version = 99"))
        await database.close()


async def test_an_address_where_nobody_answers_is_said_without_its_password() -> None:
    database = Database("postgresql+asyncpg://hoctap:geheim@127.0.0.1:1/hoctap")
    with pytest.raises(DatabaseUnusable) as refused:
        await check_reachable(database)
    assert "geheim" not in str(refused.value)
    assert str(refused.value).startswith("DATABASE_URL is not usable")
    await database.close()
