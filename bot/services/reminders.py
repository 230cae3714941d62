"""Reminders: residents hear of unfinished forms, branch heads of who waits, administrators of a round's dates."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from itertools import islice
from typing import Literal

import structlog
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.leading import Leading
from bot.services.runtime import Runtime
from bot.services.supervisor import Supervisor
from bot.store import arrivals, reminders
from bot.store.core import outbox
from bot.store.core.outbox import NOTICE, Letter, Recipient
from bot.store.core.reference import ReferenceRead
from bot.store.reminders import Asked, Unfinished, WaitingForms
from flows.conversation.events import HeadsAddress
from flows.conversation.facts import Reference
from flows.conversation.messages import Message
from flows.domain.assessments import State
from flows.domain.people import RoleKind
from flows.domain.rounds import Round
from flows.domain.units import Scope
from flows.notices.notice import MutedKind
from flows.reminders.words import arrivals_digest, date_reminder, reminded, unfinished_reminder, waiting_digest

log = structlog.get_logger()

# Two hundred people every eight seconds: turns are not held up, and no more is queued than one bot sends meanwhile,
# so that nothing is left over when the quiet hours begin.
CHUNK = 200
BREATH_SECONDS = 8.0
IDLE_SECONDS = 60.0
MOST_UNITS = 1000
MOST_ROUNDS = 50

MORNING = time(8, 0)
EVENING = time(18, 0)
HOUR = timedelta(hours=1)
DAYS_UNTOUCHED = (1, 3, 7)
REST = timedelta(days=1)
DAYS_BEFORE = (7, 1)
# Longer than anything may still be said late.
REMEMBERED = timedelta(days=8)

DateKind = Literal["closes", "report"]


@dataclass(frozen=True, slots=True)
class DateDue:
    """A day of a round that comes near. `since` is the day from which on one is reminded this time."""

    what: DateKind
    round: Round
    day: date
    since: date

    def key(self, person_id: int) -> str:
        """Name this reminder to somebody."""
        return f"{self.what}:{self.round.id}:{self.since}:{person_id}"


@dataclass(frozen=True, slots=True)
class DatesDue:
    """All that come near on one day: closing rounds by their id, reports by the unit whose round it is."""

    closing: Mapping[int, DateDue]
    reports: Mapping[int, DateDue]

    @classmethod
    def on(cls, today: date, rounds: Iterable[Round]) -> "DatesDue":
        """Find what is due on a day, of rounds that have begun."""
        closing: dict[int, DateDue] = {}
        reports: dict[int, DateDue] = {}
        for round_ in rounds:
            if today < round_.opens or not MINYEAR < round_.year <= MAXYEAR:
                continue  # a year that no date can have was mistyped, and must not stop the reminders of others
            if due := _date_due("closes", round_, round_.closes, round_.closes, today):
                closing[round_.id] = due
            report = round_.phases.report
            if due := _date_due("report", round_, report, report - timedelta(days=1), today):
                reports[round_.unit_id] = due
        return cls(closing, reports)

    def of(self, unit_id: int, reference: Reference, today: date) -> Iterator[DateDue]:
        """Yield what an administrator of a unit is told: the unit's own round, or else that of the nearest above."""
        round_ = reference.round_for(unit_id, today)
        if round_ is not None and round_.id in self.closing:
            yield self.closing[round_.id]
        reports = (self.reports.get(unit.id) for unit in reference.units.upwards(unit_id))
        yield from islice(filter(None, reports), 1)


def _date_due(what: DateKind, round_: Round, day: date, last: date, today: date) -> DateDue | None:
    since = [day - timedelta(days=days) for days in DAYS_BEFORE]
    reached = [first for first in since if first <= today <= last]
    return DateDue(what, round_, day, max(reached)) if reached else None


def reminders_behind(untouched: timedelta) -> int:
    """Return how many reminders of a form are over after one now: those whose time has come, and one that would follow
    within a day."""
    return sum(timedelta(days=days) <= untouched or timedelta(days=days) < untouched + REST for days in DAYS_UNTOUCHED)


