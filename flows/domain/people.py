"""Residents and the roles people hold, with the rules for what they tell about themselves."""

import re
from datetime import date
from typing import Literal

from msgspec import Struct

from flows.domain.criteria import Group
from flows.words.keystrokes import typed_out
from flows.words.refusals import Refused
from flows.words.spelling import composed, fold, has_invisible, keyed, unmarked
from flows.words.wording import Named, Wording, _

RoleKind = Literal["head", "deputy", "association", "committee", "admin"]

# How somebody has agreed that data is kept of them, where somebody else fills in for them.
HowAgreed = Literal["said", "signed", "phone"]
HOW_AGREED: dict[HowAgreed, Wording] = {
    "said": _("said so in person"),
    "signed": _("signed on paper"),
    "phone": _("said so by phone"),
}

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
    "deputy": _("Deputy branch head"),
    "association": _("Study Promotion Association of the commune"),
    "committee": _("People's Committee of the commune"),
    "admin": _("Administrator"),
}

# Law 91/2025/QH15: under this age a representative acts for the child.
AGE_OF_CONSENT = 16
OLDEST = 120
YOUNGEST = 6
NAME_LENGTH = 80
LONGEST_TYPED = 400  # what is longer is neither a name nor a year, and is not looked at closely

# Letters with their marks, the apostrophe of H'Hen, the hyphen and the full stop of Nguyễn T. Lan.
_NAME = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f '’ʼ.-])+")
_NAME_LETTERS = re.compile(r"[^\W\d_]")
# What people say before and after their name: “tôi tên là …”, “họ và tên: …”, “… ạ.”
_I = "(?:tôi|toi|tui|em|cháu|chau|mình|minh|con)"
_BEFORE_NAME = re.compile(
    rf"\A(?:(?:dạ|da|thưa|thua|xin chào|chào|à)[ ,]+)*(?:{_I} )?"
    r"(?:họ và tên|ho va ten|họ tên|ho ten|tên đầy đủ|ten day du|tên|ten|my name|full name|name)"
    rf"(?: của| cua)?(?: {_I})?(?: đầy đủ)?(?: là| la| is)? ?[:\-]? ?"
    rf"|\A(?:(?:dạ|thưa)[ ,]+)*{_I} (?:là|la) |\\A(?:i am|i'm|this is) ",
    re.IGNORECASE,
)
_AFTER_NAME = re.compile(r"(?:[ ,]+(?:ạ|nhé|nhá|ah|nha|nhe|đấy|đó)(?=[\s.,;!:]*$)|[\s.,;!:]+$)+")
_KIN = "mẹ|me|bố|bo|ba|má|cha|bố mẹ|ông nội|bà nội|ông ngoại|bà ngoại|dì|cậu|người giám hộ"
_TITLE = re.compile(
    rf"(?:(?:{_KIN})(?: {_I})?(?: tên)?(?: là|:| là:) ?|(?:ông nội|bà nội|ông ngoại|bà ngoại) "
    r"|(?:ông|bà|anh|chị|cô|chú|bác|cụ|mr|mrs|ms)\.? )",
    re.IGNORECASE,
)
# Words of sentences, negations among them, which no name has, and kin without a name.
_NO_NAMES = frozenset({
    "là", "để", "gì", "rồi", "của", "không", "thế", "này", "nào", "được", "muốn", "quay", "bị", "đừng",
    "chớ", "chưa", "chẳng", "mẹ", "bố",
})  # fmt: skip
# Family names that always have marks: without them, the whole name was typed without.
_MARKED_FAMILY_NAMES = frozenset(
    fold("Nguyễn Trần Lê Phạm Hoàng Huỳnh Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Đoàn Đào Hà Lâm Lương Trương"
         " Triệu Châu Thạch Tống Đàm Quách Tạ").split()
)  # fmt: skip

