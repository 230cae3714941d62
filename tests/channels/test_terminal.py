"""The terminal: what it writes of a message."""

from bot.channels.terminal import shown
from flows.marks import Mark
from flows.messages import ChannelFile, InlineFile, Outgoing, OutgoingButton, StoredFile


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
