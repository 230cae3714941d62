"""Several people on one phone: each is themselves, with their data, their roles and their letters."""

from sqlalchemy import insert, select

from bot.store import evidence
from bot.store.core import contacts, outbox
from bot.store.core.tables import (
    assessments,
    consents,
    conversation_people,
    conversations,
    joined_people,
    mutes,
    notices,
    people,
    trail,
)
from bot.store.core.tables import outbox as letters
from flows.conversation.messages import Message
from flows.conversation.replies import Pressed, SentFile
from tests.commune import BOT, CHANNEL, Commune, commune, fill_in

__all__ = ["commune"]

NAM, MAI = "Hoàng Văn Nam", "Hoàng Thị Mai"
CONSENT = ("tôi làm hộ", "nói trực tiếp", "hôm nay", "Lò Văn Páo", "đã đồng ý")


async def add(commune: Commune, owner: str, name: str, *consent: str) -> int:
    """Add somebody to a phone. Returns their id; from here on they are spoken for."""
    begin = ("thêm người",) if not await commune.count(conversation_people) else ("thêm người", "thêm người")
    answers = consent or ("tự bấm", "đồng ý")
    village = ("có",) if owner in {"Lan", "Minh"} else ("thôn đông thần khê", "1")
    await commune.say(owner, *begin, *answers, name, "1990", *village, "5", "đúng hết")
    return int((await commune.column(select(people.c.id).where(people.c.name == name)))[0])


async def spoken_for(commune: Commune, address: str) -> str:
    who = select(people.c.name).join(conversations, conversations.c.person_id == people.c.id)
    return str((await commune.column(who.where(conversations.c.address == address)))[0])


async def test_erasing_one_of_three_leaves_nothing_of_that_one_and_all_of_the_others(commune: Commune) -> None:
    nam = await add(commune, "Minh", NAM)
    await commune.say("Minh", "bắt đầu làm phiếu", "1")
    mai = await add(commune, "Minh", MAI)
    await commune.say("Minh", "nam")
    await commune.say("Minh", "dữ liệu", "xóa", "xóa hết")
    await commune.deliver()
    assert NAM not in await commune.everything()
    assert MAI in await commune.everything()
    assert await spoken_for(commune, "Minh") == "Lê Văn Minh"
    shared = await commune.column(select(conversation_people.c.person_id).order_by(conversation_people.c.place))
    assert len(shared) == 2
    assert nam not in shared
    kept = await commune.rows(select(consents.c.person_id, consents.c.withdrawn_at).where(consents.c.person_id == mai))
    assert [row.withdrawn_at for row in kept] == [None]
    assert await commune.answers("Minh") != {}  # what Minh had begun is there


async def test_the_last_one_left_has_a_phone_of_their_own(commune: Commune) -> None:
    await add(commune, "Minh", NAM)
    await commune.say("Minh", "minh", "dữ liệu", "xóa", "xóa hết")
    await commune.deliver()
    assert await commune.count(conversation_people) == 0
    assert await spoken_for(commune, "Minh") == NAM
    await commune.say("Minh", "phiếu")
    assert [NAM in text for text in await commune.texts("Minh")] == [False]  # unshared, nobody is named
    await commune.say("Minh", "dữ liệu", "xóa", "xóa hết")
    await commune.deliver()
    assert NAM not in await commune.everything()


async def test_a_role_acts_only_while_its_holder_is_spoken_for(commune: Commune) -> None:
    form = await commune.form("Lan")
    await add(commune, "Hạnh", NAM)
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.press("Hạnh", f"c:@{await id_of(commune, NAM)}:confirm:{form.id}:{form.version}")
    assert (await commune.form("Lan")).state == "submitted"
    await commune.say("Hạnh", "Hạnh")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    assert (await commune.form("Lan")).state == "confirmed"


