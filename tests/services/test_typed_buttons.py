"""Choices that find no room as buttons are written, and typing them does what a press does."""

import asyncio

import pytest
from sqlalchemy import func, select

from bot.services.runtime import Runtime
from bot.services.typed_buttons import TypedButtons, code_in, laid_out
from bot.store.core import button_codes, tables
from bot.store.core.database import Database
from bot.store.core.inbox import Address, Incoming, conversation_ids
from flows.conversation.messages import Outgoing, OutgoingButton
from flows.conversation.replies import Pressed, Reply, Typed
from tests.sample import CATALOGUES, NOW, ZONE

PLACE: Address = ("zalo-bot", "1", "lan")
VIETNAMESE = CATALOGUES["vi"]

QUESTION = Outgoing(
    "Bao lâu một lần?",
    (
        (OutgoingButton("1. Hằng ngày", "a:3:daily", number=1), OutgoingButton("2. Hằng tuần", "a:3:weekly", number=2)),
        (OutgoingButton("← Quay lại", "a:3:back"), OutgoingButton("? Giải thích", "a:3:explain")),
    ),
)
CARD = Outgoing(
    "Phiếu của Lan",
    (
        (
            OutgoingButton("✅ Xác nhận", "c:confirm:7:2", lasting=True),
            OutgoingButton("↩ Trả lại", "c:return:7:2", lasting=True),
        ),
        (OutgoingButton("Lịch", "", lasting=True, url="https://hoctap.example/lich"),),
    ),
)


def test_a_message_with_few_buttons_keeps_them() -> None:
    laid = laid_out(QUESTION, 5, {}, VIETNAMESE)
    assert (laid.text, [button.payload for button in laid.buttons]) == (
        "Bao lâu một lần?",
        ["a:3:daily", "a:3:weekly", "a:3:back", "a:3:explain"],
    )


def test_where_not_all_find_room_numbers_are_written_and_words_stay_buttons() -> None:
    laid = laid_out(QUESTION, 3, {}, VIETNAMESE)
    assert laid.text == "Bao lâu một lần?\n1. Hằng ngày\n2. Hằng tuần"
    assert [button.label for button in laid.buttons] == ["← Quay lại", "? Giải thích"]


@pytest.mark.parametrize(("language", "told"), [("vi", "Hoặc nhắn: "), ("en", "Or type: ")])
def test_where_there_are_no_buttons_all_is_written(language: str, told: str) -> None:
    last = f"{told}“Quay lại”, “Giải thích”"
    laid = laid_out(QUESTION, 0, {}, CATALOGUES[language])
    assert laid.text.splitlines() == ["Bao lâu một lần?", "1. Hằng ngày", "2. Hằng tuần", last]
    assert laid.buttons == ()


def test_where_only_words_answer_they_are_asked_for() -> None:
    asked = Outgoing(
        "Nộp phiếu?", ((OutgoingButton("✅ Đồng ý", "a:9:yes"), OutgoingButton("Không đồng ý", "a:9:no")),)
    )
    assert laid_out(asked, 0, {}, VIETNAMESE).text == "Nộp phiếu?\nXin nhắn: “Đồng ý”, “Không đồng ý”"


def test_what_lasts_is_written_with_its_code_and_a_link_with_its_address() -> None:
    laid = laid_out(CARD, 0, {"c:confirm:7:2": 3, "c:return:7:2": 4}, VIETNAMESE)
    assert laid.text.splitlines() == [
        "Phiếu của Lan", "N3. ✅ Xác nhận", "N4. ↩ Trả lại", "Lịch: https://hoctap.example/lich",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("N3", 3), ("N1234", 1234), ("n3", 3), ("n 12", 12), ("N3 ạ", 3), ("n3 nhé.", 3), ("bấm n4", 4), ("nút N4", 4),
        ("chon n9", 9),
        ("3", None), ("N", None), ("n3 n4", None), ("không n3", None), ("đừng bấm n3", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_code_is_typed_as_people_type(typed: str, code: int | None) -> None:
    assert code_in(typed) == code


def incoming(reply: Reply, update_id: str = "1") -> Incoming:
    return Incoming(*PLACE, update_id, reply)


async def known(database: Database, place: Address = PLACE) -> TypedButtons:
    """Return the buttons of a bot to which somebody has written."""
    async with database.writing() as connection:
        await conversation_ids(connection, [place])
    return TypedButtons(Runtime(database, CATALOGUES, lambda: NOW, ZONE), 0)


async def test_a_code_that_is_typed_is_the_press_it_stands_for(database: Database) -> None:
    buttons = await known(database)
    laid = await buttons.laid_out(PLACE, CARD)
    assert "N2. ↩ Trả lại" in laid.text
    heard = await buttons.heard([incoming(Typed("n2 ạ")), incoming(Typed("2"), "2"), incoming(Typed("N77"), "3")])
    assert [one.reply for one in heard] == [Pressed("c:return:7:2"), Typed("2"), Typed("N77")]


async def test_a_message_that_goes_out_again_has_the_same_codes(database: Database) -> None:
    buttons = await known(database)
    assert await buttons.laid_out(PLACE, CARD) == await buttons.laid_out(PLACE, CARD)


async def test_nobody_presses_with_a_code_of_another_chat(database: Database) -> None:
    buttons = await known(database)
    await known(database, ("zalo-bot", "1", "minh"))
    await buttons.laid_out(PLACE, CARD)
    (heard,) = await buttons.heard([Incoming("zalo-bot", "1", "minh", "1", Typed("N1"))])
    assert heard.reply == Typed("N1")


async def test_letters_that_go_out_at_once_share_no_code(database: Database) -> None:
    buttons = await known(database)
    cards = [Outgoing(f"{n}", ((OutgoingButton("Xem", f"c:see:{n}", lasting=True),),)) for n in range(8)]
    laid = await asyncio.gather(*(buttons.laid_out(PLACE, card) for card in cards))
    assert len({one.text.splitlines()[1] for one in laid}) == len(cards)
    for card, one in zip(cards, laid, strict=True):
        code = one.text.splitlines()[1].partition(".")[0]
        (heard,) = await buttons.heard([incoming(Typed(code))])
        assert heard.reply == Pressed(card.buttons[0][0].payload)


async def test_a_code_never_means_another_button_however_many_come(database: Database) -> None:
    await known(database)
    async with database.writing() as connection:
        first = await button_codes.assign(connection, PLACE, ["c:first"])
        given = dict[int, str]()
        for n in range(700):
            shown = await button_codes.assign(connection, PLACE, ["c:always", f"c:{n}"])
            for payload, code in shown.items():
                assert given.setdefault(code, payload) == payload
                assert await button_codes.payload_of(connection, PLACE, code) == payload
        assert await button_codes.payload_of(connection, PLACE, first["c:first"]) is None
        kept = await connection.scalar(select(func.count()).select_from(tables.button_codes))
        assert kept == button_codes.KEPT
