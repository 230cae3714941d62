"""The chain of the trail, as values: how an entry is sealed and hashed, and how a chain is checked.

The hash of an entry covers the hash before it and all that the entry says: what may name somebody, by a digest with a
salt. So that can be blanked, with its salt, and the chain still holds; from the digest nobody finds what it was.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

Row: TypeAlias = Mapping[str, Any]

SALT_BYTES = 16
SHOWN_DIGITS = 12
NO_HASH = "0" * 64
# Whoever acts at the command line: nobody knows who that is.
OPERATOR = "operator"
ERASE = "erase"
BLANKED = "blanked"

_encode = msgspec.json.Encoder().encode
_details_decoder = msgspec.json.Decoder(dict[str, str | int])


class Entry(Struct, frozen=True, kw_only=True):
    """An act to be kept in the trail.

    `role` is as whom `actor_id` acted. `about` is a kind of thing, `about_id` which one, `owner_id` whose it is, where
    it is one person's: their erasure blanks it. `details` say what was done in particular. No field has a name.
    """

    act: str
    role: str
    about: str
    about_id: int | None = None
    owner_id: int | None = None
    actor_id: int | None = None
    unit_id: int | None = None
    version: int = 0
    reason: str = ""
    details: Mapping[str, str | int] = {}


class Head(Struct, frozen=True):
    """An entry by its number and hash: whoever knows it knows all that came before."""

    number: int = 0
    hash: str = NO_HASH

    def __str__(self) -> str:
        """Return it as it stands on paper."""
        return f"{self.number}-{self.hash[:SHOWN_DIGITS]}"

    def fits(self, hash_: str) -> bool:
        """Tell whether this may be a whole hash, of which paper has the beginning."""
        return hash_.startswith(self.hash)


class NoHead(ValueError):
    """Something that is not a head as it stands on paper."""


def read_head(written: str) -> Head:
    """Read a head from paper. Raises NoHead."""
    number, dash, digits = written.strip().lower().partition("-")
    is_hash = SHOWN_DIGITS <= len(digits) <= len(NO_HASH) and set(digits) <= set("0123456789abcdef")
    if not (dash and number.isascii() and number.isdecimal() and len(number) <= 18 and is_hash):
        raise NoHead(f"{written!r} is no head of the trail; copy it as printed, like 1234-abcdef123456")
    return Head(int(number), digits)


# writing


def chained(head: Head, entries: Iterable[Entry], at: datetime) -> Iterator[dict[str, Any]]:
    """Yield the rows that continue a chain."""
    for number, entry in enumerate(entries, head.number + 1):
        row = {"number": number, "at": at, **_sealed(entry)}
        row["hash"] = _hash(head.hash, row)
        head = Head(number, row["hash"])
        yield row


def _sealed(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "act": entry.act,
        "role": entry.role,
        "about": entry.about,
        "unit_id": entry.unit_id,
        "version": entry.version,
        "actor_id": entry.actor_id,
        "about_id": entry.about_id,
        "owner_id": entry.owner_id,
        "reason": entry.reason,
        "details": _encode(entry.details).decode() if entry.details else "",
    }
    row["actor_salt"] = None if entry.actor_id is None else token_hex(SALT_BYTES)
    row["actor_digest"] = None if entry.actor_id is None else _who(row)
    row["salt"] = None if _is_empty(row) else token_hex(SALT_BYTES)
    row["digest"] = None if row["salt"] is None else _what(row)
    return row


def read_details(written: str) -> dict[str, str | int]:
    """Return what an entry says in particular."""
    return _details_decoder.decode(written) if written else {}


def _digest(*values: object) -> str:
    return sha256(_encode(values)).hexdigest()


def _who(row: Row) -> str:
    return _digest(row["actor_salt"], row["actor_id"])


def _what(row: Row) -> str:
    return _digest(row["salt"], row["about_id"], row["owner_id"], row["reason"], row["details"])


def _is_empty(row: Row) -> bool:
    return (row["about_id"], row["owner_id"], row["reason"], row["details"]) == (None, None, "", "")


def _hash(before: str, row: Row) -> str:
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    said = [row[name] for name in ("number", "act", "role", "about", "unit_id", "version", "actor_digest", "digest")]
    return _digest(before, at, *said)


# checking


class BrokenChain(Exception):
    """A chain that is not as it was written; the message says where and in what."""


class Check:
    """Goes along a chain, entry by entry. `heads` are known from elsewhere, from paper.

    Whatever was blanked is counted: erasures say in entries of their own how much they blanked, so that nobody else can
    blank anything unseen.
    """

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        self.head = Head()
        self.blanked = 0
        self._accounted = 0
        self._expected: dict[int, list[Head]] = {}
        for head in heads:
            self._expected.setdefault(head.number, []).append(head)
        self._compare_with_paper()

    def add(self, row: Row) -> None:
        """Check the next entry. Raises BrokenChain."""
        number = row["number"]
        if number != self.head.number + 1:
            raise BrokenChain(f"entry {self.head.number + 1} is missing")
        if row["hash"] != _hash(self.head.hash, row):
            raise BrokenChain(f"entry {number} does not continue the one before: it was changed, put in or moved")
        self.blanked += self._check_seals(row)
        self.head = Head(number, row["hash"])
        if row["act"] == ERASE:
            self._accounted += int(read_details(row["details"]).get(BLANKED, 0))
        self._compare_with_paper()

    def _check_seals(self, row: Row) -> int:
        """Check what is sealed. Returns how much of it was blanked."""
        seals = (
            (row["actor_digest"], row["actor_salt"], row["actor_id"] is None, _who),
            (row["digest"], row["salt"], _is_empty(row), _what),
        )
        for digest, salt, is_empty, seal in seals:
            holds = is_empty if salt is None else digest == seal(row)
            if not holds or (digest is None and salt is not None):
                raise BrokenChain(f"entry {row['number']} does not say what it said when it was written")
        return sum(digest is not None and salt is None for digest, salt, _empty, _seal in seals)

    def _compare_with_paper(self) -> None:
        for known in self._expected.pop(self.head.number, ()):
            if not known.fits(self.head.hash):
                raise BrokenChain(f"entry {known.number} is another one than where the head {known} was printed")

    def end(self, kept: Head) -> None:
        """Check the end against the head that is kept beside the chain. Raises BrokenChain."""
        last = self.head.number
        if self._expected:
            known = self._expected[max(self._expected)][0]
            raise BrokenChain(f"the trail ends at entry {last}, but the head {known} was printed: the end was cut off")
        if kept.number > last:
            raise BrokenChain(f"the trail ends at entry {last}, but {kept.number} were written: the end was cut off")
        if kept != self.head:
            raise BrokenChain(f"the end of the trail at entry {last} is not where it was when it was written last")
        if self.blanked != self._accounted:
            raise BrokenChain(
                f"{self.blanked} parts of entries are blank, but erasures account for {self._accounted}:"
                " something was blanked or brought back by hand"
            )