@dataclass(frozen=True, slots=True)
class _Reminder:
    """Something to be said to somebody once."""

    key: str
    person_id: int
    message: Message


@dataclass(slots=True)
class _DailyRun:
    """The way through all who hold a role, once a day and again when units or rounds have changed: how far it is."""

    role: RoleKind
    kind: MutedKind
    begun: tuple[date, int] | None = None
    after: int = 0
    ended: bool = False

    def begin(self, day: date, version: int) -> bool:
        """Go back to the start when the day or the version is another. Tells whether it was."""
        if self.begun == (day, version):
            return False
        self.begun, self.after, self.ended = (day, version), 0, False
        return True

    def go_on(self, seen: Collection[int]) -> None:
        """Leave a chunk of people behind."""
        self.after = max(seen, default=self.after)
        self.ended = len(seen) < CHUNK


@dataclass(slots=True)
class _Waiting:
    """What waits for one branch head."""

    count: int = 0
    oldest: datetime | None = None
    last_day: date | None = None

    def add(self, count: int, oldest: datetime, last_day: date) -> None:
        """Count forms in that are to be confirmed until a day. Of several days the first counts."""
        self.count += count
        self.oldest = min(self.oldest or oldest, oldest)
        self.last_day = min(self.last_day or last_day, last_day)


@dataclass(frozen=True, slots=True)
class _Now:
    """One look: the time, the local time, and what everybody shares."""

    at: datetime
    local: datetime
    shared: ReferenceRead

    @property
    def reference(self) -> Reference:
        """Return units and rounds."""
        return self.shared.reference

    @property
    def today(self) -> date:
        """Return the local date."""
        return self.local.date()

    @property
    def morning(self) -> datetime:
        """Return when today's reminders began."""
        return datetime.combine(self.today, MORNING, self.local.tzinfo)


Holders = Mapping[int, Sequence[int]]
FindSayings = Callable[[AsyncConnection, _Now, Holders], Awaitable[list[_Reminder]]]


