"""The order of names on a Vietnamese list: by the given name, which stands last, then by the family name."""

import unicodedata

# The letters in the order of the alphabet, and the tones in that of dictionaries: none, huyền, hỏi, ngã, sắc, nặng.
_LETTERS = {letter: place for place, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {tone: place for place, tone in enumerate("\u0300\u0309\u0303\u0301\u0323", 1)}

Key = tuple[tuple[int, ...], tuple[int, ...]]


def name_order(name: str) -> tuple[Key, ...]:
    """Return what names are sorted by: `Nguyễn Thị An` before `Lê Văn Ân`, `Lê Văn Ân` before `Đỗ Bình`."""
    *before, given = name.casefold().split() or [""]
    return tuple(map(_word_order, (given, *before)))


def _word_order(word: str) -> Key:
    """Order words by their letters, and by their tones only where these are the same."""
    letters: list[int] = []
    tones: list[int] = []
    for letter in unicodedata.normalize("NFC", word):
        apart = unicodedata.normalize("NFD", letter)
        tone = next((mark for mark in apart if mark in _TONES), "")
        plain = unicodedata.normalize("NFC", apart.replace(tone, "")) if tone else letter
        if plain:  # a mark may stand alone
            letters.append(_LETTERS.get(plain, len(_LETTERS) + ord(plain[0])))
        if tone:  # wherever in the word it was put: `Hoà` is `Hòa`
            tones.append(_TONES[tone])
    return tuple(letters), tuple(tones)
