"""Texts typed for the fonts of before Unicode, TCVN3 (.VnTime) and VNI, which show as other letters everywhere else.

A sign is enough that no Vietnamese word in Unicode has: `Th«n §«ng`, `X· T©n An`; `Thoân Ñoâng`, `Xaõ Haø`.
"""

import re
import unicodedata

# TCVN3 puts letters where Latin-1 has signs. A quotation mark « stands before a word, a letter of TCVN3 inside one.
_TCVN3 = re.compile(
    r"[¡-§¨©ª¬\xad®µ¶·¸¹](?=[^\W\d])|(?<=[^\W\d])(?:[¨©ª«¬\xad®µ¶·¸¹¼½¾]+(?=[^\W\d]|\s|$|[,.;)])|»(?=[^\W\d]))"
)
# VNI writes the mark as a letter of its own after the vowel.
_VNI = re.compile(r"[aeo]â|aê|a[áàåäéèú]|[aeiouyôö][øû]|ö[ôùõï]", re.IGNORECASE)
_VNI_PERHAPS = re.compile(r"[aeiouyô][ùõï]|ñ", re.IGNORECASE)

_CURES = {
    "TCVN3": 'in the letters of TCVN3, not of Unicode; convert it with Unikey (Ctrl+Shift+F6) from "TCVN3 (ABC)"',
    "VNI": 'in the letters of VNI, not of Unicode; convert it with Unikey (Ctrl+Shift+F6) from "VNI Windows"',
}


def old_letters(text: str) -> str | None:
    """Return what is wrong with a text that was typed for an old font, and the cure; None for any other text."""
    if text.isascii():
        return None
    text = unicodedata.normalize("NFC", text)
    if _TCVN3.search(text):
        return _CURES["TCVN3"]
    if _VNI.search(text) or len(_VNI_PERHAPS.findall(text)) > 1:
        return _CURES["VNI"]
    return None