async def test_a_button_that_was_shown_before_somebody_came_is_that_of_who_was_first(commune: Commune) -> None:
    nam = await add(commune, "Minh", NAM)
    minh = await id_of(commune, "Lê Văn Minh")
    for payload in ("c:mute:notices", f"c:@{minh}:mute:notices", "c:@99:mute:notices", f"c:@{nam}x:mute:notices"):
        await commune.press("Minh", payload)
    assert await commune.count(mutes) == 0
    await commune.press("Minh", f"c:@{minh}.{nam}:mute:notices")
    assert await commune.column(select(mutes.c.person_id)) == [nam]
    await commune.say("Minh", "Minh")
    await commune.press("Minh", "c:mute:notices")
    assert set(await commune.column(select(mutes.c.person_id))) == {nam, minh}


async def test_what_becomes_of_a_file_is_told_to_whom_it_concerns(commune: Commune) -> None:
    nam = await add(commune, "Minh", NAM)
    await commune.say("Minh", "bắt đầu làm phiếu", "2", "1")
    await commune.together(("Minh", SentFile("photo", "lop.jpg", "handle")))
    async with commune.database.reading() as connection:
        (wanted,) = await evidence.wanted(connection, 5, [(CHANNEL, BOT)])
    assert wanted.to.reader is not None
    assert wanted.to.reader.id == nam


async def id_of(commune: Commune, name: str) -> int:
    return int((await commune.column(select(people.c.id).where(people.c.name == name)))[0])


async def _helped_form(commune: Commune, helper: str) -> tuple[int, int]:
    """Let a head fill in for somebody and hand the form in. Returns the form's id and version."""
    await add(commune, helper, NAM, *CONSENT)
    await commune.say(helper, "bắt đầu làm phiếu")
    await fill_in(commune, helper, 10)
    await commune.say(helper, "nộp phiếu")
    nam = await id_of(commune, NAM)
    (form,) = await commune.rows(select(assessments).where(assessments.c.person_id == nam))
    assert form.state == "submitted"
    return form.id, form.version


async def test_who_filled_in_for_somebody_hears_nothing_to_confirm_and_cannot_confirm(commune: Commune) -> None:
    id_, version = await _helped_form(commune, "Hạnh")
    shown = [text for text in await commune.texts("Trường") if NAM in text]
    assert ["✍️ Người làm hộ: Vũ Thị Hạnh" in text for text in shown] == [True]
    assert [text for text in await commune.texts("Hạnh") if "chờ xác nhận (số" in text] == []
    await commune.say("Hạnh", "Hạnh")
    await commune.deliver()
    await commune.press("Hạnh", f"c:confirm:{id_}:{version}")
    await commune.say("Hạnh", "duyệt phiếu", "duyệt hết")
    assert NAM not in "\n".join([text for text in await commune.texts("Hạnh") if "duyệt" in text.lower()])
    await commune.say("Hạnh", "xác nhận")
    state = select(assessments.c.state).where(assessments.c.id == id_)
    assert await commune.column(state) == ["submitted"]
    await commune.press("Trường", f"c:confirm:{id_}:{version}")
    assert await commune.column(state) == ["confirmed"]
    acted = select(trail.c.act, trail.c.actor_id).where(trail.c.about_id == id_, trail.c.about == "form")
    by = {row.act: row.actor_id for row in await commune.rows(acted)}
    assert by["submit"] == await id_of(commune, "Vũ Thị Hạnh")


async def test_consent_that_was_recorded_says_how_when_and_before_whom(commune: Commune) -> None:
    nam = await add(commune, "Hạnh", NAM, *CONSENT)
    (kept,) = await commune.rows(select(consents).where(consents.c.person_id == nam))
    hanh = await id_of(commune, "Vũ Thị Hạnh")
    assert (kept.given, kept.how, kept.witness, kept.recorded_by) == (True, "said", "Lò Văn Páo", hanh)
    assert kept.given_on == commune.now.date()


async def test_when_the_helper_is_erased_the_mark_stays_without_their_name(commune: Commune) -> None:
    await _helped_form(commune, "Hạnh")
    await commune.say("Hạnh", "Hạnh", "dữ liệu", "xóa", "xóa hết")
    await commune.deliver()
    assert "Vũ Thị Hạnh" not in await commune.everything()
    kept = await commune.rows(select(people.c.helper, people.c.helper_id).where(people.c.name == NAM))
    assert [tuple(row) for row in kept] == [("", None)]
    await commune.say("Trường", "duyệt phiếu")
    assert any("Hoàng Văn Nam ✍️" in label for label in await _labels(commune, "Trường"))


