"""Acts on many forms: each is decided once, as a single form would be; undone in time, told afterwards, by right."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from bot.services.batches import PIECE, BatchCarrier
from bot.store import batches
from bot.store.core.database import Database
from bot.store.core.reference import read_reference
from bot.store.core.tables import (
    answers,
    assessments,
    batch_items,
    contacts,
    conversations,
    people,
    roles,
    tallies,
    trail,
)
from bot.store.core.tables import batches as ordered
from flows.batches.batch import UNDO_FOR, Order
from tests.breaking import break_once
from tests.commune import BOT, CHANNEL, Commune

A_MINUTE = UNDO_FOR + timedelta(seconds=1)
MANY = 2 * PIECE + 20


@pytest.fixture
def commune(commune: Commune) -> Commune:
    """A commune under way, an hour later."""
    commune.now += timedelta(hours=1)
    return commune


def carrier(commune: Commune, database: Database | None = None) -> BatchCarrier:
    return BatchCarrier(replace(commune.runtime, database=database or commune.database))


async def carry_out(commune: Commune) -> None:
    """Carry out until there is nothing to do now."""
    carrying = carrier(commune)
    while await carrying.run_once():
        pass


async def person(commune: Commune, name: str) -> int:
    ids = await commune.column(select(conversations.c.person_id).where(conversations.c.address == name))
    return int(ids[0])


async def order(commune: Commune, **changed: Any) -> int:
    """Let Trường order that all forms of his village be confirmed, as he sees them now. Returns the batch's id."""
    of_head = select(conversations.c.id, conversations.c.person_id).where(conversations.c.address == "Trường")
    (head,) = await commune.rows(of_head)
    async with commune.database.writing() as connection:
        reference = (await read_reference(connection)).reference
        village = reference.units.by_code["tk-dong"].id
        round_ = reference.rounds[0].id
        wanted: dict[str, Any] = {
            "act": "confirm", "role": "head", "units": reference.units.scope([village]), "rounds": (round_,),
            "shown_at": commune.now,
        }  # fmt: skip
        return await batches.put(connection, Order(**wanted | changed), head.person_id, head.id, commune.now)


async def neighbours(commune: Commune, count: int) -> list[int]:
    """Let more people have submitted the same as Lan. Returns their forms."""
    like = await commune.form("Lan")
    answered = await commune.rows(select(answers).where(answers.c.assessment_id == like.id))
    lan = (await commune.rows(select(people).where(people.c.id == like.person_id)))[0]
    forms = []
    async with commune.database.writing() as connection:
        for number in range(count):
            row = dict(lan._mapping) | {"name": f"Đỗ Thị {number}"}
            del row["id"]
            person_id = await connection.scalar(insert(people).values(row).returning(people.c.id))
            chat = {"channel": CHANNEL, "bot": BOT, "address": f"neighbour {number}", "person_id": person_id}
            await connection.execute(insert(conversations).values(chat))
            form = dict(like._mapping) | {"person_id": person_id}
            del form["id"]
            form_id = await connection.scalar(insert(assessments).values(form).returning(assessments.c.id))
            rows = [dict(one._mapping) | {"assessment_id": form_id} for one in answered]
            await connection.execute(insert(answers), rows)
            forms.append(int(form_id or 0))
        waiting = (tallies.c.state == "submitted", tallies.c.unit_id == like.unit_id)
        await connection.execute(update(tallies).where(*waiting).values(count=tallies.c.count + count))
    return forms


async def states(commune: Commune, forms: Iterable[int]) -> Counter[str]:
    return Counter(await commune.column(select(assessments.c.state).where(assessments.c.id.in_(list(forms)))))


async def outcomes(commune: Commune, batch_id: int) -> Counter[str]:
    of_batch = batch_items.c.batch_id == batch_id
    return Counter(await commune.column(select(batch_items.c.outcome).where(of_batch)))


async def confirmations(commune: Commune) -> Counter[int]:
    confirmed = select(trail.c.about_id).where(trail.c.act == "confirm")
    return Counter(await commune.column(confirmed))


async def test_all_but_some_are_confirmed_and_people_are_told_after_a_minute(commune: Commune) -> None:
    forms = await neighbours(commune, MANY)
    batch_id = await order(commune, without=tuple(forms[:2]))
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"done": MANY - 2 + 1}
    assert await states(commune, forms) == {"confirmed": MANY - 2, "submitted": 2}
    assert await commune.tallies() == await commune.recount()
    assert [text.splitlines()[0] for text in await commune.texts("Trường")] == ["✅ Đã xác nhận 119 phiếu."]
    assert await commune.texts("neighbour 5") == []
    commune.now += A_MINUTE
    await carry_out(commune)
    told = [await commune.texts(f"neighbour {number}") for number in range(MANY)]
    assert [len(texts) for texts in told] == [0, 0, *[1] * (MANY - 2)]
    assert await outcomes(commune, batch_id) == {"told": MANY - 2 + 1}
    assert await commune.column(select(ordered.c.stage)) == ["ended"]


