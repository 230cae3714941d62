"""What a branch head types under a list of forms: which of them to show, and which to confirm all at once.

    dưới 80 · cần xem · theo điểm             which are shown, and in which order
    duyệt hết trừ 2, 5, 9 · tất cả từ 80 điểm  which are confirmed, after a preview
    12 · Lan                                   which is opened

Only the whole of what was typed counts: “đừng duyệt hết” is none of these.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from flows.review.needs import ListedForm
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import composed, fold
from flows.words.wording import Lines, Wording, _


class Sifted(Struct, frozen=True):
    """Which forms are shown: `sift` as the talk keeps it."""

    sift: str


class Ordered(Struct, frozen=True):
    """In which order forms are shown."""

    order: str


class ConfirmMany(Struct, frozen=True):
    """Which forms are to be confirmed: from a total on, only those who pass, all but some, as they were named."""

    least: int = 0
    passed_only: bool = False
    but: tuple[str, ...] = ()


class Opened(Struct, frozen=True):
    """A form to be opened, by its number or its owner's name."""

    named: str


Asked = Sifted | Ordered | ConfirmMany | Opened

# Without marks “chớ” and “chờ” are “cho”, so that nothing is read past it.
_AROUND = r"(?:toi |xin |hay |giup |giup toi |vang |da |ok |roi |please |xem |loc |chi xem |hien |show |mo )*"
_ENDING = r"(?: a| nhe| nha| di| luon| voi| giup toi)*"
_POINTS = r"(?: diem| points?)?(?: tro len| tro di| tro xuong| and up| up| on)?"
_FROM = rf"(?:tu|from|at least|it nhat) (?P<least>\d{{1,4}}){_POINTS}"
_ABOVE = rf"(?:tren|hon|above|over) (?P<above>\d{{1,4}}){_POINTS}"
_BELOW = rf"(?:duoi|nho hon|thap hon|kem|below|under|less than) (?P<below>\d{{1,4}}){_POINTS}"
_PASSED = r"(?P<passed>dat|da dat|du dieu kien|du diem|passed|that pass|who pass)"
_FAILED = r"(?P<failed>chua dat|khong dat|k dat|ko dat|chua du|chua du dieu kien|chua du diem|not passed)"
_LOOK = r"(?P<look>can xem|can xem lai|can xem ky|can chu y|can luu y|needs? a look)"
_EVERY = r"(?P<every>tat ca|het|xem tat ca|xem het|bo loc|all|show all|everything)"
_SIFT = re.compile(
    rf"{_AROUND}(?:cac )?(?:phieu )?(?:nao )?(?:{_FROM}|{_ABOVE}|{_BELOW}|{_FAILED}|{_PASSED}|{_LOOK}|{_EVERY})"
    rf"{_ENDING}"
)
# Those that need a look before the others: not the same as only those.
_LOOK_FIRST = re.compile(
    rf"{_AROUND}(?:sap xep |xep |sap |sort )?(?:(?:theo|by) (?:can xem|can chu y|needs? a look)"
    rf"|(?:cac )?(?:phieu )?(?:can xem|can xem lai|can chu y|needs? a look)"
    rf" (?:truoc|len truoc|len dau|o tren|first)){_ENDING}"
)
_ORDER = re.compile(
    rf"{_AROUND}(?:sap xep |xep |sap |sort |sorted )?(?:theo|by) (?:(?P<name>ten|name|abc)|(?P<points>diem|tong diem|"
    rf"points?|total)|(?P<time>thoi gian|ngay|ngay nop|luc nop|time|date)){_ENDING}"
)
_CONFIRM = r"duyet|xac nhan|dong y|nhat tri|chap nhan|thong qua|confirm|approve"
_ALL = r"(?:het|tat ca|toan bo|ca thon|ca danh sach|all|everybody|everyone)"
_CONFIRM_ALL = re.compile(
    rf"{_AROUND}(?:(?P<verb>{_CONFIRM}) )?(?P<all>{_ALL})?(?: (?:moi nguoi|cac|nhung))?(?: ?phieu)?"
    rf"(?: {_PASSED}| (?:co diem |diem )?(?:{_FROM}|{_ABOVE}))?{_ENDING}"
)
_BUT = frozenset({"tru", "ngoai", "but", "except", "without"})
_BUT_AFTER = frozenset("tru ra for so phieu cac nhung nguoi number numbers form forms".split())  # noqa: SIM905
_BETWEEN = re.compile(r"[,;+/&]|\b(?:và|va|and|với|voi)\b", re.IGNORECASE)
_NUMBERS_ONLY = re.compile(r"[\d\s.,;và\-–]+")
_RANGE = re.compile(r"(\d{1,4}) ?[-–] ?(\d{1,4})")
_ONE = re.compile(rf"{_AROUND}(?:phieu |form )?(?:so |number |thu )?(\d{{1,4}}){_ENDING}")
LONGEST = 300
MOST_EXCEPTIONS = 200


def read(typed: str) -> Asked | None:
    """Return what was asked for, if it is one of these."""
    text = composed(typed)
    if not text or len(text) > LONGEST or "?" in text:
        return None
    head, but = _parted(text)
    folded = fold(head)
    if but is not None:
        return _all_but(folded, but)
    if _LOOK_FIRST.fullmatch(folded):
        return Ordered("look")
    if (many := _confirm(folded, ())) is not None:
        return many
    if order := _ORDER.fullmatch(folded):
        return Ordered(next(name for name, found in order.groupdict().items() if found))
    if sifted := _SIFT.fullmatch(folded):
        return Sifted(_sift(sifted))
    return Opened(one[1]) if (one := _ONE.fullmatch(folded)) else None