async def _labels(commune: Commune, name: str) -> list[str]:
    return [button.label for one in await commune.read(name) for row in one.buttons for button in row]


async def test_letters_come_to_one_chat_of_somebody_and_name_them_where_it_is_shared(commune: Commune) -> None:
    lan = (await commune.form("Lan")).person_id
    await add(commune, "Minh", NAM)
    chat = (await commune.column(select(conversations.c.id).where(conversations.c.address == "Minh")))[0]
    async with commune.database.writing() as connection:
        row = {"conversation_id": chat, "person_id": lan, "place": 2}
        await connection.execute(insert(conversation_people).values(row))
        await connection.execute(insert(joined_people).values(person_id=lan, conversation_id=chat))
        await contacts.refresh(connection, [lan])
    await commune.deliver()
    form = await commune.form("Lan")
    await commune.press("Trường", f"c:confirm:{form.id}:{form.version}")
    await commune.undo_no_more()
    (shared,) = await commune.texts("Minh")
    assert shared.startswith("👤 Nguyễn Thị Lan\n\n")
    assert await commune.texts("Lan") == []
    assert await commune.count(letters, letters.c.address == "Minh") == 0


async def test_a_notice_that_waits_no_longer_names_who_is_erased(commune: Commune) -> None:
    nam = await add(commune, "Minh", NAM)
    minh = await id_of(commune, "Lê Văn Minh")
    chat = (await commune.column(select(conversations.c.id).where(conversations.c.address == "Minh")))[0]
    notice = {"conversation_id": chat, "audience": b"{}", "content": b"{}", "state": "sending"}
    ledger = {"channel": CHANNEL, "bot": BOT, "address": "Minh", "priority": 1, "state": "queued"}
    async with commune.database.writing() as connection:
        for id_, about in ((7, f",{minh},{nam},"), (8, f",{nam},")):
            await connection.execute(
                insert(notices).values(**notice, id=id_, created_at=commune.now, started_at=commune.now)
            )
            row = {**ledger, "conversation_id": chat, "notice_id": id_, "about": about, "created_at": commune.now}
            await connection.execute(insert(letters).values(row))
    await commune.say("Minh", "dữ liệu", "xóa", "xóa hết")
    left = select(letters.c.notice_id, letters.c.about, letters.c.state).where(letters.c.notice_id.is_not(None))
    assert [tuple(row) for row in await commune.rows(left.order_by(letters.c.id))] == [
        (7, f",{minh},", "queued"),
        (8, None, "muted"),
    ]


async def test_letters_of_somebody_on_a_shared_phone_go_when_they_are_erased(commune: Commune) -> None:
    nam = await add(commune, "Minh", NAM)
    await commune.deliver()
    async with commune.database.writing() as connection:
        reached = await outbox.reach_people(connection, {nam})
        letter = commune.runtime.letter(reached[nam][0], Message("Xin chào"))
        await outbox.queue(connection, [letter], commune.now)
    await commune.say("Minh", "dữ liệu", "xóa", "xóa hết")
    assert [text for text in await commune.texts("Minh") if "Xin chào" in text] == []


async def test_who_shares_a_phone_with_somebody_does_not_decide_on_their_form(commune: Commune) -> None:
    """Whoever pressed the answers on one's own phone, somebody else confirms them."""
    await add(commune, "Hạnh", NAM)
    await commune.say("Hạnh", "bắt đầu làm phiếu")
    await fill_in(commune, "Hạnh", 10)
    await commune.say("Hạnh", "nộp phiếu", "Hạnh")
    nam = await id_of(commune, NAM)
    (form,) = await commune.rows(select(assessments).where(assessments.c.person_id == nam))
    hanh = await id_of(commune, "Vũ Thị Hạnh")
    await commune.together(("Hạnh", Pressed(f"c:@{hanh}:confirm:{form.id}:{form.version}")))
    assert await commune.column(select(assessments.c.state).where(assessments.c.id == form.id)) == ["submitted"]
