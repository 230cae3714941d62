"""What a turn may know: what was gathered for it, and what was looked up because it asked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from flows.conversation.questions import Choice
from flows.conversation.session import HOME, Frame, Talk
from flows.domain.assessments import Assessment
from flows.domain.criteria import CriteriaSet
from flows.domain.people import Person, Role, RoleKind
from flows.domain.quiet_hours import QUIET, QuietHours
from flows.domain.rounds import Round, round_for, rounds_at_work
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Scope


class Sharer(Struct, frozen=True):
    """One of several people on a phone; the id is 0 while they were added this very turn."""

    id: int
    name: str
    birth_year: int | None = None

    @property
    def given(self) -> str:
        """Return what they are called: the last word of the name."""
        return self.name.split()[-1]


class Conversation(Struct, frozen=True):
    """One chat of one channel. `language` is unknown until chosen, `consented` until answered. `people` are those who
    share it, in the order in which they came; a chat of one person has none. `bot` is which one of the channel's."""

    id: int
    channel: str
    language: str | None = None
    consented: bool | None = None
    people: tuple[Sharer, ...] = ()
    bot: str = ""

    @property
    def is_shared(self) -> bool:
        """Tell whether several people share this phone."""
        return bool(self.people)


class Start(Struct, frozen=True):
    """Where a bot is found: the pattern of addresses that open it with a `{code}`. `unit` is the code of the unit that
    a bot is for, one of several of its channel; a bot without one is for everybody."""

    pattern: str
    channel: str = ""
    bot: str = ""
    unit: str = ""


class Links(Struct, frozen=True):
    """Where bots are found, the address of the guides, and the patterns of those that show a certificate by its
    `{code}` and that sign in to web pages with one."""

    start: tuple[Start, ...] = ()
    guide: str | None = None
    certificate: str | None = None
    sign_in: str | None = None


NO_LINKS = Links()


def starts_at(units: UnitTree, unit_id: int, starts: Iterable[Start]) -> tuple[str, ...]:
    """Return the patterns of addresses that open a bot for people of a unit: of each channel that of the nearest bot,
    which is the unit's own, or that of one above it, or else the bot for everybody."""
    nearness = {unit.code.lower(): steps for steps, unit in enumerate(units.upwards(unit_id))} | {"": len(units.by_id)}
    nearest: dict[str, Start] = {}
    for start in sorted((one for one in starts if one.unit in nearness), key=lambda one: nearness[one.unit]):
        nearest.setdefault(start.channel, start)
    return tuple(start.pattern for start in starts if start in nearest.values())


