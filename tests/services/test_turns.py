"""The turn loop as it runs: what is acknowledged, what is answered, and what happens while the database is away."""

import asyncio
import errno
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs

from bot.services import invitations
from bot.services.criteria_files import shipped
from bot.services.rounds import load_criteria
from bot.services.signals import Signal
from bot.services.supervisor import Supervisor
from bot.services.turns import SORRY, NotKept, Turns
from bot.store.core import contacts
from bot.store.core.database import Database, LostRace, is_unreachable, retry_while_unreachable
from bot.store.core.inbox import Incoming
from bot.store.core.tables import assessments, conversations, inbox
from bot.store.core.tables import invitations as invitations_table
from flows.conversation.facts import Links, Start
from flows.conversation.replies import Pressed, SentFile
from flows.notices.notice import Reached
from flows.roles.needs import digest_of
from flows.words.wording import render
from tests.breaking import break_once
from tests.commune import Commune, fill_in, under_way
from tests.databases import Databases
from tests.sample import CATALOGUES


@asynccontextmanager
async def running(commune: Commune, forgotten: list[str] | None = None) -> AsyncIterator[None]:
    """Run the loop until the block is left."""

    def forget(files: Iterable[str]) -> None:
        if forgotten is not None:
            forgotten.extend(files)

    task = asyncio.create_task(commune.turns.run(forget))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def answered(commune: Commune) -> None:
    """Wait until every update is done."""
    await until_waiting(commune, 0)


async def until_waiting(commune: Commune, count: int) -> None:
    """Wait until so many updates are left."""
    async with asyncio.timeout(20):
        while await commune.count(inbox, inbox.c.done_at.is_(None)) != count:
            await asyncio.sleep(0.005)


async def test_what_is_acknowledged_is_committed_and_soon_answered(commune: Commune) -> None:
    async with running(commune):
        for level in ("2", "3", "1"):
            await commune.turns.receive([commune.update("Minh", level, update_id=level)])
            assert await commune.count(inbox, inbox.c.update_id == level) == 1
        await answered(commune)
    assert len(await commune.answers("Minh")) == 6
    assert len(await commune.read("Minh")) == 3


async def test_many_people_at_once_are_each_answered_once(commune: Commune) -> None:
    names = [f"người {number}" for number in range(100)]
    async with running(commune):
        await asyncio.gather(*(commune.turns.receive([commune.update(name, "/start")]) for name in names))
        await answered(commune)
    assert [len(await commune.read(name)) for name in names] == [1] * len(names)


async def test_what_was_waiting_when_the_process_died_is_answered_by_the_next(commune: Commune) -> None:
    await commune.turns.receive([commune.update("Minh", "2"), commune.update("Minh", "3")])
    commune.turns = commune.instance()
    async with running(commune):
        await answered(commune)
    assert len(await commune.answers("Minh")) == 5


async def test_an_update_that_no_database_takes_is_not_acknowledged_and_stops_nobody_else(commune: Commune) -> None:
    bad = Incoming("telegram", "1", "Minh", None, commune.update("Minh", "2").reply)  # type: ignore[arg-type]
    async with running(commune):
        with pytest.raises(IntegrityError):
            await commune.turns.receive([bad])
        await commune.turns.receive([commune.update("Minh", "2")])
        await answered(commune)
    assert len(await commune.answers("Minh")) == 4


async def soon(seconds: float) -> None:
    """Rest for no longer than others need."""
    await asyncio.sleep(0.001)


@asynccontextmanager
async def supervised(commune: Commune) -> AsyncIterator[Supervisor]:
    """Run the loop, anew after each failure, until the block is left."""
    supervisor = Supervisor(rest=soon, seconds_well=0.01)
    task = asyncio.create_task(supervisor.run("turns", commune.turns.run))
    await asyncio.sleep(0)
    try:
        yield supervisor
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def _is_kept(commune: Commune, said: Incoming) -> bool:
    """Hand an update in as a channel does, which brings again what was refused."""
    try:
        await commune.turns.receive([said])
    except NotKept:
        return False
    return True