def _all_but(folded: str, but: tuple[str, ...]) -> ConfirmMany | None:
    asked = _confirm(folded, but or ("",))
    if asked is not None and not but and folded:
        raise NotUnderstood(_("Who is to be left out? For example: “confirm all but 2, 5, 9”."))
    return asked if but else None


def _parted(text: str) -> tuple[str, tuple[str, ...] | None]:
    """Part what was typed before and after “trừ”."""
    words = text.split()
    for place, word in enumerate(words):
        if fold(word) in _BUT:
            rest = words[place + 1 :]
            while rest and fold(rest[0]) in _BUT_AFTER:
                rest = rest[1:]
            return " ".join(words[:place]), tuple(_named(" ".join(rest)))
    return text, None


def _named(rest: str) -> list[str]:
    """Return each that is named after “trừ”: numbers, stretches of numbers, names."""
    if _NUMBERS_ONLY.fullmatch(rest):
        rest = _RANGE.sub(r"\1-\2", rest)
        return [part.strip(".") for part in re.split(r"[\s,;]+|và", rest) if part.strip(".")]
    return [part.strip(" .") for part in _BETWEEN.split(rest) if part.strip(" .")]


def _confirm(folded: str, but: tuple[str, ...]) -> ConfirmMany | None:
    found = _CONFIRM_ALL.fullmatch(folded)
    if found is None:
        return None
    least = int(found["least"]) if found["least"] else int(found["above"]) + 1 if found["above"] else 0
    limited = bool(least or found["passed"])
    # “tất cả” alone shows all, “từ 80” alone shows these.
    if not (but or (found["all"] and (found["verb"] or limited)) or (found["verb"] and limited)):
        return None
    return ConfirmMany(least, bool(found["passed"]), but)


def _sift(found: re.Match[str]) -> str:
    if found["least"]:
        return f"from:{found['least']}"
    if found["above"]:
        return f"from:{int(found['above']) + 1}"
    if found["below"]:
        return f"below:{found['below']}"
    return next((kind for kind in ("failed", "passed", "look") if found[kind]), "")


def sifted(forms: Sequence[ListedForm], sift: str) -> tuple[ListedForm, ...]:
    """Return the forms that are shown."""
    kind, _colon, number = sift.partition(":")
    match kind:
        case "from":
            return tuple(form for form in forms if form.total >= int(number))
        case "below":
            return tuple(form for form in forms if form.total < int(number))
        case "passed":
            return tuple(form for form in forms if form.passed)
        case "failed":
            return tuple(form for form in forms if not form.passed)
        case "look":
            return tuple(form for form in forms if form.needs_a_look)
        case _:
            return tuple(forms)


def sift_words(sift: str) -> Wording:
    """Say which forms are shown."""
    kind, _colon, number = sift.partition(":")
    match kind:
        case "from":
            return _("from {points} points on", points=int(number))
        case "below":
            return _("below {points} points", points=int(number))
        case "passed":
            return _("those who reach the title")
        case "failed":
            return _("those who do not reach the title")
        case _:
            return _("those that need a look")


def named_forms(named: Sequence[str], forms: Sequence[ListedForm]) -> tuple[ListedForm, ...]:
    """Return the forms that are named, by their number in a list or their owner's name. Raises Refused for what is not
    there and for what several people are called: nothing is guessed."""
    found: dict[int, ListedForm] = {}
    for one in named:
        for form in _meant(one, forms):
            found[form.assessment_id] = form
    if len(found) > MOST_EXCEPTIONS:
        raise Refused(_("These are too many at once: {most} at most.", most=MOST_EXCEPTIONS))
    return tuple(found.values())


def _meant(one: str, forms: Sequence[ListedForm]) -> Sequence[ListedForm]:
    if stretch := _RANGE.fullmatch(one):
        first, last = sorted((int(stretch[1]), int(stretch[2])))
        if first >= 1 and last <= len(forms):
            return forms[first - 1 : last]
    elif (number := _ONE.fullmatch(fold(one))) and 1 <= int(number[1]) <= len(forms):
        return (forms[int(number[1]) - 1],)
    elif people := called(one, forms):
        if len(people) > 1:
            raise Refused(_several(one, people, forms))
        return people
    raise Refused(_("“{named}” is not in this list. Please give the number that stands before the name.", named=one))


def called(named: str, forms: Sequence[ListedForm]) -> tuple[ListedForm, ...]:
    """Return those whose name is, or ends with, what was typed; with its marks, if it was typed with any."""
    wanted = named.casefold().split()
    exact = tuple(form for form in forms if form.name.name.casefold().split()[-len(wanted) :] == wanted)
    if exact or not wanted:
        return exact
    plain = fold(named).split()
    if not plain or named.casefold() != " ".join(plain):
        return ()
    return tuple(form for form in forms if fold(form.name.name).split()[-len(plain) :] == plain)


def _several(named: str, people: Sequence[ListedForm], forms: Sequence[ListedForm]) -> Lines:
    places = {form.assessment_id: number for number, form in enumerate(forms, 1)}
    who = tuple(_("{number}. {name}", number=places[form.assessment_id], name=form.name) for form in people)
    return Lines(
        (_("Several people are called “{named}”. Please give the number:", named=named), *who),
        "\n",
    )
