"""One person in several chats: what is kept of a code, guessing, two chats at once, and what becomes of each chat."""

import asyncio
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import event, insert, select

from bot.services.turns import Turns
from bot.store import joining
from bot.store.core.joined import asked_beyond
from bot.store.core.tables import (
    answers,
    assessments,
    conversation_people,
    conversations,
    joined_chats,
    joined_people,
    papers,
    people,
)
from bot.store.joining import join_codes, join_misses
from flows.joining.codes import LIFE, MOST_MISSES, MOST_MISSES_IN_ALL, WAIT, code_in
from tests.commune import Commune, commune
from tests.store.test_statements import statements

__all__ = ["commune", "statements"]

NAM = "Hoàng Văn Nam"


async def code_of(commune: Commune, name: str) -> str:
    """Return a code that somebody asks for."""
    await commune.deliver()
    await commune.say(name, "nối")
    shown = re.search(r": (\d{3} \d{3})$", (await commune.texts(name))[-1], re.MULTILINE)
    assert shown is not None
    return shown[1]


async def join(commune: Commune, name: str, other: str) -> None:
    """Join another chat to somebody's, by a yes on both sides."""
    await commune.say(other, f"nối {await code_of(commune, name)}", "đúng")
    await commune.press(name, await commune.payload(name, "c:join:yes"))
    await commune.deliver()


async def whose(commune: Commune, address: str) -> int | None:
    of_chat = select(conversations.c.person_id).where(conversations.c.address == address)
    person_id: int | None = (await commune.column(of_chat))[0]
    return person_id


def use_key(commune: Commune, key: bytes) -> None:
    """Let the deployment have a key."""
    commune.runtime = replace(commune.runtime, key=key)
    commune.turns = commune.instance()


async def test_of_a_code_only_a_digest_with_the_deployments_key_is_kept(commune: Commune) -> None:
    use_key(commune, b"the key")
    code = (await code_of(commune, "Minh")).replace(" ", "")
    (digest,) = await commune.column(select(join_codes.c.digest))
    kept = await commune.everything()
    assert code not in re.findall(r"(?<!\d)\d{6}(?!\d)", kept)
    assert digest not in {hashlib.sha256(text.encode()).hexdigest() for text in (code, f"join:{code}")}
    await commune.say("Minh2", code)
    assert "Telegram" in (await commune.texts("Minh2"))[-1]
    use_key(commune, b"another key")
    await commune.say("Minh3", code)
    assert "Mã không đúng" in (await commune.texts("Minh3"))[-1]


async def test_a_flood_of_wrong_codes_from_many_chats_closes_joining_for_a_while(commune: Commune) -> None:
    chats = MOST_MISSES_IN_ALL // MOST_MISSES
    for guess in range(MOST_MISSES):
        await commune.together(*((f"guesser {n}", f"00{n:02}{guess:02}") for n in range(chats)))
    assert await commune.count(join_misses) == chats
    code = await code_of(commune, "Minh")
    await commune.say("Minh2", code)
    assert "thử lại sau một giờ" in (await commune.texts("Minh2"))[-1]
    commune.now += WAIT + timedelta(minutes=1)
    await join(commune, "Minh", "Minh2")
    assert await whose(commune, "Minh2") == await whose(commune, "Minh")


async def test_two_chats_at_once_lose_no_answer_and_nobody_is_told_sorry(commune: Commune) -> None:
    await join(commune, "Minh", "Minh2")
    before = await commune.count(answers)
    two = [commune.instance(), commune.instance()]
    for _n in range(3):
        await two[0].receive([commune.update("Minh", "bỏ qua"), commune.update("Minh2", "1")])
        await asyncio.gather(*(work(one) for one in two))
    await work(commune.turns)
    said = [*await commune.texts("Minh"), *await commune.texts("Minh2")]
    assert not any("Có lỗi" in text for text in said)
    for _n in range(40):
        await commune.say("Minh2", "1", "bỏ qua")
    assert await commune.count(answers) > before
    (row,) = await commune.rows(select(joined_people))
    assert row.person_id == await whose(commune, "Minh2")


async def work(turns: Turns) -> None:
    while (await turns.run_once()).turns:
        pass