async def test_what_notices_are_chosen_by_knows_of_the_confirmations(commune: Commune) -> None:
    await order(commune)
    await carry_out(commune)
    lan = await person(commune, "Lan")
    assert await commune.column(select(contacts.c.form_state).where(contacts.c.person_id == lan)) == ["confirmed"]


async def test_who_decided_and_when_is_kept_as_of_a_single_form(commune: Commune) -> None:
    form = await commune.form("Lan")
    await order(commune)
    await carry_out(commune)
    one = (await commune.rows(select(trail).where(trail.c.act == "confirm")))[0]
    trường = await person(commune, "Trường")
    assert (one.about_id, one.version, one.role, one.actor_id) == (form.id, form.version, "head", trường)


async def test_only_those_from_a_total_on_or_who_pass_are_chosen(commune: Commune) -> None:
    low, failing, _high = await neighbours(commune, 3)
    async with commune.database.writing() as connection:
        await connection.execute(update(assessments).where(assessments.c.id == low).values(total=79))
        await connection.execute(update(assessments).where(assessments.c.id == failing).values(passed=False))
    async with commune.database.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(batch_items)) == 0
    assert (await outcomes(commune, await order(commune, least=80))).total() == 3
    assert (await outcomes(commune, await order(commune, passed_only=True))).total() == 3
    assert (await outcomes(commune, await order(commune))).total() == 4


async def test_what_changed_since_it_was_shown_is_left_and_named(commune: Commune) -> None:
    shown_at = commune.now
    commune.now += timedelta(minutes=5)
    await commune.say("Lan", "rút lại", "nộp phiếu")
    batch_id = await order(commune, shown_at=shown_at)
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"changed": 1}
    assert await states(commune, [(await commune.form("Lan")).id]) == {"submitted": 1}
    assert "Nguyễn Thị Lan: đã thay đổi: rút phiếu về; nộp phiếu" in "".join(await commune.texts("Trường"))


async def test_what_was_taken_back_after_it_was_shown_is_named_too(commune: Commune) -> None:
    shown_at = commune.now
    commune.now += timedelta(minutes=5)
    await commune.say("Lan", "rút lại")
    batch_id = await order(commune, shown_at=shown_at)
    assert await outcomes(commune, batch_id) == {"taken_back": 1}


@pytest.mark.parametrize(("said", "outcome"), [(("rút lại",), "taken_back"), (("rút lại", "nộp phiếu"), "changed")])
async def test_what_moves_between_order_and_piece_is_left(
    commune: Commune, said: tuple[str, ...], outcome: str
) -> None:
    batch_id = await order(commune)
    await commune.say("Lan", *said)
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {outcome: 1}


async def test_what_another_head_has_decided_meanwhile_is_left_and_counts_once(commune: Commune) -> None:
    form = await commune.form("Lan")
    batch_id = await order(commune)
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"decided": 1}
    assert await confirmations(commune) == {form.id: 1}


async def test_ones_own_form_is_never_among_them(commune: Commune) -> None:
    forms = await neighbours(commune, 1)
    head = await person(commune, "Trường")
    async with commune.database.writing() as connection:
        await connection.execute(update(assessments).where(assessments.c.id == forms[0]).values(person_id=head))
    batch_id = await order(commune)
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"done": 1, "own": 1}
    assert await states(commune, forms) == {"submitted": 1}


async def test_what_has_become_ones_own_form_meanwhile_is_left(commune: Commune) -> None:
    (form_id,) = await neighbours(commune, 1)
    batch_id, head = await order(commune), await person(commune, "Trường")
    async with commune.database.writing() as connection:
        await connection.execute(update(assessments).where(assessments.c.id == form_id).values(person_id=head))
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"done": 1, "own": 1}


async def test_when_the_role_is_withdrawn_meanwhile_the_rest_is_left(commune: Commune) -> None:
    forms = await neighbours(commune, MANY)
    batch_id = await order(commune)
    carrying = carrier(commune)
    await carrying.run_once()
    async with commune.database.writing() as connection:
        await connection.execute(delete(roles).where(roles.c.person_id == await person(commune, "Trường")))
    while await carrying.run_once():
        pass
    assert await outcomes(commune, batch_id) == {"done": PIECE, "no_role": MANY + 1 - PIECE}
    assert (await states(commune, forms))["submitted"] == MANY + 1 - PIECE