class Reminders:
    """Queues reminders by day, in chunks. What was said is noted in the transaction that queues it: killed at any
    moment, and run by several instances at once, it says everything once. One instance at a time does, by a lease."""

    def __init__(self, runtime: Runtime, supervisor: Supervisor | None = None) -> None:
        self._runtime = runtime
        self._supervisor = supervisor or Supervisor()
        self._shared: ReferenceRead | None = None
        self._heads = _DailyRun("head", "digests")
        self._admins = _DailyRun("admin", "dates")

    async def run(self) -> None:
        """Remind for ever."""
        lease = Leading(self._runtime.database, "reminders", IDLE_SECONDS)
        await self._supervisor.keep("reminders", self.run_once, IDLE_SECONDS, BREATH_SECONDS, lease)

    async def run_once(self) -> bool:
        """Queue the next chunk of what is due now. Tells whether there was any, so that there may be more."""
        at = self._runtime.clock()
        local = self._runtime.local(at)
        if local.time() < MORNING or self._runtime.is_quiet(at):
            return False
        async with self._runtime.database.reading() as connection:
            self._shared = await reminders.read_shared(connection, self._shared)
        now = _Now(at, local, self._shared)
        attempt = self._supervisor.attempt
        return (
            await attempt("reminders of dates", lambda: self._walk(self._admins, now, self._dates))
            or await attempt("digests", lambda: self._walk(self._heads, now, self._digests))
            or await attempt("new forms", lambda: self._tell_of_arrivals(now))
            or await attempt("reminders asked for", lambda: self._remind_asked(now))
            or await attempt("reminders of forms", lambda: self._remind_residents(now))
        )

    # residents

    async def _remind_residents(self, now: _Now) -> bool:
        before = [now.at - timedelta(days=days) for days in DAYS_UNTOUCHED]
        async with self._runtime.database.reading() as connection:
            rounds = await reminders.rounds_due(connection, now.today, before, MOST_ROUNDS)
            corrected = await reminders.any_corrected(connection, now.today, before)
        if not (rounds or corrected):
            return False
        async with self._runtime.database.writing() as connection:
            forms = await reminders.take_unfinished(connection, rounds, before, CHUNK) if rounds else []
            forms += await reminders.take_corrected(connection, now.today, before, CHUNK) if corrected else []
            reached = await self._reached(connection, forms, now)
            free = await reminders.hold(connection, [to.conversation_id for to in reached.values()])
            # Who is just speaking is left for the next look. Who cannot be told is passed over like the others, so
            # that nobody looks at the form again before its next reminder is due.
            passed = [form for form in forms if form.id not in reached or reached[form.id].conversation_id in free]
            behind = {form.id: reminders_behind(now.at - form.touched_at) for form in passed}
            await reminders.mark_reminded(connection, behind)
            new = await self._claim_today(connection, [form for form in passed if form.id in reached], now)
            letters = [self._letter(reached[form.id], _about(form, now), "reminders") for form in new]
            await outbox.queue(connection, letters, now.at)
        self._queued("reminders", len(letters))
        return bool(passed)

    async def _claim_today(
        self, connection: AsyncConnection, forms: Sequence[Unfinished], now: _Now
    ) -> list[Unfinished]:
        """Return the forms whose owners have not been reminded today, and note that they are."""
        keys = {form.id: f"form:{now.today}:{form.person_id}" for form in forms}
        new = await reminders.claim(connection, sorted(set(keys.values())), now.at)
        return [form for form in forms if keys[form.id] in new]

    async def _remind_asked(self, now: _Now) -> bool:
        """Remind the next of a village whose branch head has asked for it: each once a day, whoever asks."""
        async with self._runtime.database.reading() as connection:
            if (found := await reminders.any_asked(connection)) is None:
                return False
        async with self._runtime.database.writing() as connection:
            if (asked := await reminders.hold_asked(connection, found)) is None:
                return True
            next_forms = await reminders.unfinished_of(connection, asked, CHUNK)
            forms = [form for form in next_forms if _is_open(form, now)]
            reached = await self._reached(connection, forms, now)
            new = await self._claim_today(connection, [form for form in forms if form.id in reached], now)
            letters = [self._letter(reached[form.id], _about(form, now), "reminders") for form in new]
            await outbox.queue(connection, letters, now.at)
            asked = replace(
                asked,
                gone_to=max((form.id for form in next_forms), default=asked.gone_to),
                reached=asked.reached + len(new),
                passed_over=asked.passed_over + len(forms) - len(new),
                done_at=now.at if len(next_forms) < CHUNK else None,
            )
            await reminders.note_asked(connection, asked)
            if asked.done_at is not None:
                await self._tell_who_asked(connection, asked, now)
        self._queued("reminders", len(letters))
        self._runtime.letters_queued.ring()
        return True

    async def _tell_who_asked(self, connection: AsyncConnection, asked: Asked, now: _Now) -> None:
        to = await outbox.recipient_of(connection, asked.conversation_id, asked.person_id)
        if to is not None:
            message = reminded(asked.reached, asked.passed_over)
            await outbox.queue(connection, [self._letter(to, message)], now.at)

    async def _reached(
        self, connection: AsyncConnection, forms: Sequence[Unfinished], now: _Now
    ) -> dict[int, Recipient]:
        """Return where to write about forms, by their id: about those of the round that the owner takes part in, and
        what was returned."""
        present = [
            form
            for form in forms
            if form.unit_id and (_is_open_still(form, now) or _takes_part(form.round_id, form.unit_id, now))
        ]
        reached = await reminders.reached(connection, {form.person_id for form in present}, "reminders")
        return {form.id: reached[form.person_id] for form in present if form.person_id in reached}

    # branch heads and administrators

    async def _tell_of_arrivals(self, now: _Now) -> bool:
        """Tell branch heads of the forms that were not announced one by one: after an hour, or in the evening."""
        evening = datetime.combine(now.today, EVENING, now.local.tzinfo)
        if now.local < evening:
            evening -= timedelta(days=1)
        async with self._runtime.database.reading() as connection:
            due = await arrivals.due(connection, now.at - HOUR, evening, CHUNK)
        if not due:
            return False
        async with self._runtime.database.writing() as connection:
            held = await arrivals.take(connection, due)
            reached = await reminders.reached(connection, held, "digests")
            letters = [
                self._letter(to, arrivals_digest(held[person_id]), "digests") for person_id, to in reached.items()
            ]
            await outbox.queue(connection, letters, now.at)
        self._queued("digests", len(letters))
        return True

    async def _walk(self, walk: _DailyRun, now: _Now, find: FindSayings) -> bool:
        """Go through those who hold a role up to the next who have something to hear. Tells whether there were any."""
        if walk.begin(now.today, now.shared.version):
            async with self._runtime.database.writing() as connection:
                await reminders.forget(connection, now.at - REMEMBERED)
        while not walk.ended:
            async with self._runtime.database.reading() as connection:
                holders = await reminders.holders(connection, walk.role, walk.after, CHUNK)
                sayings = await self._unsaid(connection, walk, holders, now, find)
            said = await self._say(walk, sayings, now)
            walk.go_on(holders)
            if said:
                return True
        return False

    async def _unsaid(
        self, connection: AsyncConnection, walk: _DailyRun, holders: Holders, now: _Now, find: FindSayings
    ) -> list[_Reminder]:
        reached = await reminders.reached(connection, holders, walk.kind)
        sayings = await find(connection, now, {id_: over for id_, over in holders.items() if id_ in reached})
        known = await reminders.known(connection, [saying.key for saying in sayings])
        return [saying for saying in sayings if saying.key not in known]

    async def _say(self, walk: _DailyRun, sayings: Sequence[_Reminder], now: _Now) -> bool:
        """Say what nobody else has said meanwhile, to those who still want to hear it. Tells whether there was any."""
        if not sayings:
            return False
        async with self._runtime.database.writing() as connection:
            reached = await reminders.reached(connection, {saying.person_id for saying in sayings}, walk.kind)
            wanted = [saying for saying in sayings if saying.person_id in reached]
            new = await reminders.claim(connection, [saying.key for saying in wanted], now.at)
            letters = [self._letter(reached[one.person_id], one.message, walk.kind) for one in wanted if one.key in new]
            await outbox.queue(connection, letters, now.at)
        self._queued(walk.kind, len(letters))
        return bool(letters)

    async def _digests(self, connection: AsyncConnection, now: _Now, heads: Holders) -> list[_Reminder]:
        """Tell branch heads how many wait, if anybody has since the morning: of later ones they hear at once."""
        waiting = await self._waiting(connection, now, heads)
        return [
            _Reminder(
                f"digest:{now.today}:{person_id}", person_id, self._digest(one.count, one.oldest, one.last_day, now)
            )
            for person_id, one in waiting.items()
            if one.oldest is not None and one.last_day is not None and one.oldest < now.morning
        ]

    def _digest(self, count: int, oldest: datetime, last_day: date, now: _Now) -> Message:
        days = (now.today - self._runtime.local(oldest).date()).days
        return waiting_digest(count, days, last_day, late=now.today > last_day)

    async def _waiting(self, connection: AsyncConnection, now: _Now, heads: Holders) -> dict[int, _Waiting]:
        """Count what waits for each of these heads: who confirms a form is decided as when it was submitted."""
        units = now.reference.units
        found = {person_id: _Waiting() for person_id in heads}
        branches = units.scope(id_ for over in heads.values() for id_ in over)
        waiting = [
            form
            for form in await reminders.waiting_forms(connection, branches)
            if _is_present(form.round_id, form.unit_id, now)
        ]
        for forms in _slices(waiting):
            addresses = {_confirming(form) for form in forms}
            confirming = await outbox.heads_of(connection, addresses, units, now.today)
            for form in forms:
                for person_id in confirming[_confirming(form)]:
                    if person_id in found:
                        last_day = now.reference.rounds_by_id[form.round_id].phases.branch
                        found[person_id].add(form.count, form.oldest, last_day)
        return found

    async def _dates(self, connection: AsyncConnection, now: _Now, admins: Holders) -> list[_Reminder]:
        """Tell administrators of the days that come near, with the numbers of all their units in that round."""
        due = DatesDue.on(now.today, now.reference.rounds)
        told = [(id_, one, units) for id_, over in admins.items() for one, units in _dates_of(over, due, now)]
        counts = {units: await reminders.form_counts(connection, units) for units in {units for _, _, units in told}}
        return [
            _Reminder(one.key(id_), id_, _date_message(one, counts[units].get(one.round.id, {})))
            for id_, one, units in told
        ]

    # letters

    def _letter(self, to: Recipient, message: Message, kind: MutedKind | None = None) -> Letter:
        return replace(self._runtime.letter(to, message, NOTICE), kind=kind)

    def _queued(self, kind: MutedKind, letters: int) -> None:
        if letters:
            log.info("reminders_queued", kind=kind, letters=letters)
            self._runtime.letters_queued.ring()