@dataclass(frozen=True)
class Reference:
    """What all turns share and seldom changes. `criteria` maps set ids to their newest version; `languages` are those
    to choose from."""

    units: UnitTree = field(default_factory=UnitTree)
    rounds: tuple[Round, ...] = ()
    criteria: Mapping[str, CriteriaSet] = field(default_factory=dict)
    links: Links = NO_LINKS
    quiet: QuietHours = QUIET
    languages: tuple[Choice, ...] = ()

    def home_of(self, conversation: Conversation) -> int | None:
        """Return the unit that the bot of a conversation is for, None where it is for everybody."""
        at = (conversation.channel, conversation.bot)
        code = next((start.unit for start in self.links.start if (start.channel, start.bot) == at), "")
        unit = self.units.by_code.get(code)
        return unit.id if unit is not None else None

    def round_for(self, unit_id: int, today: date) -> Round | None:
        """Return the round to fill in at a unit, which every turn asks for: found once a day for all below a unit with
        rounds."""
        nearest = self._nearest_with_rounds(unit_id)
        if nearest is None:
            return None
        key = (nearest, today)
        if key not in self._rounds_found:
            if len(self._rounds_found) > 2 * len(self._with_rounds):  # those of days that are over
                self._rounds_found.clear()
            self._rounds_found[key] = round_for(self.rounds, self.units, nearest, today)
        return self._rounds_found[key]

    def rounds_in(self, scope: Scope, today: date) -> frozenset[int]:
        """Return the rounds whose forms count in units: those still being decided, or else the last.

        A unit without rounds of its own shares those of the unit above, so this takes no longer where there are more
        units.
        """
        own = (unit_id for unit_id in self._with_rounds if self.units.is_in(scope, unit_id))
        return frozenset().union(*(self.rounds_at_work(unit_id, today) for unit_id in (*scope.tops, *own)))

    def rounds_at_work(self, unit_id: int, today: date) -> frozenset[int]:
        """Return the rounds whose forms count in a unit: found once a day for all below a unit with rounds."""
        nearest = self._nearest_with_rounds(unit_id)
        if nearest is None:
            return frozenset()
        key = (nearest, today)
        if key not in self._at_work:
            if len(self._at_work) > 2 * len(self._with_rounds):  # those of days that are over
                self._at_work.clear()
            self._at_work[key] = rounds_at_work(self.rounds, self.units, nearest, today)
        return self._at_work[key]

    def _nearest_with_rounds(self, unit_id: int) -> int | None:
        for unit in self.units.upwards(unit_id):
            if unit.id in self._with_rounds:
                return unit.id
        return None

    def round_of_year(self, unit_id: int, year: int) -> Round | None:
        """Return the round of a year in which a unit takes part: its own, or that of the nearest unit above."""
        rounds = ((unit.id, year) for unit in self.units.upwards(unit_id))
        return next((self._rounds_by_year[key] for key in rounds if key in self._rounds_by_year), None)

    @cached_property
    def _rounds_by_year(self) -> Mapping[tuple[int, int], Round]:
        return {(round_.unit_id, round_.year): round_ for round_ in self.rounds}

    @cached_property
    def rounds_by_id(self) -> Mapping[int, Round]:
        """Return all rounds there ever were."""
        return {round_.id: round_ for round_ in self.rounds}

    @cached_property
    def _at_work(self) -> dict[tuple[int, date], frozenset[int]]:
        return {}

    @cached_property
    def _with_rounds(self) -> frozenset[int]:
        return frozenset(round_.unit_id for round_ in self.rounds)

    @cached_property
    def _rounds_found(self) -> dict[tuple[int, date], Round | None]:
        return {}


T = TypeVar("T")


class Need(Struct, Generic[T], frozen=True):
    """Something a turn may ask for, by which it is looked up. T is what comes back."""


class FactMissing(Exception):
    """A turn needs facts that were not looked up. Look them up and decide again: deciding has no effects."""

    def __init__(self, *needs: Need[Any]) -> None:
        super().__init__(*needs)
        self.needs = needs


class Found:
    """What was looked up. Only a value of its own type can be put for a need, so the one cast holds."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[Need[Any], object] = {}

    def put(self, need: Need[T], value: T) -> None:
        """Keep what was found for a need."""
        self._values[need] = value

    def get(self, need: Need[T]) -> T:
        """Return what was found. Raises FactMissing until it was looked up."""
        try:
            return cast(T, self._values[need])
        except KeyError:
            raise FactMissing(need) from None

    def drop(self, need: Need[Any]) -> None:
        """Forget what was put for a need: it cannot be read."""
        self._values.pop(need, None)

    def __contains__(self, need: Need[Any]) -> bool:
        return need in self._values

    def __iter__(self) -> Iterator[Need[Any]]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Found) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: "Found") -> "Found":
        """Return both, the other's where both have something."""
        both = Found()
        both._values = self._values | other._values
        return both


NOTHING_FOUND = Found()


class Another(Struct, frozen=True):
    """One of the people of a shared phone as they are spoken for: what a turn knows of who speaks, where they had come
    to, and how far their questions were counted in another chat of theirs."""

    person: Person
    roles: tuple[Role, ...] = ()
    own: tuple[Assessment, ...] = ()
    frames: tuple[Frame[Talk], ...] = (HOME,)
    asked: int = 0


