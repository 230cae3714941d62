"""Residents and the roles people hold, with the rules for what they tell about themselves."""

import re
from typing import Literal

from msgspec import Struct

from flows.criteria import Group
from flows.refusals import Refused
from flows.spelling import composed, has_invisible
from flows.wording import Wording, _

RoleKind = Literal["head", "admin"]

GROUPS: dict[Group, Wording] = {
    "farmer": _("Farmer, rural worker"),
    "worker": _("Worker, craftsperson, repairer"),
    "official": _("Official, public employee, manager, entrepreneur"),
    "pupil": _("Pupil, student"),
    "other": _("Retired, housework, self-employed, other"),
}
# The same on a button, where there is no room.
GROUPS_IN_SHORT: dict[Group, Wording] = {
    "farmer": _("Farmer"),
    "worker": _("Worker, craftsperson"),
    "official": _("Official, entrepreneur"),
    "pupil": GROUPS["pupil"],
    "other": _("Retired, housework, other"),
}
ROLES: dict[RoleKind, Wording] = {
    "head": _("Branch head"),
    "admin": _("Administrator"),
}

# Law 91/2025/QH15: under this age a representative acts for the child.
AGE_OF_CONSENT = 16
OLDEST = 120
YOUNGEST = 6
NAME_LENGTH = 80

_NAME_LETTERS = re.compile(r"[^\W\d_]")
_SHORT_YEAR = re.compile(r"\d\d")
_YEAR = re.compile(r"(?:19|20)\d\d")


class Person(Struct, frozen=True):
    """Somebody known to the bot. A branch head need not be a resident: then the rest is unknown."""

    id: int
    name: str
    birth_year: int | None = None
    unit_id: int | None = None
    group: Group | None = None
    representative: str | None = None

    @property
    def is_resident(self) -> bool:
        """Tell whether everything a form needs is known."""
        return None not in (self.birth_year, self.unit_id, self.group)


class Role(Struct, frozen=True):
    """What a person may do, and where: the unit and all below it."""

    kind: RoleKind
    unit_id: int


def read_name(typed: str) -> str:
    """Return a full name as it will stand on a certificate: NFC, single spaces, capitals where all are missing."""
    name = composed(typed)
    if has_invisible(typed.strip()):
        raise Refused(_("This name has hidden characters in it. Please type it once more by hand."))
    if len(name) > NAME_LENGTH:
        raise Refused(_("This name is too long: {count} characters at most.", count=NAME_LENGTH))
    if len(_NAME_LETTERS.findall(name)) < 2 or any(letter.isdigit() for letter in name):
        raise Refused(_("Please type family name and given name in letters, for example: Nguyễn Văn An."))
    return _capitalised(name) if name in (name.lower(), name.upper()) else name


def read_birth_year(typed: str, this_year: int) -> int:
    """Return a year of birth; a whole date is understood, of which only the year is kept."""
    found = _YEAR.findall(typed)
    if _SHORT_YEAR.fullmatch(typed.strip()):
        found = [_in_full(int(typed), this_year)]
    if len(found) != 1:
        raise Refused(_("Please type the year of birth in four digits, for example: 1965."))
    year = int(found[0])
    if not this_year - OLDEST <= year <= this_year - YOUNGEST:
        raise Refused(
            _(
                "The year of birth must lie between {first} and {last}.",
                first=this_year - OLDEST,
                last=this_year - YOUNGEST,
            )
        )
    return year


def needs_representative(birth_year: int, this_year: int) -> bool:
    """Tell whether somebody may be under 16: only the year is known, so the doubtful year counts as under."""
    return this_year - birth_year <= AGE_OF_CONSENT


def _capitalised(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in name.split(" "))


def _in_full(short: int, this_year: int) -> str:
    """Read `75` as 1975: what two digits say about somebody who is alive and not of this year."""
    century = this_year // 100
    return str((century if short < this_year % 100 else century - 1) * 100 + short)
