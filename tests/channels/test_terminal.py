"""The terminal: what it writes of a message, and that it speaks for nobody else."""

import asyncio

from bot.channels.terminal import Terminal, shown
from bot.store.core.tables import inbox
from flows.conversation.messages import ChannelFile, InlineFile, Outgoing, OutgoingButton, StoredFile
from flows.conversation.replies import Typed
from flows.words.marks import Mark
from tests.commune import Commune, commune

__all__ = ["commune"]


def test_answers_stand_in_rows_under_the_text() -> None:
    rows = ((OutgoingButton("Có", "yes"), OutgoingButton("Không", "no")), (OutgoingButton("Để sau", "later"),))
    assert shown(Outgoing("Đúng không?", rows)) == "Đúng không?\n[Có] [Không]\n[Để sau]"


def test_strong_and_slanted_words_have_their_signs() -> None:
    marks = (Mark("strong", 2, 7), Mark("slanted", 7, 2))
    assert shown(Outgoing("🎉 Kính bà con", marks=marks)) == "🎉 *Kính _bà_* con"


def test_a_link_stands_after_its_label() -> None:
    rows = ((OutgoingButton("Lịch", "", lasting=True, url="https://hoctap.example/lich"), OutgoingButton("Có", "yes")),)
    assert shown(Outgoing("Mời xem", rows)) == "Mời xem\n[Lịch] https://hoctap.example/lich [Có]"


def test_files_are_named_and_texts_are_written_out() -> None:
    files = (
        StoredFile("0" * 64, "photo", "giay.jpg"),
        ChannelFile("Ag", "document", "don.pdf"),
        InlineFile("a.txt", "A"),
    )
    assert shown(Outgoing("Đây", files=files)) == "Đây\n(photo) giay.jpg\n(document) don.pdf\n(a.txt)\nA"


def terminal_of(commune: Commune) -> Terminal:
    return Terminal(commune.runtime, Commune(commune.database).turns)


async def test_a_chat_in_the_terminal_answers_nobody_else(commune: Commune) -> None:
    await commune.turns.receive([commune.update("Minh", Typed("/status"))])
    other = Commune(commune.database)
    terminal = Terminal(other.runtime, other.turns)
    assert len(await terminal.turn("/start v-tk-dong")) == 1
    assert (await commune.count(inbox, inbox.c.done_at.is_(None)), await commune.texts("Minh")) == (1, [])
    await commune.work()
    assert len(await commune.texts("Minh")) == 1


async def test_what_a_server_answers_first_is_read_in_the_terminal_all_the_same(commune: Commune) -> None:
    other = Commune(commune.database)
    terminal = Terminal(other.runtime, other.turns)
    serving = asyncio.create_task(commune.turns.run())
    try:
        for said in ("/start v-tk-dong", "vi", "đồng ý"):
            assert len(await terminal.turn(said)) == 1
    finally:
        serving.cancel()
