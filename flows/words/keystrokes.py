"""Words as they come from a keyboard whose Vietnamese was off: `Nguyeenx` (Telex) and `Nguye6n4` (VNI) are Nguyễn."""

import re
import unicodedata

from flows.words.remembering import for_a_moment
from flows.words.spelling import unmarked

_TELEX_TONES = {"f": "\u0300", "s": "\u0301", "x": "\u0303", "r": "\u0309", "j": "\u0323"}
_VNI_TONES = {"2": "\u0300", "1": "\u0301", "4": "\u0303", "3": "\u0309", "5": "\u0323"}
_TELEX_SHAPES = (
    ("dd", "đ"), ("aa", "â"), ("ee", "ê"), ("oo", "ô"), ("uow", "ươ"), ("uwow", "ươ"), ("aw", "ă"), ("ow", "ơ"),
    ("uw", "ư"), ("w", "ư"),
)  # fmt: skip
_LATE_STROKES = (
    ("w", "uo", "ươ"), ("w", "u", "ư"), ("w", "o", "ơ"), ("w", "a", "ă"), ("d", "d", "đ"), ("a", "a", "â"),
    ("e", "e", "ê"), ("o", "o", "ô"),
)  # fmt: skip
_VNI_SHAPES = {"6": {"a": "â", "e": "ê", "o": "ô"}, "7": {"o": "ơ", "u": "ư"}, "8": {"a": "ă"}, "9": {"d": "đ"}}

# A Vietnamese syllable without its tone: what may begin it, its rhymes, what may end it.
_ONSET = "(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?"
_RHYME = (
    "a(?:ch?|i|m|nh?|ng|o|p|t|u|y)?|ă(?:c|m|ng?|p|t)|â(?:c|m|ng?|p|t|u|y)|e(?:c|m|ng?|o|p|t)?|ê(?:ch|m|nh?|p|t|u)?"
    "|i(?:a|ch|m|nh?|p|t|u)?|iê(?:c|m|ng?|p|t|u)|o(?:c|i|m|ng?|p|t)?|oa(?:ch?|i|m|nh?|ng|o|p|t|y)?|oă(?:c|m|ng?|t)"
    "|oe(?:n|o|t)?|ô(?:c|i|m|ng?|p|t)?|ơ(?:i|m|n|p|t)?|u(?:a|c|i|m|ng?|p|t)?|uâ(?:n|ng|t|y)|uê(?:ch|nh?)?"
    "|uô(?:c|i|m|ng?|t)|uơ|uy(?:a|ch|nh?|p|t|u)?|uyê(?:n|t)|ư(?:a|c|i|ng?|t|u)?|ươ(?:c|i|m|ng?|p|t|u)"
    "|y(?:m|nh?|t|u)?|yê(?:m|ng?|t|u)"
)
_SYLLABLE = re.compile(rf"(?P<onset>{_ONSET})(?P<rhyme>{_RHYME})")
# The same without any mark: what was typed with Vietnamese off but needs no turning right.
_PLAIN = re.compile(rf"{_ONSET}(?:{unmarked(_RHYME)})")
_VOWELS = re.compile(r"[aăâeêioôơuưy]+")


def typed_out(text: str) -> str:
    """Return a text with the words turned right that are a keyboard's keystrokes; all others stay as they are."""
    return " ".join(_word(word) for word in text.split(" "))


@for_a_moment(4096)
def _word(word: str) -> str:
    small = word.lower()
    if not small.isascii() or not small.isalnum() or small.isdigit() or _PLAIN.fullmatch(small):
        return word
    turned = _telex(small) if small.isalpha() else _vni(small)
    if turned is None:
        return word
    return turned.upper() if word.isupper() and len(word) > 1 else turned.capitalize() if word[0].isupper() else turned


def _telex(word: str) -> str | None:
    tones = [letter for letter in word[1:] if letter in _TELEX_TONES]
    for letter in tones[-1:]:
        at = word.rindex(letter)
        if (turned := _toned(_shaped(word[:at] + word[at + 1 :]), _TELEX_TONES[letter])) is not None:
            return turned
    return _toned(_shaped(word), "")


def _shaped(word: str) -> str:
    # The second stroke may come at the end of the word: `huongw`, `dongd`.
    for letter, typed, meant in _LATE_STROKES:
        if word.endswith(letter) and typed in word[:-2]:
            word = word[:-1].replace(typed, meant, 1)
            break
    for typed, meant in _TELEX_SHAPES:
        word = word.replace(typed, meant)
    return word if _SYLLABLE.fullmatch(word) else word.replace("uye", "uyê").replace("ie", "iê")


def _vni(word: str) -> str | None:
    letters, tone = "", ""
    for key in word:
        if key in _VNI_TONES:
            tone = _VNI_TONES[key]
        elif key.isdigit():
            shapes = _VNI_SHAPES.get(key, {})
            at = max((letters.rfind(letter) for letter in shapes), default=-1)
            if at < 0:
                return None
            letters = letters[:at] + shapes[letters[at]] + letters[at + 1 :]
            if key == "7" and letters[at - 1 : at + 1] in ("uơ", "ưo"):
                letters = letters[: at - 1] + "ươ" + letters[at + 1 :]
        else:
            letters += key
            letters = re.sub("ưo(?=.)", "ươ", letters)
    return _toned(letters, tone)


def _toned(word: str, tone: str) -> str | None:
    """Put the tone on its letter, as it is written: `hòa`, `toán`, `quý`. None if this is no Vietnamese syllable."""
    found = _SYLLABLE.fullmatch(word)
    if found is None:
        return None
    onset, rhyme = found["onset"], found["rhyme"]
    vowels = _VOWELS.match(rhyme)
    assert vowels is not None
    at = len(onset) + _place(vowels[0], closed=vowels.end() < len(rhyme))
    return unicodedata.normalize("NFC", word[: at + 1] + tone + word[at + 1 :])


def _place(vowels: str, *, closed: bool) -> int:
    for marked in ("ơ", "ê", "ô", "â", "ă", "ư"):
        if marked in vowels:
            return vowels.index(marked)
    if len(vowels) == 1:
        return 0
    return 1 if closed or len(vowels) == 3 else 0