class Facts(Struct, frozen=True, dict=True):
    """The picture one turn decides on. `person` is who is spoken for, perhaps one of several on a phone. `now` is local
    time; `own` are all forms of the person, oldest first; `found` holds what was looked up on demand, `moved` the
    forms whose state this turn changed. `token` is fresh and cannot be guessed: enough for one invitation. `key` is the
    deployment's own, by which a short code is kept. `beside` are those who share another phone with the person."""

    now: datetime
    conversation: Conversation
    reference: Reference
    person: Person | None = None
    roles: tuple[Role, ...] = ()
    own: tuple[Assessment, ...] = ()
    found: Found = NOTHING_FOUND
    token: str = ""
    key: bytes = b""
    beside: frozenset[int] = frozenset()
    moved: tuple[tuple[Assessment, Assessment], ...] = ()

    @property
    def person_id(self) -> int:
        """Return the id of who speaks, 0 while it is nobody known."""
        return self.person.id if self.person is not None else 0

    @property
    def today(self) -> date:
        """Return the local date."""
        return self.now.date()

    @cached_property
    def round(self) -> Round | None:
        """Return the round to fill in at the resident's unit: open, or else the next or the last."""
        if self.person is None or self.person.unit_id is None:
            return None
        return self.reference.round_for(self.person.unit_id, self.today)

    @cached_property
    def form(self) -> Assessment | None:
        """Return the form a resident is at: one returned and open, else that of the round to fill in, else the last.

        None while a round is open in which nothing was begun.
        """
        returned = [form for form in self.own if form.state == "returned" and self.takes_answers(form)]
        if returned:
            return returned[-1]
        round_ = self.round
        # Of a year there is one form, also for who moves: where it was begun it may have stayed.
        present = [form for form in self.own if round_ is not None and self._year_of(form) == round_.year]
        if present or (round_ is not None and round_.state(self.today) == "open"):
            return present[-1] if present else None
        return self.own[-1] if self.own else None

    @cached_property
    def earlier_forms(self) -> tuple[Assessment, ...]:
        """Return the person's other forms, the newest first."""
        form = self.form
        return tuple(other for other in reversed(self.own) if other is not form)

    def round_of(self, form: Assessment) -> Round | None:
        """Return a form's round."""
        return self.reference.rounds_by_id.get(form.round_id)

    def _year_of(self, form: Assessment) -> int | None:
        round_ = self.round_of(form)
        return round_.year if round_ is not None else None

    def takes_answers(self, form: Assessment) -> bool:
        """Tell whether a form's days are not over: those of its round, and some days more for one that was returned or
        let in late."""
        round_ = self.round_of(form)
        if form.editable and form.open_until is not None and self.today <= form.open_until:
            return True
        return round_ is not None and round_.state(self.today) == "open"

    @property
    def form_is_open(self) -> bool:
        """Tell whether answers may be given today."""
        if self.form is not None:
            return self.takes_answers(self.form)
        return self.round is not None and self.round.state(self.today) == "open"

    def over(self, *kinds: RoleKind) -> tuple[int, ...]:
        """Return the units a person has one of these roles over."""
        return tuple(role.unit_id for role in self.roles if role.kind in kinds)

    def scope(self, *kinds: RoleKind) -> Scope:
        """Return the units a person has one of these roles in, with all that lies below them."""
        return self.reference.units.scope(self.over(*kinds))

    def rounds_in(self, units: Scope) -> frozenset[int]:
        """Return the rounds whose forms count in these units."""
        return self.reference.rounds_in(units, self.today)

    def holds(self, kind: RoleKind, unit_id: int) -> bool:
        """Tell whether the person holds a role over a unit."""
        units = self.reference.units
        return any(role.kind == kind and units.covers(role.unit_id, unit_id) for role in self.roles)

    def has_role(self, *kinds: RoleKind) -> bool:
        """Tell whether the person holds one of these roles anywhere."""
        return any(role.kind in kinds for role in self.roles)

    def fills_in_for(self, person: Person) -> bool:
        """Tell whether who speaks fills in for somebody or shares a phone with them: nobody decides on that."""
        known = self.person is not None and person.helper_id == self.person.id
        here = any(one.id == person.id != self.person_id for one in self.conversation.people)
        return known or here or person.id in self.beside

    def lives_with(self, person: Person) -> bool:
        """Tell whether who speaks is of somebody's household: nobody decides on that either."""
        return self.person is not None and 0 != self.person.household_id == person.household_id

    def find(self, need: Need[T]) -> T:
        """Return what was looked up, as it will be after this turn. Raises FactMissing until it was."""
        return self.found.get(need)

    def want(self, *needs: Need[Any]) -> None:
        """Ask for several facts at once. Raises FactMissing while one of them was not looked up."""
        missing = [need for need in needs if need not in self.found]
        if missing:
            raise FactMissing(*missing)

    def knowing(self, need: Need[T], value: T) -> "Facts":
        """Return the picture with something as if it had been found."""
        found = Found()
        found.put(need, value)
        return replace(self, found=self.found | found)