async def test_what_somebody_joined_is_erased_with_them(commune: Commune) -> None:
    await join(commune, "Minh", "Minh2")
    await code_of(commune, "Lan")
    await commune.say("Minh2", "/privacy", "xoá", "xoá hết")
    await commune.deliver()
    assert [await commune.count(table) for table in (joined_people, joined_chats)] == [0, 0]
    assert await commune.count(conversations, conversations.c.address == "Minh") == 0
    assert "Lê Văn Minh" not in await commune.everything()
    assert await commune.count(join_codes) == 1  # that of somebody else


async def test_what_was_asked_for_in_a_chat_that_is_separated_comes_to_another(commune: Commune) -> None:
    commune.now += timedelta(days=1)
    await join(commune, "Minh", "Minh2")
    minh = await whose(commune, "Minh")
    chats = {row.address: row.id for row in await commune.rows(select(conversations))}
    form = await commune.form("Minh")
    paper = {"person_id": minh, "kind": "form", "unit_id": form.unit_id, "year": 2026, "about": form.id, "group": ""}
    async with commune.database.writing() as connection:
        for name in ("Minh", "Minh2"):
            await connection.execute(insert(papers).values(**paper, conversation_id=chats[name], asked_at=commune.now))
    await commune.say("Minh2", "nối", "1", "tách", "tách")
    assert await commune.column(select(papers.c.conversation_id)) == [chats["Minh2"]] * 2
    assert await whose(commune, "Minh") is None
    assert await whose(commune, "Minh2") == minh
    assert await commune.count(joined_people) == 0  # one chat is left, as most have
    assert await commune.column(select(conversations.c.joined).where(conversations.c.address == "Minh2")) == [False]


async def test_nobody_decides_on_the_form_of_who_shares_another_phone_of_theirs(commune: Commune) -> None:
    form = await commune.form("Lan")
    await join(commune, "Hạnh", "Lan")
    assert await commune.count(conversation_people) == 2
    for press in ("confirm", "return"):
        await commune.press("Hạnh", f"c:{press}:{form.id}:{form.version}")
    assert await commune.column(select(assessments.c.state).where(assessments.c.id == form.id)) == ["submitted"]


async def test_a_yes_that_comes_too_late_or_for_somebody_else_joins_nothing(commune: Commune) -> None:
    await commune.say("Minh2", f"nối {await code_of(commune, 'Minh')}", "đúng")
    yes = await commune.payload("Minh", "c:join:yes")
    commune.now += LIFE + timedelta(minutes=1)
    await commune.press("Minh", yes)
    assert await whose(commune, "Minh2") is None
    await commune.say("Minh2", f"nối {await code_of(commune, 'Minh')}", "đúng")
    yes = await commune.payload("Minh", "c:join:yes")
    await commune.say("Minh2", "/start v-tk-dong", "vi", "đồng ý", NAM, "1990", "có", "1", "có")
    nam = await whose(commune, "Minh2")
    await commune.press("Minh", yes)
    assert await whose(commune, "Minh2") == nam is not None
    assert await commune.count(joined_people) == await commune.count(conversation_people) == 0


async def test_a_yes_counts_only_in_the_chat_in_which_the_code_was_made(commune: Commune) -> None:
    await join(commune, "Minh", "Minh2")
    await commune.say("Minh", "dừng", "nối", "nối thêm")
    shown = re.search(r": (\d{3} \d{3})$", "\n".join(await commune.texts("Minh")), re.MULTILINE)
    assert shown is not None
    await commune.say("Minh3", shown[1], "đúng")
    yes = await commune.payload("Minh", "c:join:yes")
    await commune.press("Minh2", yes)
    assert await whose(commune, "Minh3") is None
    await commune.press("Minh", yes)
    assert await whose(commune, "Minh3") == await whose(commune, "Minh")


MANY = 2_000