def _about(form: Unfinished, now: _Now) -> Message:
    left = len(now.shared.by_pin[form.pin].indicators) - form.answered
    closes = now.reference.rounds_by_id[form.round_id].closes
    last_day = max(closes, form.open_until) if form.open_until and form.state == "returned" else closes
    return unfinished_reminder(left, form.state == "returned", last_day)


def _is_open_still(form: Unfinished, now: _Now) -> bool:
    """Tell whether a form was returned and may still be corrected."""
    return form.state == "returned" and form.open_until is not None and now.today <= form.open_until


def _is_open(form: Unfinished, now: _Now) -> bool:
    """Tell whether somebody can go on with a form today."""
    return _is_open_still(form, now) or now.reference.rounds_by_id[form.round_id].state(now.today) == "open"


def _takes_part(round_id: int, unit_id: int, now: _Now) -> bool:
    """Tell whether a round is the one that residents of a village fill in now."""
    round_ = now.reference.round_for(unit_id, now.today)
    return round_ is not None and round_.id == round_id


def _is_present(round_id: int, unit_id: int, now: _Now) -> bool:
    """Tell whether a round's forms count in a village: still being decided, or of the last round."""
    return round_id in now.reference.rounds_at_work(unit_id, now.today)


def _dates_of(over: Iterable[int], due: DatesDue, now: _Now) -> list[tuple[DateDue, Scope]]:
    """Return what an administrator is told of, each once, with all the units it is about."""
    found: dict[tuple[DateKind, int], tuple[DateDue, list[int]]] = {}
    for unit_id in over:
        for one in due.of(unit_id, now.reference, now.today):
            found.setdefault((one.what, one.round.id), (one, []))[1].append(unit_id)
    return [(one, now.reference.units.scope(unit_ids)) for one, unit_ids in found.values()]


def _date_message(one: DateDue, forms: Mapping[State, int]) -> Message:
    return date_reminder(
        one.round.name,
        one.what,
        one.day,
        submitted=forms.get("submitted", 0),
        confirmed=forms.get("confirmed", 0),
        unfinished=forms.get("draft", 0) + forms.get("returned", 0),
    )


def _confirming(form: WaitingForms) -> HeadsAddress:
    return HeadsAddress(form.unit_id, form.owner_id, form.helper_id, form.household_id)


def _slices(forms: Sequence[WaitingForms]) -> Iterator[Sequence[WaitingForms]]:
    return (forms[start : start + MOST_UNITS] for start in range(0, len(forms), MOST_UNITS))