async def test_what_a_deputy_ordered_is_left_once_a_head_is_there_again(commune: Commune) -> None:
    async with commune.database.writing() as connection:
        of_head = roles.c.person_id == await person(commune, "Trường")
        await connection.execute(update(roles).where(of_head).values(role="deputy"))
        away = update(roles).where(roles.c.role == "head")
        await connection.execute(away.values(away_until=commune.now.date() + timedelta(days=9)))
    forms = await neighbours(commune, MANY)
    batch_id = await order(commune, role="deputy")
    carrying = carrier(commune)
    await carrying.run_once()
    async with commune.database.writing() as connection:
        await connection.execute(update(roles).values(away_until=None))
    while await carrying.run_once():
        pass
    assert await outcomes(commune, batch_id) == {"done": PIECE, "head": MANY + 1 - PIECE}
    assert (await states(commune, forms))["submitted"] == MANY + 1 - PIECE
    assert set(await commune.column(select(trail.c.role).where(trail.c.act == "confirm"))) == {"deputy"}


async def test_what_moved_to_another_village_is_left(commune: Commune) -> None:
    (form_id,) = await neighbours(commune, 1)
    batch_id = await order(commune)
    async with commune.database.writing() as connection:
        elsewhere = (await read_reference(connection)).reference.units.by_code["tk-doai"].id
        await connection.execute(update(assessments).where(assessments.c.id == form_id).values(unit_id=elsewhere))
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"done": 1, "elsewhere": 1}


async def test_undone_within_the_minute_all_is_as_before_and_nobody_is_told(commune: Commune) -> None:
    forms = await neighbours(commune, MANY)
    before = await commune.form("Lan")
    await order(commune)
    await carry_out(commune)
    commune.now += timedelta(seconds=40)
    await commune.press("Trường", await commune.payload("Trường", "c:undo_batch:"))
    await carry_out(commune)
    commune.now += A_MINUTE
    await carry_out(commune)
    assert await states(commune, forms) == {"submitted": MANY}
    assert await commune.tallies() == await commune.recount()
    after = await commune.form("Lan")
    assert (after.state, after.total, after.submitted_at) == ("submitted", before.total, before.submitted_at)
    assert (await commune.texts("Trường"))[-1] == "↩️ Đã hoàn tác: 121 phiếu trở lại như trước."
    assert await commune.texts("Lan") == await commune.texts("neighbour 3") == []


async def test_what_has_moved_on_since_is_not_undone(commune: Commune) -> None:
    await neighbours(commune, 2)
    await order(commune)
    await carry_out(commune)
    await commune.say("Lan", "dữ liệu", "sửa thông tin", "sửa tên", "Nguyễn Thị Lành", "đúng hết", "có")
    moved = await commune.form("Lan")
    await commune.say("Trường", "hoàn tác")
    await carry_out(commune)
    assert await outcomes(commune, 1) == {"undone": 2, "kept": 1}
    assert (await commune.form("Lan")).version == moved.version


async def test_what_was_confirmed_anew_since_is_not_undone(commune: Commune) -> None:
    batch_id = await order(commune)
    await carry_out(commune)
    await commune.say("Lan", "dữ liệu", "sửa thông tin", "sửa tên", "Nguyễn Thị Lành", "đúng hết", "có")
    form = await commune.form("Lan")
    await commune.press("Hạnh", f"c:confirm:{form.id}:{form.version}")
    await commune.say("Trường", "hoàn tác")
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"kept": 1}
    assert (await commune.form("Lan")).state == "confirmed"


async def test_who_has_changed_their_details_within_the_minute_is_not_told_of_a_confirmation(commune: Commune) -> None:
    await order(commune)
    await carry_out(commune)
    await commune.say("Lan", "dữ liệu", "sửa thông tin", "sửa tên", "Nguyễn Thị Lành", "đúng hết", "có")
    await commune.read("Lan")
    commune.now += A_MINUTE
    await carry_out(commune)
    assert await commune.texts("Lan") == []


async def test_what_was_confirmed_stays_so_once_its_village_is_closed(commune: Commune) -> None:
    batch_id = await order(commune)
    await carry_out(commune)
    meeting = ("nhập", "hôm nay", "để trống", "nhà văn hóa", "tôi", "Lê Thị Thư", "10/12", "tất cả đồng ý", "0")
    await commune.say("Hạnh", "/meeting", *meeting, "chốt danh sách thôn")
    await commune.say("Trường", "hoàn tác")
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {"kept": 1}
    assert (await commune.form("Lan")).state == "confirmed"
    assert "Nguyễn Thị Lan: phiếu đã thay đổi sau đó" in (await commune.texts("Trường"))[-1]


