"""What is said and typed about a branch meeting: numbers, and the minutes in words."""

import re
from collections.abc import Iterator
from datetime import time

from flows.conversation.understanding import LONGEST, begins_with_no
from flows.domain.closings import Counts, Minutes
from flows.domain.rounds import MOST_POSTING_DAYS
from flows.words.moments import read_time
from flows.words.refusals import NotUnderstood, Refused
from flows.words.spelling import fold
from flows.words.wording import Wording, _, n_

MOST_PEOPLE = 100_000

_NUMBER = re.compile(r"\d{1,6}")
_UNTIL = re.compile(r"\s*(?:-|–|—|\bđến\b|\bden\b|\btới\b|\btoi\b(?=\s*\d)|\bto\b|\buntil\b)\s*", re.IGNORECASE)
_FROM = re.compile(r"^\s*(?:từ|tu|from)\b", re.IGNORECASE)


def read_present(typed: str) -> tuple[int, int]:
    """Return how many of how many were present: `35/40`, `35 trên 40`. Raises Refused for what cannot be."""
    found = _numbers(typed)
    if len(found) != 2:
        raise NotUnderstood(_("Type two numbers: how many were present, of how many. For example: 35/40."))
    present, members = found
    if not 0 < present <= members <= MOST_PEOPLE:
        raise Refused(_("{present} of {members} cannot be. For example: 35/40.", present=present, members=members))
    return present, members


def read_votes(typed: str, present: int) -> tuple[int, int, int]:
    """Return the votes for and against and the abstentions: `33 2 0`, or only those for where nobody else voted
    otherwise. Raises Refused where they are not as many as were present."""
    found = _numbers(typed)
    if not 1 <= len(found) <= 3:
        raise NotUnderstood(_("Type the votes for, against, and the abstentions. For example: 33 2 0."))
    votes = (found[0], *found[1:], 0, 0)[:3]
    if sum(votes) != present:
        raise Refused(
            _(
                "These are {count} votes, and {present} people were present. Type the votes for, against, and the"
                " abstentions. For example: 33 2 0.",
                count=sum(votes),
                present=present,
            )
        )
    return votes[0], votes[1], votes[2]


def read_hours(typed: str) -> tuple[time, time | None]:
    """Return when a meeting began, and when it ended if that was typed: `19:30 đến 21:00`, `19h30-21h`."""
    parts = [part for part in _UNTIL.split(_FROM.sub("", typed)) if part.strip()]
    if not 1 <= len(parts) <= 2:
        raise NotUnderstood(_("Type two times: when it began and when it ended. For example: 19:30 to 21:00."))
    start, end = read_time(parts[0]), read_time(parts[1]) if len(parts) == 2 else None
    if end is not None and end <= start:
        raise Refused(_("The meeting ended before it began. For example: 19:30 to 21:00."))
    return start, end


def read_posting(typed: str) -> int:
    """Return for how many days a list is posted: `5`, `7 ngày`. Raises Refused for what cannot be."""
    found = _numbers(typed)
    if len(found) != 1:
        raise NotUnderstood(_("Type a number of days, from 0 to {most}.", most=MOST_POSTING_DAYS))
    if found[0] > MOST_POSTING_DAYS:
        raise Refused(_("A list is posted for {most} days at most.", most=MOST_POSTING_DAYS))
    return found[0]


def _numbers(typed: str) -> list[int]:
    """Return the numbers in what was typed; none of what begins with a no, for who knows what it denies. A nought is a
    number here."""
    plain = fold(typed)
    denied = not plain[:1].isdigit() and begins_with_no(typed, LONGEST)
    return [] if denied else [int(number) for number in _NUMBER.findall(plain)]


def standing(counts: Counts) -> Iterator[Wording]:
    """Say what a village has, line by line, leaving out what there is none of; what is confirmed is always said."""
    yield _("Taking part: {count}", count=counts.registered)
    yield _("Confirmed: {count}, of whom {passed} reach the title", count=counts.confirmed, passed=counts.passed)
    if counts.waiting:
        yield _("Waiting for the branch: {count}", count=counts.waiting)
    if counts.returned:
        yield _("Returned for correction: {count}", count=counts.returned)
    if counts.unfinished:
        yield _("Not finished: {count}", count=counts.unfinished)


def in_words(minutes: Minutes) -> Iterator[Wording]:
    """Say what stands in the minutes, line by line."""
    yield _("Day: {day}", day=minutes.day)
    yield _("Time: {begins} to {ends}", begins=_clock(minutes.begins), ends=_clock(minutes.ends))
    yield _("Place: {place}", place=minutes.place)
    yield _("Chair: {name}", name=minutes.chair)
    yield _("Secretary: {name}", name=minutes.secretary)
    yield _("Present: {present} of {members}", present=minutes.present, members=minutes.members)
    yield _(
        "Votes: {votes_for} for, {votes_against} against, {abstained} abstained",
        votes_for=minutes.votes_for,
        votes_against=minutes.votes_against,
        abstained=minutes.abstained,
    )
    yield posting(minutes.posting_days)


def posting(days: int) -> Wording:
    """Say how long the list is posted."""
    return (
        n_("The list is posted for {count} day", "The list is posted for {count} days", days)
        if days
        else _("The list is not posted")
    )


def _clock(at: time | None) -> str:
    return f"{at:%H:%M}" if at is not None else "…"