# Years are read without tone marks.
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SHORT_YEAR = re.compile(r"(?:(?:(?:toi|em) )?(?:(?:sinh|sn|nam|sinh nam|nam sinh)[ :]+))?'?(\d\d)")
_SHORT_DATE = re.compile(r"(?<!\d)\d{1,2} ?[/.-] ?\d{1,2} ?[/.-] ?(\d\d)(?!\d)")
_ME = "(?:toi|em|chau|nam nay|nay|tui|minh|bac|i am|i'm|im|tuoi)"
_AGE = re.compile(
    rf"(?P<me>(?:{_ME} )*)(?:duoc |da |tron |gan |la )?(\d{{1,3}})(?P<word> ?(?:tuoi|t|years old|years|year old))?"
)
_AFTER_YEAR = re.compile(r"(?:[ ,.!;]+(?:a|nhe|nha|roi|day))+$")
# How years are said: `sáu lăm`, `một nghìn chín trăm sáu mươi lăm`.
_SAID_DIGITS = {
    word: digit
    for digit, written in enumerate(
        ("khong linh le", "mot", "hai", "ba", "bon tu", "nam lam nham", "sau", "bay", "tam", "chin")
    )
    for word in written.split()
}
_SAID_PLACES = frozenset({"muoi", "tram", "nghin", "ngan", "chuc"})


class Person(Struct, frozen=True):
    """Somebody known to the bot. A branch head need not be a resident: then the rest is unknown. `helper` fills in for
    them, having recorded their consent; the name is empty once that one was erased, and None where nobody does.
    `publishes` tells whether they may be named on posted lists, and is None until they have said. Those who live
    together have one `household_id`; it is 0 where nobody has said so."""

    id: int
    name: str
    birth_year: int | None = None
    unit_id: int | None = None
    group: Group | None = None
    representative: str | None = None
    helper: str | None = None
    helper_id: int = 0
    publishes: bool | None = None
    household_id: int = 0

    @property
    def is_helped(self) -> bool:
        """Tell whether somebody else fills in for them."""
        return self.helper is not None

    @property
    def named(self) -> Named:
        """Return the name as it stands in sentences."""
        return Named(self.id, self.name)

    @property
    def who_types(self) -> Named | None:
        """Return who types where they are spoken for: they themselves, or who fills in for them; None once that one was
        erased."""
        if not self.is_helped:
            return self.named
        return Named(self.helper_id, self.helper) if self.helper_id and self.helper else None

    @property
    def is_resident(self) -> bool:
        """Tell whether everything a form needs is known."""
        return None not in (self.birth_year, self.unit_id, self.group)


class Role(Struct, frozen=True):
    """What a person may do, and where: the unit and all below it. `until` is the last day of their term, `away_until`
    the last day on which a deputy acts instead."""

    kind: RoleKind
    unit_id: int
    until: date | None = None
    away_until: date | None = None

    def in_force(self, today: date) -> bool:
        """Tell whether the term is not over."""
        return self.until is None or today <= self.until


class Name(Struct, frozen=True):
    """A name as it will stand on a certificate. One that is not `sure` is shown and asked once; `turned` tells that its
    keystrokes were turned right, or what was said before it taken away."""

    name: str
    sure: bool
    turned: bool = False


class BirthYear(Struct, frozen=True):
    """A year of birth. One that was reckoned from an age or from two digits of a date is not `sure`."""

    year: int
    sure: bool


def read_name(typed: str, *, as_typed: bool = False) -> Name:
    """Return a full name: NFC, single spaces, capitals where they are missing, without what was said around it.

    Not sure are a name of one word, one without tone marks, and one whose keystrokes were turned right, which
    `as_typed` leaves as they are. Refused are digits, signs, emoji and what changes how a name reads.
    """
    if len(typed) > LONGEST_TYPED:
        raise Refused(_("This name is too long: {count} characters at most.", count=NAME_LENGTH))
    said = composed(typed)
    if has_invisible(said):
        raise Refused(_("This name has hidden characters in it. Please type it once more by hand."))
    told = _BEFORE_NAME.sub("", _AFTER_NAME.sub("", said), count=1)
    name = told if as_typed else typed_out(_without_title(told))
    if len(name) > NAME_LENGTH:
        raise Refused(_("This name is too long: {count} characters at most.", count=NAME_LENGTH))
    if len(_NAME_LETTERS.findall(name)) < 2 or not _NAME.fullmatch(name):
        raise Refused(_("Please type family name and given name in letters, for example: Nguyễn Văn An."))
    if _NO_NAMES.intersection(name.lower().split()):
        raise Refused(_("Please type family name and given name in letters, for example: Nguyễn Văn An."))
    turned = name != told
    return Name(_capitalised(name), _is_whole(name) and name in (told, _without_title(told)), turned)