async def many_codes(commune: Commune) -> None:
    """Let very many people have made a code, and very many chats have typed a wrong one long ago."""
    (chat,) = await commune.column(select(conversations.c.id).where(conversations.c.address == "Hoa"))
    long_ago = commune.now - WAIT - timedelta(minutes=1)
    made = {"conversation_id": chat, "made_at": commune.now, "expires": commune.now + LIFE}
    names = [f"other {n}" for n in range(MANY)]
    async with commune.database.writing() as connection:
        others = [{"name": name, "created_at": commune.now} for name in names]
        ids = (await connection.scalars(insert(people).returning(people.c.id), others)).all()
        await connection.execute(insert(join_codes), [{**made, "person_id": id_, "digest": f"{id_}"} for id_ in ids])
        chats = [{"channel": "telegram", "bot": "other", "address": name} for name in names]
        ids = (await connection.scalars(insert(conversations).returning(conversations.c.id), chats)).all()
        missed = [{"conversation_id": id_, "misses": 1, "at": long_ago} for id_ in ids]
        await connection.execute(insert(join_misses), missed)
        if not commune.database.is_sqlite:
            for table in (join_codes, join_misses, conversations):
                await connection.exec_driver_sql(f"ANALYZE {table.name}")


async def test_a_code_takes_as_many_statements_among_thousands_as_alone_and_as_in_a_crowd(
    commune: Commune, statements: list[str]
) -> None:
    code = await code_of(commune, "Minh")

    async def taken(*typed: tuple[str, str]) -> int:
        await commune.turns.receive([commune.update(name, one) for name, one in typed])
        statements.clear()
        assert (await commune.turns.run_once()).answered == len(typed)
        return len(statements)

    alone = await taken(("Ba", code))
    alone_and_wrong = await taken(("Tư", "000 000"))
    await many_codes(commune)
    assert await taken(("Năm", code)) == alone
    assert "Mã này được tạo" in (await commune.texts("Năm"))[-1]
    assert await taken(*((f"stranger {n}", f"000 00{n}") for n in range(8))) == alone_and_wrong
    assert await commune.count(join_misses, join_misses.c.at == commune.now) == 9


async def test_a_code_and_wrong_ones_are_found_by_an_index_among_thousands(commune: Commune) -> None:
    await many_codes(commune)
    wanted = {"digests": ["482915"], "chats": [1], "since": commune.now - WAIT}
    for statement, table in (
        (joining._TYPED, "join_codes"),
        (joining._HERE, "join_misses"),
        (joining._IN_ALL, "join_misses"),
    ):
        given = {name: value for name, value in wanted.items() if name in statement.compile().params}
        plan = await plan_of(commune, statement, given)
        assert f"SCAN {table}" not in plan, plan  # of SQLite
        assert f"Seq Scan on {table}" not in plan, plan
        assert f"{table}_" in plan or "INTEGER PRIMARY KEY" in plan, plan  # an index of it


async def plan_of(commune: Commune, statement: Any, given: dict[str, Any]) -> str:
    """Return how the database goes about a statement."""
    asked = "EXPLAIN QUERY PLAN" if commune.database.is_sqlite else "EXPLAIN"

    def explain(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> Any:
        return f"{asked} {sql}", parameters

    async with commune.database.writing() as connection:
        event.listen(connection.sync_connection, "before_cursor_execute", explain, retval=True)
        rows = (await connection.execute(statement, given)).all()
        event.remove(connection.sync_connection, "before_cursor_execute", explain)
    return "\n".join(" ".join(map(str, row)) for row in rows)


def test_the_number_of_a_question_that_is_taken_over_is_beyond_what_was_asked_in_that_chat() -> None:
    assert asked_beyond(3, 17) == 17
    assert asked_beyond(20, 17) == 21
    assert asked_beyond(17, 17) == 17  # it was asked here last, and is the same


def test_six_digits_are_a_code_however_they_are_typed_and_nothing_else_is() -> None:
    for typed in ("482915", "482 915", "482-915 ạ", "mã 482 915 nhé", "ma 482915", "nối 482915", "Mã nối: 482 915."):
        assert code_in(typed) == "482915", typed
    for typed in ("48291", "4829155", "482915 đồng", "sinh 482915", "482 915 đúng không", "không phải 482915"):
        assert code_in(typed) is None, typed
    assert code_in("482915", "named") is code_in("mã 482915", "ordered") is None
