"""Old letters: every place of the country is recognised in TCVN3 and VNI, and none is in Unicode."""

import csv
import unicodedata
from pathlib import Path

import pytest

from bot.sheets.fonts import old_letters

COUNTRY = Path(__file__).parents[1] / "data" / "country-2025-07.csv"
UNICODE = "áàảãạăắằẳẵặâấầẩẫậéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵđĐĂÂÊÔƠƯ"
TCVN3 = "¸µ¶·¹¨¾»¼½Æ©ÊÇÈÉËÐÌÎÏÑªÕÒÓÔÖÝ×ØÜÞãßáâä«èåæçé¬íêëìîóïñòô­øõö÷ùýúûüþ®§¡¢£¤¥¦"
MARKS = {"\u0301": "ùáéù", "\u0300": "øàèø", "\u0309": "ûåúû", "\u0303": "õãüõ", "\u0323": "ïäëï"}


def in_tcvn3(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(str.maketrans(UNICODE, TCVN3))


def in_vni(text: str) -> str:
    return "".join(map(_in_vni, unicodedata.normalize("NFC", text)))


def _in_vni(letter: str) -> str:
    plain, *marks = list(unicodedata.normalize("NFD", letter))
    tone = next((mark for mark in marks if mark in MARKS), None)
    shape = next((mark for mark in marks if mark not in MARKS), None)
    if letter in "đĐ":
        return "ñ" if letter == "đ" else "Ñ"
    if shape == "\u031b":
        base = {"o": "ô", "u": "ö", "O": "Ô", "U": "Ö"}[plain]
        return base + (MARKS[tone][0] if tone else "")
    if shape is not None:
        sign = {"\u0302": "â", "\u0306": "ê"}[shape] if tone is None else MARKS[tone][1 if shape == "\u0302" else 2]
        return plain + sign
    if tone is None or plain in "iIyY":
        return letter if plain not in "yY" or tone is None else plain + MARKS[tone][0]
    return plain + MARKS[tone][0]


def _names() -> set[str]:
    with COUNTRY.open(encoding="utf-8-sig") as file:
        return {name for row in csv.reader(file) for cell in row for name in cell.split(";") if name.strip()}


def test_no_place_of_the_country_passes_for_old_letters() -> None:
    names = _names()
    assert len(names) > 10_000
    assert [name for name in names if old_letters(name)] == []


def test_a_list_in_old_letters_is_recognised_long_before_its_end() -> None:
    marked = [name for name in _names() if not name.isascii()]
    for encode, font in ((in_tcvn3, "TCVN3"), (in_vni, "VNI")):
        encoded = [f"{encode('Xã')} {encode(name)}" for name in marked]
        missed = [text for text in encoded if font not in (old_letters(text) or "")]
        assert len(missed) < len(marked) / 50, missed[:20]


@pytest.mark.parametrize("text", ["Th«n §«ng", "X· T©n An", "ph­êng Hµ", "§éi 4"])
def test_tcvn3_is_named_with_its_cure(text: str) -> None:
    assert 'from "TCVN3 (ABC)"' in (old_letters(text) or "")


@pytest.mark.parametrize("text", ["Thoân Ñoâng", "Xaõ Haø", "AÁp Trung", "Phöôøng Ñöùc"])
def test_vni_is_named_with_its_cure(text: str) -> None:
    assert 'from "VNI Windows"' in (old_letters(text) or "")


@pytest.mark.parametrize(
    "text",
    ["Thôn «Đông»", "Tổ 5 – 30 m²", "Citroën", "Köln", "naïve", "Señor", "Nhà số 3½", "© Hội Khuyến học", "5 °C", "20£",
     "«Hằng ngày»", "Buôn Ma Thuột", "Plei Kần", "Huỳnh", "Cù Võ"],
)  # fmt: skip
def test_other_signs_and_foreign_words_are_no_old_letters(text: str) -> None:
    assert old_letters(text) is None
