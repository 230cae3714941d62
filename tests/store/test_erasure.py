"""What an erasure leaves: looked for in every table and in the folder of files, with nothing delivered meanwhile."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.services.files import FileStore
from bot.services.housekeeping import Housekeeper
from bot.store.core import outbox
from bot.store.core.outbox import NOTICE, Letter, Recipient
from bot.store.core.tables import consents, conversations, inbox, notices, people, tallies
from bot.store.core.tables import outbox as letters
from flows.conversation.messages import Outgoing
from flows.conversation.replies import Pressed, SentFile
from flows.registration.talk import CONSENT_VERSION
from tests.commune import BOT, CHANNEL, Commune

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
NAME = "Nguyễn Thị Lan"
WORDS = "Lớp xoá mù chữ buổi tối"


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """An empty store of files."""
    return FileStore(tmp_path / "evidence")


def housekeeper(commune: Commune, files: FileStore) -> Housekeeper:
    return Housekeeper(commune.database, files, lambda: commune.now)


async def to(commune: Commune, name: str) -> Recipient:
    rows = await commune.rows(select(conversations).where(conversations.c.address == name))
    return Recipient(rows[0].id, CHANNEL, BOT, name, "vi")


async def lan_is_everywhere(commune: Commune, files: FileStore) -> str:
    """Leave traces of Lan in every table that can have one, with nothing delivered. Returns the digest of her photo."""
    photo = await files.keep(JPEG)
    await commune.say("Lan", "rút lại", "sửa 2", "1")
    await commune.together(("Lan", SentFile("photo", "lop.jpg", photo.source)))
    await commune.say("Lan", WORDS)
    await commune.say("Lan2", "/start", "vi", "đồng ý")
    await commune.say("Lan", "nộp phiếu", "/dulieu", "xem")
    await commune.say("Hạnh", "/review")
    lan = (await commune.form("Lan")).person_id
    async with commune.database.writing() as connection:
        await connection.execute(
            update(conversations).where(conversations.c.address == "Lan2").values(person_id=lan, language="vi")
        )
        reminder = Letter(await to(commune, "Lan2"), Outgoing(f"Nhắc {NAME}"), priority=NOTICE)
        await outbox.queue(connection, [reminder], commune.now)
        notice = {
            "conversation_id": 1,
            "content": b"{}",
            "audience": b"{}",
            "state": "sending",
            "started_at": commune.now,
        }
        await connection.execute(insert(notices).values(**notice, id=7, created_at=commune.now))
        ledger = {"channel": CHANNEL, "bot": BOT, "address": "Lan2", "priority": NOTICE, "state": "queued"}
        lan2 = (await to(commune, "Lan2")).conversation_id
        await connection.execute(
            insert(letters).values(**ledger, conversation_id=lan2, notice_id=7, created_at=commune.now)
        )
    return photo.digest


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def traces(commune: Commune, folder: Path, *wanted: str) -> list[str]:
    """Return those of some words that are found in a table or in the name of a file."""
    kept = await commune.everything() + "\n".join(files_in(folder))
    return [one for one in wanted if one in kept]


async def test_erasing_leaves_nothing_of_somebody_even_when_nothing_is_delivered(
    commune: Commune, files: FileStore, tmp_path: Path
) -> None:
    digest = await lan_is_everywhere(commune, files)
    about_her = (NAME, WORDS, "lop.jpg", digest, "Lan2")
    assert await traces(commune, tmp_path, *about_her) == list(about_her)
    await commune.say("Lan", "/privacy", "xoá")
    await commune.turns.receive([commune.update("Lan", "xoá hết")])
    for done in await commune.work():
        files.forget(done.files, time.time())
    assert await traces(commune, tmp_path, *about_her) == []
    assert await commune.column(select(letters.c.state).where(letters.c.notice_id == 7)) == ["muted"]
    # All that is left is where the last reply has to go.
    assert [text[:20] for text in await commune.texts("Lan")] != []
    await housekeeper(commune, files).run_once()
    assert await commune.count(conversations, conversations.c.address == "Lan") == 0
    assert await commune.count(letters, letters.c.address == "Lan") == 0


async def test_a_name_of_one_word_takes_every_letter_that_names_its_owner_and_no_other(commune: Commune) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(update(people).where(people.c.name == NAME).values(name="Xin"))
        said = Letter(await to(commune, "Hạnh"), Outgoing("Xinh quá! Xin chào."))
        await outbox.queue(connection, [said], commune.now)
    form = await commune.form("Lan")
    await commune.together(("Minh", "/help"))
    await commune.say("Hạnh", "/review", "1", "điều chỉnh", "/cancel")
    await commune.press("Trường", f"c:return:{form.id}:{form.version}")
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    assert len(await commune.texts("Minh")) == 1
    left = {name: [one[:10] for one in await commune.texts(name)] for name in ("Hạnh", "Trường")}
    assert left == {"Hạnh": ["Xinh quá! ", "Đã dừng.\n\n"], "Trường": []}


async def test_a_head_who_lives_nowhere_here_is_no_longer_named_to_administrators(commune: Commune) -> None:
    await commune.say("Hoa", "/invite", "cho thôi nhiệm vụ", "thôn Đông Thần Khê", "1")
    waiting = select(letters.c.body).where(letters.c.address == "Hoa", letters.c.state == "queued")
    assert "Vũ Thị Hạnh" in (await commune.column(waiting))[-1].decode()
    await commune.say("Hạnh", "/privacy", "xoá", "xoá hết")
    assert "Vũ Thị Hạnh" not in await commune.everything()


async def test_a_press_whose_answer_names_who_is_erased_is_answered_without_words(commune: Commune) -> None:
    form = await commune.form("Lan")
    press = commune.update("Hạnh", Pressed(f"c:adjust:{form.id}:{form.version}"), callback="a press")
    await commune.turns.receive([press])
    await commune.work()
    waiting = select(letters.c.callback, letters.c.body).where(letters.c.callback.is_not(None))
    assert [(row.callback, NAME in row.body.decode()) for row in await commune.rows(waiting)] == [("a press", True)]
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    still = waiting.where(letters.c.state == "queued")
    assert [tuple(row) for row in await commune.rows(still)] == [("a press", None)]


async def test_a_letter_that_names_somebody_else_of_the_same_name_stays(commune: Commune) -> None:
    lan = (await commune.form("Lan")).person_id
    hanh = await to(commune, "Hạnh")
    async with commune.database.writing() as connection:
        cards = [Letter(hanh, Outgoing(f"{NAME} {id_}"), about=frozenset({id_})) for id_ in (lan, 10 * lan + 1)]
        cards.append(Letter(hanh, Outgoing(f"{NAME} {lan} 2"), about=frozenset({10 * lan + 1, lan})))
        await outbox.queue(connection, cards, commune.now)
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    assert await commune.texts("Hạnh") == [f"{NAME} {10 * lan + 1}"]


async def test_what_names_somebody_at_the_moment_of_their_erasure_is_not_left(commune: Commune) -> None:
    await commune.say("Lan", "/privacy", "xoá")
    await commune.together(("Hạnh", "/review"), ("Lan", "xoá hết"), ("Trường", "/review"))
    assert NAME not in await commune.everything()
    assert [text.count(NAME) for text in await commune.texts("Trường")] == [0]


async def test_of_a_child_nothing_is_left_when_the_representative_does_not_agree(commune: Commune) -> None:
    people_before = await commune.count(people)
    await commune.say("Nam", "/start v-tk-dong", "vi", "đồng ý", "Hoàng Văn Nam", "2014", "Đỗ Thị Thu")
    assert await commune.count(people) == people_before  # until here only what the question needs
    await commune.say("Nam", "không đồng ý")
    await commune.deliver()
    kept = await commune.everything()
    assert [word in kept for word in ("Hoàng Văn Nam", "Đỗ Thị Thu", "2014")] == [False] * 3


async def test_that_somebody_agreed_and_until_when_stays_without_saying_who(commune: Commune) -> None:
    proof = select(consents.c.text_version, consents.c.given, consents.c.given_by, consents.c.withdrawn_at)
    await commune.say("Nam", "/start", "vi", "đồng ý", "Hoàng Văn Nam", "2014", "Đỗ Thị Thu", "đồng ý")
    before = [tuple(row) for row in await commune.rows(proof.order_by(consents.c.id))][-2:]
    assert before == [(CONSENT_VERSION, True, None, None), (CONSENT_VERSION, True, "Đỗ Thị Thu", None)]
    await commune.say("Nam", "/privacy", "xoá", "xoá hết")
    after = (await commune.rows(proof.order_by(consents.c.id)))[-2:]
    assert [(row.given, row.given_by, row.withdrawn_at is not None) for row in after] == [(True, None, True)] * 2
    kept = await commune.everything()
    assert [name in kept for name in ("Hoàng Văn Nam", "Đỗ Thị Thu")] == [False, False]


async def test_an_address_that_cannot_be_written_to_is_forgotten_after_a_day(
    commune: Commune, files: FileStore
) -> None:
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    await housekeeper(commune, files).run_once()
    assert await commune.count(conversations, conversations.c.address == "Lan") == 1
    commune.now += timedelta(days=1, minutes=1)
    await housekeeper(commune, files).run_once()
    assert await commune.count(conversations, conversations.c.address == "Lan") == 0
    assert await commune.count(letters, letters.c.address == "Lan") == 0


async def test_who_was_erased_and_writes_again_is_a_stranger_and_old_updates_stay_known(
    commune: Commune, files: FileStore
) -> None:
    await commune.say("Lan", "/privacy", "xoá")
    last = commune.update("Lan", "xoá hết", update_id="last")
    await commune.turns.receive([last])
    await commune.work()
    await commune.read("Lan")
    old = (await to(commune, "Lan")).conversation_id
    await housekeeper(commune, files).run_once()
    await commune.turns.receive([last])
    assert await commune.work() == []
    assert await commune.count(inbox, inbox.c.update_id == "last") == 1
    assert await commune.count(conversations, conversations.c.address == "Lan") == 0
    await commune.say("Lan", "/start")
    assert (await to(commune, "Lan")).conversation_id != old
    assert len(await commune.read("Lan")) == 1


async def test_who_begins_anew_before_their_address_is_forgotten_goes_on(commune: Commune, files: FileStore) -> None:
    await commune.say("Lan", "/privacy", "xoá", "xoá hết", "/start")
    await commune.read("Lan")
    await housekeeper(commune, files).run_once()
    assert await commune.count(conversations, conversations.c.address == "Lan") == 1


async def test_of_the_erased_the_counts_know_only_what_was_decided(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    for name in ("Lan", "Minh"):
        await commune.say(name, "/privacy", "xoá", "xoá hết")
    left = await commune.column(select(tallies.c.state).where(tallies.c.count > 0))
    assert left == ["erased"]


async def test_a_head_who_confirms_what_is_just_erased_counts_nothing_twice(commune: Commune) -> None:
    form = await commune.form("Lan")
    await commune.say("Lan", "/privacy", "xoá")
    await commune.together(("Lan", "xoá hết"), ("Hạnh", Pressed(f"c:confirm:{form.id}:{form.version}")))
    counted = await commune.column(select(tallies.c.count))
    assert min(counted) == 0
    assert sum(counted) == 1  # of Minh


async def test_files_that_nothing_refers_to_go_after_a_day(commune: Commune, files: FileStore, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    used, lost, fresh = [await files.keep(JPEG + bytes([number])) for number in range(3)]
    await commune.say("Minh", "rút lại", "sửa 2", "1")
    await commune.together(("Minh", SentFile("photo", "lop.jpg", used.source)))
    half_written = folder / used.digest[:2] / "tmpabc"
    half_written.write_bytes(JPEG)
    for path in (half_written, *(folder / kept.digest[:2] / kept.digest for kept in (used, lost))):
        os.utime(path, (0, commune.now.timestamp() - 90_000))
    os.utime(folder / fresh.digest[:2] / fresh.digest, (0, commune.now.timestamp()))
    await housekeeper(commune, files).run_once()
    assert files_in(folder) == sorted([used.digest, fresh.digest])
