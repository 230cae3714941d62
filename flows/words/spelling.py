"""How people spell on a phone: without tone marks, in any case, with marks typed apart, with signs nobody sees."""

import re
import unicodedata

from flows.words.remembering import for_a_moment

_NOT_WORD = re.compile(r"[^0-9a-z]+")
_SIGNS = frozenset({"Mn", "Mc"})
_BROKEN = frozenset({"Cc", "Cs", "Co"})
# Names, addresses and labels are short; longer texts are folded anew rather than remembered even for a moment.
_REMEMBERED = 120

# What comes along with pasted text and shows as nothing.
_DROPPED = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
# These make one sign of several emoji and letters: they belong to what was typed.
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f\u20e3")
_POWERS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def fold(text: str) -> str:
    """Drop tone marks, case and punctuation: `Hằng  NGÀY!` and `hang ngay` fold to the same string. Other scripts
    keep their letters, and the signs on them that are letters too."""
    return _fold(text) if len(text) <= _REMEMBERED else _folded(text)


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "d")).casefold()
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _NOT_WORD.sub(" ", plain).strip() if plain.isascii() else " ".join(_in_other_scripts(plain).split())


_fold = for_a_moment(16_384)(_folded)


def _in_other_scripts(plain: str) -> str:
    kept = ""
    for letter in plain:
        is_vowel_sign = unicodedata.category(letter) in _SIGNS and not (kept[-1:] or " ").isascii()
        kept += letter if letter.isalnum() or is_vowel_sign else " "
    return kept


def keyed(text: str) -> str:
    """Return a text with the digits and letters of keypads as plain ones: `1️⃣`, `②`, `２`. Powers (²) are no digits."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _POWERS.sub(" ", text))


def unmarked(text: str) -> str:
    """Drop tone marks and what hangs on letters, and nothing else: `Đồng ý` becomes `Dong y`."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@for_a_moment(16_384)
def tone_last(word: str) -> str:
    """Spell a word with its tone at the end, so that `hoà` and `hòa`, typed together or apart, are the same."""
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFD", word)
    return _TONE.sub("", apart) + "".join(_TONE.findall(apart))


def composed(text: str) -> str:
    """Bring a text into NFC (iPhones send NFD) with single spaces, without what shows as nothing."""
    return " ".join(unicodedata.normalize("NFC", text.translate(_DROPPED)).split())


def has_invisible(text: str) -> bool:
    """Tell whether a text holds what changes how it reads and cannot be seen: controls, turned directions, halves of
    letters. Line breaks are none of these, nor is what joins emoji."""
    return any(_is_invisible(letter) for letter in text)


def _is_invisible(letter: str) -> bool:
    category = unicodedata.category(letter)
    if category == "Cf":
        return letter not in _JOINERS and not "\U000e0020" <= letter <= "\U000e007f"
    if category == "Cn":
        return ord(letter) & 0xFFFE == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"  # never a letter; others may be new
    return category in _BROKEN and letter not in "\n\t\r"


def cleaned(text: str, longest: int) -> str:
    """Return a text without hidden characters, cut to a length: for names and captions nobody typed by hand."""
    return composed("".join(letter for letter in text if letter.isspace() or not has_invisible(letter)))[:longest]


def storable(text: str) -> bool:
    """Tell whether both databases can keep a text: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None