async def test_a_table_that_is_gone_for_a_while_does_not_end_the_loop(commune: Commune) -> None:
    """As while another version's tables are put in place; what comes meanwhile is kept, or brought again."""
    async with supervised(commune) as supervisor:
        await _order(commune, "ALTER TABLE people RENAME TO elsewhere")
        said = commune.update("Minh", "2")
        while not await _is_kept(commune, said):  # the loop may be just failing
            await asyncio.sleep(0)
        await _until(lambda: "turns" in supervisor.failing())
        await _order(commune, "ALTER TABLE elsewhere RENAME TO people")
        await answered(commune)
        await _until(lambda: not supervisor.failing())
    assert len(await commune.answers("Minh")) == 4


LOOP: list[tuple[type, str]] = [
    (Turns, "run_once"),
    (Turns, "_round"),
    (Turns, "_batch"),
    (Turns, "_work_through"),
    (Turns, "_letters"),
    (Turns, "_note_latency"),
    (Turns, "_forget_now_and_then"),
    (Signal, "wait"),
]


async def test_a_bug_anywhere_in_the_loop_loses_no_update_and_answers_everybody_once(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [(of, name, call) for of, name in LOOP for call in (1, 3)]
    async with supervised(commune):
        for of, name, call in places:
            with monkeypatch.context() as patched:
                broken = break_once(patched, of, name, call)
                people: list[str] = []
                async with asyncio.timeout(20):
                    while not broken.is_set():
                        people += (some := [f"{name} {call} {len(people) + number}" for number in range(4)])
                        await asyncio.gather(*(_kept(commune, commune.update(one, "/start")) for one in some))
                await answered(commune)
                assert [len(await commune.read(one)) for one in people] == [1] * len(people), (name, call)


async def test_whoever_waits_when_the_loop_ends_is_refused_at_once_and_is_kept_when_they_come_again(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle, stuck, sound = asyncio.Event(), asyncio.Event(), Turns._claim

    async def claim_nothing_more(*arguments: Any) -> Any:
        if idle.is_set():
            stuck.set()
            await asyncio.Event().wait()
        idle.set()
        return await sound(*arguments)

    monkeypatch.setattr(Turns, "_claim", claim_nothing_more)
    first, second = commune.update("Minh", "2"), commune.update("Minh", "3")
    async with running(commune):
        await asyncio.wait_for(idle.wait(), 20)
        waiting = [asyncio.create_task(commune.turns.receive([first]))]
        await asyncio.wait_for(stuck.wait(), 20)
        waiting.append(asyncio.create_task(commune.turns.receive([second])))
        await asyncio.sleep(0)
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
    assert [type(outcome) for outcome in outcomes] == [NotKept, NotKept]
    monkeypatch.undo()
    await commune.turns.receive([first])  # no loop runs: kept by itself
    async with running(commune):
        await commune.turns.receive([second])
        await answered(commune)
    assert len(await commune.answers("Minh")) == 5


async def test_who_waits_for_a_count_when_the_loop_fails_is_answered_by_the_next_one(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commune.say("Hoa", "/notices")
    await commune.read("Hoa")
    with monkeypatch.context() as patched:
        patched.setattr(contacts, "count", lambda *arguments, **named: asyncio.Event().wait())
        async with running(commune):
            await commune.turns.receive([commune.update("Hoa", "viết thông báo")])
            await until_waiting(commune, 1)
            await _until(lambda: bool(commune.turns._aside.conversations))
    async with running(commune):
        await answered(commune)
    assert len(await commune.read("Hoa")) == 1


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.001)


async def _order(commune: Commune, statement: str) -> None:
    async with commune.database.writing() as connection:
        await connection.execute(text(statement))


async def test_who_waits_for_a_long_count_holds_nobody_up(commune: Commune, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator of a province sees how many a notice reaches, at every step of writing it."""
    counted, count = asyncio.Event(), contacts.count

    async def count_slowly(*arguments: Any, **named: Any) -> Reached:
        await counted.wait()
        return await count(*arguments, **named)

    await commune.say("Hoa", "/notices")
    await commune.read("Hoa")
    monkeypatch.setattr(contacts, "count", count_slowly)
    async with running(commune):
        await commune.turns.receive([commune.update("Hoa", "viết thông báo"), commune.update("Hoa", "việc khác")])
        for answers in (4, 5):
            await commune.turns.receive([commune.update("Minh", "2")])
            await until_waiting(commune, 2)
            assert len(await commune.answers("Minh")) == answers
        assert await commune.read("Hoa") == []
        counted.set()
        await answered(commune)
        await commune.turns.receive([commune.update("Hoa", "Kính mời bà con.")])
        await answered(commune)
    letters = await commune.read("Hoa")
    assert (len(letters), "5 người" in letters[-1].text) == (3, True)


async def test_a_count_that_fails_costs_its_turn_and_one_that_was_lost_is_made_again(
    commune: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: Any, **named: Any) -> Reached:
        raise ValueError

    await commune.say("Hoa", "/notices")
    await commune.read("Hoa")
    with monkeypatch.context() as patched:
        patched.setattr(contacts, "count", fail)
        await commune.say("Hoa", "viết thông báo")
        assert [render(SORRY, CATALOGUES["vi"])] == [outgoing.text for outgoing in await commune.read("Hoa")]
        patched.setattr(contacts, "count", lambda *arguments, **named: asyncio.Event().wait())
        async with running(commune):
            await commune.turns.receive([commune.update("Hoa", "viết thông báo")])
            await until_waiting(commune, 1)
    commune.turns = commune.instance()
    async with running(commune):
        await answered(commune)
        await commune.turns.receive([commune.update("Hoa", "việc khác"), commune.update("Hoa", "Kính mời bà con.")])
        await answered(commune)
    assert "5 người" in (await commune.read("Hoa"))[-1].text


async def test_receiving_nothing_is_nothing(commune: Commune) -> None:
    before = await commune.count(inbox)
    await commune.turns.receive([])
    assert await commune.count(inbox) == before


async def test_files_that_nobody_needs_any_more_are_handed_out_once(commune: Commune) -> None:
    source, forgotten = f"sha256:{'ab' * 32}", list[str]()
    await commune.say("Minh", "sửa 2", "1")
    await commune.together(("Minh", SentFile("photo", "lop.jpg", source)))
    async with running(commune, forgotten):
        for word in ("/privacy", "xoá", "xoá hết"):
            await commune.turns.receive([commune.update("Minh", word)])
            await answered(commune)
    assert forgotten == [source]


async def test_a_set_that_is_published_meanwhile_serves_new_forms_and_leaves_the_others(commune: Commune) -> None:
    await commune.say("Minh", "2")
    old = next(criteria for criteria in shipped() if criteria.group == "farmer")
    new = replace(old, version="2026.9")
    await load_criteria(commune.database, (new,), commune.now)
    await commune.say("Tư", "/start v-tk-dong", "vi", "có", "Đỗ Văn Tư", "1975", "có", "1", "có", "bắt đầu")
    await commune.say("Minh", "2")
    assert await commune.column(select(assessments.c.pin).order_by(assessments.c.id)) == [old.pin, old.pin, new.pin]
    assert len(await commune.answers("Minh")) == 5


async def test_an_administrators_invitation_is_kept_as_a_digest_only_and_its_links_open_the_bot(
    commune: Commune,
) -> None:
    await commune.say("Hoa", "/invite", "1", "thon doai", "1", "1")
    said = "\n".join(await commune.texts("Hoa"))
    code = said.partition("/start ")[2].split()[0]
    assert f"https://hoctap.example/chat#{code}" in said
    assert code.removeprefix("i-") not in await commune.everything()
    digests = await commune.column(select(invitations_table.c.digest))
    assert digest_of(code.removeprefix("i-")) in digests


async def test_links_open_the_bot_as_soon_as_it_has_said_its_name(commune: Commune) -> None:
    """Updates wait when a server starts, and Telegram may be slow to tell who the bot is."""
    name: list[str] = []
    commune.turns = Turns(commune.runtime, lambda: Links(tuple(Start(pattern) for pattern in name)))
    told = []
    for link in ([], ["https://t.me/hoctap_bot?start={code}"]):
        name += link
        await commune.say("Hoa", "/invite", "1", "thon doai", "1", "1")
        told.append("t.me/hoctap_bot?start=i-" in " ".join(await commune.texts("Hoa")))
    assert told == [False, True]


async def test_two_invitations_made_in_one_batch_have_tokens_of_their_own(commune: Commune) -> None:
    code, _expires = await invitations.invite(commune.database, "admin", "tk", commune.now)
    await commune.say("Tư", f"/start {code}", "vi", "có", "Đỗ Văn Tư", "có")
    for name in ("Hoa", "Tư"):
        await commune.say(name, "/invite", "1", "thon doai", "1")
        await commune.read(name)
    await commune.together(("Hoa", "1"), ("Tư", "1"))
    codes = {(await commune.texts(name))[0].partition("/start ")[2].split()[0] for name in ("Hoa", "Tư")}
    assert len(codes) == 2


async def test_the_menu_comes_with_the_language_and_grows_with_a_role(commune: Commune) -> None:
    code, _expires = await invitations.invite(commune.database, "head", "tk-doai", commune.now)
    await commune.say("Tư", f"/start {code}")
    await commune.read("Tư")
    await commune.say("Tư", "vi")
    first = [entry.command for one in await commune.read("Tư") for entry in one.menu]
    await commune.say("Tư", "đồng ý", "Đỗ Văn Tư", "có")
    then = [entry.command for one in await commune.read("Tư") for entry in one.menu]
    assert (first[0], then[0]) == ("batdau", "duyet")
    assert set(then) - set(first) == {"duyet", "hop", "nhiemvu", "trangweb", "dangxuat"}


async def test_everybody_is_written_to_in_their_own_language(commune: Commune) -> None:
    await commune.say("Lan", "/language", "english")
    await commune.deliver()
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.undo_no_more()
    assert (await commune.texts("Lan"))[0].startswith("✅ The branch has confirmed your form.")
    assert (await commune.texts("Hạnh"))[0].startswith("✅ Đã xác nhận")


async def test_a_card_reaches_every_head_of_the_village(commune: Commune) -> None:
    await fill_in(commune, "Minh", 7)
    await commune.say("Minh", "nộp")
    assert {name: await _cards(commune, name, "Lê Văn Minh") for name in ("Trường", "Hạnh", "Hoa")} == {
        "Trường": 1, "Hạnh": 1, "Hoa": 0,
    }  # fmt: skip


async def test_a_card_does_not_reach_the_head_whose_own_form_it_is(commune: Commune) -> None:
    await commune.say("Hạnh", "/start", "bắt đầu", "1970", "thon dong than khe", "1", "1", "có", "bắt đầu làm phiếu")
    await fill_in(commune, "Hạnh", 10)
    await commune.say("Hạnh", "nộp")
    assert (await commune.form("Hạnh")).state == "submitted"
    confirm = f"c:confirm:{(await commune.form('Hạnh')).id}:"
    assert (await commune.payload("Trường", confirm)).startswith(confirm)
    own = [button.payload for one in await commune.read("Hạnh") for row in one.buttons for button in row]
    assert not any(payload.startswith("c:") for payload in own)


async def _cards(commune: Commune, name: str, owner: str) -> int:
    return sum(owner in text_ for text_ in await commune.texts(name))


# While the database is away


async def test_work_is_done_again_until_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.core.database.SECONDS_AWAY", 0.001)
    away: list[Exception] = [
        ConnectionRefusedError(),
        OperationalError("", {}, of_sqlite(sqlite3.SQLITE_BUSY)),
        TimeoutError(),
    ]

    async def work() -> str:
        if away:
            raise away.pop()
        return "done"

    assert await retry_while_unreachable(work) == "done"


async def test_a_lost_race_is_not_taken_for_a_database_that_is_away() -> None:
    lost: list[Exception] = [DBAPIError("", {}, asyncpg.DeadlockDetectedError("deadlock detected")), LostRace("notice")]

    async def work() -> str:
        if lost:
            raise lost.pop()
        return "done"

    with capture_logs() as logs:
        assert await retry_while_unreachable(work) == "done"
    assert [line["event"] for line in logs] == ["race_lost", "race_lost"]


async def test_a_fault_that_waiting_does_not_cure_is_not_waited_for() -> None:
    async def work() -> None:
        raise IntegrityError("", {}, Exception("twice"))

    with pytest.raises(IntegrityError):
        await retry_while_unreachable(work)


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (asyncpg.CannotConnectNowError("the database system is starting up"), True),
        (asyncpg.TooManyConnectionsError("sorry, too many clients already"), True),
        (asyncpg.DeadlockDetectedError("deadlock detected"), True),
        (asyncpg.InvalidPasswordError("password authentication failed"), False),
        (DBAPIError("", {}, asyncpg.AdminShutdownError("terminating connection")), True),
        (DBAPIError("", {}, asyncpg.UniqueViolationError("twice")), False),
        (DBAPIError("", {}, asyncpg.DiskFullError("No space left on device")), True),
        (DBAPIError("", {}, asyncpg.ReadOnlySQLTransactionError("a standby now")), True),
        (OperationalError("", {}, asyncpg.UndefinedTableError("no such table")), False),
        (InterfaceError("", {}, asyncpg.InterfaceError("the number of query arguments cannot exceed 32767")), False),
        (NoConnectionFree("all in use"), True),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_BUSY)), True),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_LOCKED)), True),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_FULL)), True),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_IOERR_WRITE)), True),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_READONLY_DBMOVED)), True),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_ERROR)), False),
        (OperationalError("", {}, of_sqlite(sqlite3.SQLITE_CORRUPT)), False),
        (ConnectionResetError(), True),
        (socket.gaierror(-2, "Name or service not known"), True),
        (OSError("Multiple exceptions: [Errno 111] …, [Errno 111] …"), True),
        (FileNotFoundError(errno.ENOENT, "no such socket"), True),
        (FileNotFoundError(errno.ENOENT, "no such file", "evidence/1"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (KeyError("x"), False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_does_not(error: Exception, passing: bool) -> None:
    assert is_unreachable(error) is passing


async def test_updates_are_kept_and_answered_once_while_connections_break(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.core.database.SECONDS_AWAY", 0.05)
    async with databases.fresh("postgresql", under_way) as url, databases.fresh("postgresql") as other:
        commune, outside = Commune(Database(url)), Database(other)
        cut = (
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{commune.database.url.database}'"
        )
        async with running(commune):
            for level in ("2", "3", "1"):
                sending = asyncio.create_task(_received(commune, level))
                async with outside.writing() as connection:
                    await connection.execute(text(cut))
                await sending
            await _answered_in_the_end(commune)
        assert len(await commune.answers("Minh")) == 6
        assert len(await commune.read("Minh")) == 3
        await commune.database.close()
        await outside.close()


async def _answered_in_the_end(commune: Commune) -> None:
    await retry_while_unreachable(lambda: answered(commune))


async def _received(commune: Commune, said: str) -> None:
    await _kept(commune, commune.update("Minh", said))


async def _kept(commune: Commune, update: Incoming) -> None:
    """Send an update as a channel does: again and again until it is acknowledged."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await commune.turns.receive([update])
            except Exception:
                await asyncio.sleep(0.02)


async def test_two_transactions_that_wait_for_each_other_are_a_passing_trouble(databases: Databases) -> None:
    async with databases.fresh("postgresql", under_way) as url:
        database = Database(url)
        ready = asyncio.Barrier(2)

        async def lock(*names: str) -> None:
            async with database.writing() as connection:
                for name in names:
                    locking = select(conversations.c.id).where(conversations.c.address == name).with_for_update()
                    await connection.execute(locking)
                    if name == names[0]:
                        await ready.wait()

        outcomes = await asyncio.gather(lock("Lan", "Minh"), lock("Minh", "Lan"), return_exceptions=True)
        errors = [outcome for outcome in outcomes if outcome is not None]
        assert [is_unreachable(error) for error in errors] == [True]
        await database.close()


# The bell


async def test_a_bell_that_rang_before_one_began_to_wait_is_heard() -> None:
    bell = Signal()
    heard = bell.rings
    bell.ring()
    async with asyncio.timeout(5):
        await bell.wait(heard, seconds=3600)


async def test_a_bell_wakes_all_who_wait_and_a_silent_one_lets_go_after_a_while() -> None:
    bell = Signal()
    async with asyncio.timeout(5):
        waiting = [asyncio.create_task(bell.wait(bell.rings, seconds=3600)) for _waiter in range(3)]
        await asyncio.sleep(0)
        bell.ring()
        await asyncio.gather(*waiting)
        await bell.wait(bell.rings, seconds=0.01)


async def test_pressing_a_forged_button_costs_nobody_the_loop(commune: Commune) -> None:
    async with running(commune):
        await commune.turns.receive([commune.update("Hạnh", Pressed(f"c:confirm:{'9' * 40}:1"))])
        await commune.turns.receive([commune.update("Minh", "2")])
        await answered(commune)
    assert len(await commune.answers("Minh")) == 4
