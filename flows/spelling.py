"""How people spell on a phone: without tone marks, in any case, with marks typed apart."""

import re
import unicodedata
from functools import lru_cache

_NOT_WORD = re.compile(r"[^0-9a-z]+")
_SIGNS = frozenset({"Mn", "Mc"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Drop tone marks, case and punctuation: `Hằng  NGÀY!` and `hang ngay` fold to the same string. Other scripts
    keep their letters, and the signs on them that are letters too."""
    apart = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "d")).casefold()
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _NOT_WORD.sub(" ", plain).strip() if plain.isascii() else " ".join(_in_other_scripts(plain).split())


def _in_other_scripts(plain: str) -> str:
    kept = ""
    for letter in plain:
        is_vowel_sign = unicodedata.category(letter) in _SIGNS and not (kept[-1:] or " ").isascii()
        kept += letter if letter.isalnum() or is_vowel_sign else " "
    return kept


def composed(text: str) -> str:
    """Bring a text into NFC (iPhones send NFD) with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def has_invisible(text: str) -> bool:
    """Tell whether control, direction-changing or unassigned characters hide in a text."""
    return any(unicodedata.category(letter) in _INVISIBLE for letter in text)


def cleaned(text: str, longest: int) -> str:
    """Return a text without hidden characters, cut to a length: for names and captions nobody typed by hand."""
    return composed("".join(letter for letter in text if letter.isspace() or not has_invisible(letter)))[:longest]


def storable(text: str) -> bool:
    """Tell whether both databases can keep a text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
