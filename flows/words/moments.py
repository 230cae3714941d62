"""Days and times as people type them: `5/10 19:00`, `5/10/2026 7h30`, `mai 8h`, `thứ hai 19h`."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from flows.words.refusals import Refused
from flows.words.wording import _

FURTHEST = timedelta(days=400)
FAR_AHEAD = timedelta(days=60)
MORNING = time(8, 0)
NOON = 12

_DATE = re.compile(r"(?<![\d:])(\d{1,2})\s*[/.-]\s*(\d{1,2})(?:\s*[/.-]\s*(\d{4}|\d\d))?(?![\d:h])")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_WORDED_DATE = re.compile(r"(\d{1,2}) thang (\d{1,2})(?: nam (\d{4}))?")
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})\s*(?::\s*(\d\d)|(?:h|g|gio)(?![a-z])\s*(\d\d)?(?!\d)|(?=\s*[ap]m))"
    r"(\s*ruoi)?\s*(am|pm)?"
)
_LATER_HALF = frozenset({"chieu", "toi", "pm"})
_DAYS = {"hom nay": 0, "nay": 0, "today": 0, "ngay mai": 1, "mai": 1, "tomorrow": 1, "ngay kia": 2}
_WEEKDAYS = {
    "thu hai": 0, "thu 2": 0, "monday": 0, "thu ba": 1, "thu 3": 1, "tuesday": 1, "thu tu": 2, "thu 4": 2,
    "wednesday": 2, "thu nam": 3, "thu 5": 3, "thursday": 3, "thu sau": 4, "thu 6": 4, "friday": 4, "thu bay": 5,
    "thu 7": 5, "saturday": 5, "chu nhat": 6, "sunday": 6,
}  # fmt: skip
_DAYS_BEFORE = {"hom nay": 0, "nay": 0, "today": 0, "hom qua": 1, "qua": 1, "yesterday": 1, "hom kia": 2}
_PARTS_OF_DAY = frozenset({"sang", "trua", *_LATER_HALF})
_FILLERS_OF_DAY = frozenset({"den", "het", "toi", "ngay", "nam", "until", "till", "to", "the", "a", "nhe", "end", "of"})
_FILLERS = frozenset({"luc", "vao", "ngay", "a", "ah", "nhe", "nha", "at", "on", "the"})


def read_moment(typed: str, now: datetime) -> datetime:
    """Return a local day and time to come. Raises Refused for what cannot be read, is past or too far away."""
    rest = _plain(typed)
    day, rest = _day(rest, now)
    hour, rest = _hour(rest)
    known = _FILLERS if hour is None else _FILLERS | _PARTS_OF_DAY
    if (day is None and hour is None) or not set(re.findall(r"\w+", rest)) <= known:
        raise Refused(_("I do not understand this day and time. Type it for example as 5/10 19:00, or tomorrow 8:00."))
    at = datetime.combine(day or now.date(), hour or MORNING, now.tzinfo)
    if day is None and at <= now:
        at += timedelta(days=1)
    return _to_come(at, now)


def read_day(typed: str, today: date) -> date:
    """Return a day that has been: today, or before. Raises Refused for what cannot be read, is to come or long ago."""
    midnight = datetime.combine(today, time())
    rest = _plain(typed)
    for word, days in _DAYS_BEFORE.items():
        if found := re.search(rf"\b{word}\b", rest):
            day, rest = today - timedelta(days=days), _without(rest, found)
            break
    else:
        found_day, rest = _day(rest, midnight)
        if found_day is None:
            raise Refused(_("I do not understand this day. Type it for example as 5/10."))
        # In January, `28/12` is the one that has been.
        far = found_day - today > FAR_AHEAD and str(found_day.year) not in typed
        day = _date(found_day.year - 1, found_day.month, found_day.day) if far else found_day
    if not set(re.findall(r"\w+", rest)) <= _FILLERS | _PARTS_OF_DAY:
        raise Refused(_("I do not understand this day. Type it for example as 5/10."))
    if day > today:
        raise Refused(_("{day} is still to come.", day=day))
    if today - day > FURTHEST:
        raise Refused(_("{day} is more than a year ago. Type the day with its year.", day=day))
    return day


def read_time(typed: str) -> time:
    """Return a time of day. Raises Refused for what cannot be read."""
    hour, rest = _hour(_plain(typed))
    if hour is None or not set(re.findall(r"\w+", rest)) <= _FILLERS | _PARTS_OF_DAY:
        raise Refused(_("I do not understand this time. Type it for example as 19:30."))
    return hour


def read_coming_day(typed: str, today: date) -> date:
    """Return a day to come, or today. Raises Refused for what cannot be read and what is past."""
    now = datetime.combine(today, MORNING)
    day, rest = _day(_plain(typed), now)
    if day is None or not set(re.findall(r"\w+", rest)) <= _FILLERS_OF_DAY:
        raise Refused(_("I do not understand this day. Type it for example as 5/10, or 5/10/{year}.", year=today.year))
    if day < today:
        raise Refused(_("{day} is past. Type a day to come, with the year if needed.", day=day))
    return day


def _to_come(at: datetime, now: datetime) -> datetime:
    if at <= now:
        raise Refused(
            _(
                "{time} on {day} is past. Type a time to come, with the year if needed.",
                time=f"{at:%H:%M}",
                day=at.date(),
            )
        )
    if at - now > FURTHEST:
        raise Refused(_("{day} is more than a year away. Choose a nearer day.", day=at.date()))
    return at


def _plain(typed: str) -> str:
    apart = unicodedata.normalize("NFKD", typed.replace("đ", "d").replace("Đ", "d")).casefold()
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).split())


def _day(text: str, now: datetime) -> tuple[date | None, str]:
    if found := _ISO_DATE.search(text):
        return _date(int(found[1]), int(found[2]), int(found[3])), _without(text, found)
    if found := _DATE.search(text) or _WORDED_DATE.search(text):
        year = int(found[3] or now.year)
        return _date(year if year > 99 else 2000 + year, int(found[2]), int(found[1])), _without(text, found)
    for word, days in _DAYS.items():
        if found := re.search(rf"\b{word}\b", text):
            return now.date() + timedelta(days=days), _without(text, found)
    for word, weekday in _WEEKDAYS.items():
        if found := re.search(rf"\b{word}\b", text):
            ahead = (weekday - now.weekday() - 1) % 7 + 1
            return now.date() + timedelta(days=ahead), _without(text, found)
    return None, text


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused(_("There is no such day: {day}/{month}/{year}.", day=day, month=month, year=year)) from None


def _hour(text: str) -> tuple[time | None, str]:
    if (found := _TIME.search(text)) is None:
        return None, text
    hour, minute = int(found[1]), int(found[2] or found[3] or (30 if found[4] else 0))
    if hour < NOON and _LATER_HALF & {found[5], *text.split()}:
        hour += NOON
    try:
        return time(hour, minute), _without(text, found)
    except ValueError:
        raise Refused(_("There is no such time: {time}.", time=f"{hour}:{minute:02}")) from None


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"