async def test_undone_before_it_is_finished_the_rest_is_not_begun(commune: Commune) -> None:
    await neighbours(commune, MANY)
    batch_id = await order(commune)
    carrying = carrier(commune)
    await carrying.run_once()
    await commune.say("Trường", "hoàn tác")
    while await carrying.run_once():
        pass
    assert await outcomes(commune, batch_id) == {"undone": PIECE, "stopped": MANY + 1 - PIECE}
    assert (await confirmations(commune)).total() == PIECE


async def test_nobody_undoes_it_later_or_for_somebody_else(commune: Commune) -> None:
    batch_id = await order(commune)
    await carry_out(commune)
    await commune.press("Hạnh", f"c:undo_batch:{batch_id}")
    commune.now += A_MINUTE
    await carry_out(commune)
    await commune.press("Trường", f"c:undo_batch:{batch_id}")
    await carry_out(commune)
    assert (await commune.form("Lan")).state == "confirmed"
    assert await commune.column(select(ordered.c.stage)) == ["ended"]


async def test_who_was_erased_meanwhile_is_in_no_batch(commune: Commune) -> None:
    batch_id = await order(commune)
    await commune.say("Lan", "/privacy", "xoá", "xoá hết")
    await carry_out(commune)
    assert await outcomes(commune, batch_id) == {}
    assert await commune.tallies() == await commune.recount() | {
        key: 1 for key in await commune.tallies() if key[3] == "erased"
    }


async def test_when_who_ordered_it_is_erased_the_rest_is_left_and_it_ends(commune: Commune) -> None:
    forms = await neighbours(commune, MANY)
    await order(commune)
    carrying = carrier(commune)
    await carrying.run_once()
    await commune.say("Trường", "/privacy", "xoá", "xoá hết")
    while await carrying.run_once():
        pass
    commune.now += A_MINUTE
    await carry_out(commune)
    assert (await states(commune, forms))["submitted"] == MANY + 1 - PIECE
    assert await commune.column(select(ordered.c.stage, ordered.c.person_id)) == ["ended"]


@pytest.mark.parametrize("failing", ["settle", "enter", "counts"])
async def test_what_fails_in_the_middle_of_a_piece_is_done_again_as_a_whole(
    commune: Commune, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    forms = await neighbours(commune, MANY)
    await order(commune)
    broken = break_once(monkeypatch, batches, failing)
    await carry_out(commune)
    assert broken.is_set()
    await carry_out(commune)
    commune.now += A_MINUTE
    await carry_out(commune)
    assert await confirmations(commune) == dict.fromkeys([*forms, (await commune.form("Lan")).id], 1)
    assert await commune.tallies() == await commune.recount()
    assert [len(await commune.texts(f"neighbour {number}")) for number in range(MANY)] == [1] * MANY


async def test_several_instances_at_once_decide_on_each_form_once(commune: Commune) -> None:
    forms = await neighbours(commune, MANY)
    await order(commune)
    carriers = [carrier(commune) for _instance in range(3)]
    for _round in range(3):
        await asyncio.gather(*(one.run_once() for one in carriers))
    await carry_out(commune)
    assert await confirmations(commune) == dict.fromkeys([*forms, (await commune.form("Lan")).id], 1)
    assert await commune.tallies() == await commune.recount()


async def test_a_batch_of_a_newer_version_rests_and_keeps_no_other_waiting(commune: Commune) -> None:
    of_newer = await order(commune)
    async with commune.database.writing() as connection:
        unknown = update(ordered).where(ordered.c.id == of_newer).values(ordered=b'{"act": "celebrate"}')
        await connection.execute(unknown)
    batch_id, carrying = await order(commune), carrier(commune)
    for _round in range(3):
        await carrying.run_once()
    assert await outcomes(commune, batch_id) == {"done": 1}
    assert await outcomes(commune, of_newer) == {"waiting": 1}


async def test_others_are_answered_between_two_pieces(commune: Commune) -> None:
    await neighbours(commune, MANY)
    await order(commune)
    carrying = carrier(commune)
    await carrying.run_once()
    await commune.say("Minh", "/help")
    assert len(await commune.texts("Minh")) == 1
    assert await commune.column(select(ordered.c.stage)) == ["working"]
