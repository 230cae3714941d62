"""The code by which a chat is joined to somebody: made of chance, kept as a keyed digest, read as people type it."""

import hmac
import re
from datetime import timedelta
from hashlib import sha256
from typing import Literal

from flows.conversation.facts import Facts
from flows.conversation.understanding import Phrase, alike, gist, phrase

DIGITS = 6
LIFE = timedelta(minutes=10)
# Wrong codes that a chat may type before it has to wait for so long, and all chats together.
MOST_MISSES = 5
MOST_MISSES_IN_ALL = 100
WAIT = timedelta(hours=1)

# Said before a code: what can mean nothing else, and what says in passing that it is one.
_ORDERS = tuple(map(phrase, ("nối", "kết nối", "mã nối", "nối mã", "nối bằng mã", "connect")))
_NAMES = tuple(
    map(phrase, ("mã", "mã là", "mã số", "mã của tôi", "gõ mã", "nhập mã", "code", "my code", "the code is"))
)
_DIGITS = re.compile(r"\d+")


def new_code(token: str) -> str:
    """Make a code of a token that cannot be guessed."""
    number = int.from_bytes(sha256(f"join:{token}".encode()).digest()[:16], "big")
    return f"{number % 10**DIGITS:0{DIGITS}}"


def digest_of(code: str, facts: Facts) -> str:
    """Return what is kept of a code. There are so few codes that whoever reads a digest could try them all: only with
    the deployment's key, which is not in the database."""
    return hmac.new(facts.key, f"join:{code}".encode(), sha256).hexdigest()


def shown(code: str) -> str:
    """Return a code as it is easy to read: `482 915`."""
    return f"{code[: DIGITS // 2]} {code[DIGITS // 2 :]}"


def code_in(typed: str, sure: Literal["code", "named", "ordered"] = "code") -> str | None:
    """Return the code that somebody typed and said nothing else: `482915`, `482 915 ạ`, `mã 482-915 nhé`. Where six
    digits may mean something else they must be `named`, and in the middle of a talk `ordered`: `nối 482915`."""
    if sum(map(str.isnumeric, typed)) < DIGITS:  # which is nearly everything that people type
        return None
    said = gist(phrase(typed))
    words = tuple(word for word in said if not _DIGITS.fullmatch(word))
    code = "".join(said[len(words) :])
    if len(code) != DIGITS or not _DIGITS.fullmatch(code) or said[: len(words)] != words:
        return None
    if _is_one_of(words, _ORDERS) or (sure != "ordered" and _is_one_of(words, _NAMES)):
        return code
    return code if sure == "code" and not words else None


def _is_one_of(words: Phrase, phrases: tuple[Phrase, ...]) -> bool:
    return any(len(words) == len(one) and all(map(alike, words, one)) for one in phrases)