def _without_title(name: str) -> str:
    """Drop `Ông`, `Bà`, `mẹ cháu là` … where a name follows."""
    found = _TITLE.match(name)
    return name[found.end() :] if found is not None else name


def _is_whole(name: str) -> bool:
    """Tell whether family name and given name are there, with the marks they have."""
    lacks_marks = name.isascii() and (name.islower() or name.split()[0].lower() in _MARKED_FAMILY_NAMES)
    return " " in name and not lacks_marks


def read_birth_year(typed: str, this_year: int) -> BirthYear:
    """Return a year of birth from a year, a date, an age or words; only the year is kept. Raises Refused."""
    plain = unmarked(typed_out(composed(keyed(typed[:LONGEST_TYPED])))).casefold()
    text = _AFTER_YEAR.sub("", plain).strip(" .,!;")
    found = [BirthYear(int(year), sure=True) for year in _YEAR.findall(text)]
    born = found[0] if len(found) == 1 else None if found else _reckoned(text, this_year)
    if born is None:
        raise Refused(_("Please type the year of birth in four digits, for example: 1965."))
    _hold_to_years(born.year, this_year)
    return born


def _reckoned(text: str, this_year: int) -> BirthYear | None:
    """Read a year that was not typed in four digits."""
    if short := _SHORT_YEAR.fullmatch(text):
        return BirthYear(_in_full(int(short[1]), this_year), sure=True)
    if date := _SHORT_DATE.search(text):
        return BirthYear(_in_full(int(date[1]), this_year), sure=False)
    age = _AGE.fullmatch(text)
    if age is not None and (age["word"] or age["me"]):
        return BirthYear(this_year - int(age[2]), sure=False)
    if text.endswith(" tuoi") and (born := _said_in_words(text.removesuffix(" tuoi"), this_year)) is not None:
        return BirthYear(this_year - born.year % 100, sure=False)
    return _said_in_words(text, this_year)


def _said_in_words(text: str, this_year: int) -> BirthYear | None:
    words = re.sub(r"^(?:toi )?(?:sinh )?(?:nam (?:sinh )?)?(?=\w+ \w)", "", text).split()
    digits = "".join(str(_SAID_DIGITS[word]) for word in words if word in _SAID_DIGITS)
    if any(word not in _SAID_DIGITS and word not in _SAID_PLACES for word in words):
        return None
    if len(digits) == 1 and words[-1] == "muoi":
        digits += "0"
    if len(digits) == 2:
        return BirthYear(_in_full(int(digits), this_year), sure=False)
    return BirthYear(int(digits), sure=False) if len(digits) == 4 else None


def _hold_to_years(year: int, this_year: int) -> None:
    if not this_year - OLDEST <= year <= this_year - YOUNGEST:
        raise Refused(
            _(
                "The year of birth must lie between {first} and {last}.",
                first=this_year - OLDEST,
                last=this_year - YOUNGEST,
            )
        )


def needs_representative(birth_year: int, this_year: int) -> bool:
    """Tell whether somebody may be under 16: only the year is known, so the doubtful year counts as under."""
    return this_year - birth_year <= AGE_OF_CONSENT


def _capitalised(name: str) -> str:
    """Give a name its capitals: H'HEN NIÊ is H'Hen Niê. What has some already keeps those it has."""
    if name.islower() or (name[:1].upper() + name[1:]).isupper():
        return re.sub(r"[^\W\d_]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), name)
    return name[:1].upper() + name[1:]


def _in_full(short: int, this_year: int) -> int:
    """Read `75` as 1975: what two digits say about somebody who is alive and not of this year."""
    century = this_year // 100
    return (century if short < this_year % 100 else century - 1) * 100 + short
