"""Whom a notice is for: places among one's own, what people are narrowed down by, and ages as they are typed."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec.structs import replace

from flows.conversation.facts import Facts
from flows.conversation.questions import Choice
from flows.conversation.questions import words as said
from flows.domain.channels import CHANNELS
from flows.domain.people import GROUPS_IN_SHORT, OLDEST
from flows.notices import words
from flows.notices.needs import AudienceWanted, NoticeWanted, notice_of
from flows.notices.notice import Audience, Notice, Reached
from flows.words.refusals import Refused
from flows.words.spelling import fold
from flows.words.wording import Wording, _

MOST_UNITS = 30

Facet = Literal["roles", "groups", "languages", "forms", "channels"]


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose, and what an audience with it holds."""

    choice: Choice
    values: tuple[str, ...]

    def is_in(self, taken: Collection[str]) -> bool:
        """Tell whether an audience has it."""
        return not set(self.values).isdisjoint(taken)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One thing an audience is narrowed by: how it is asked, and what there is to choose from."""

    choice: Choice
    question: Wording
    options: Callable[[Facts], tuple[Option, ...]]


def _each(labels: Mapping[Any, Wording]) -> tuple[Option, ...]:
    return tuple(Option(Choice(key, label), (key,)) for key, label in labels.items())


def _channels() -> tuple[Option, ...]:
    """Return the channels as people know them: those that are called the same are one."""
    alike: dict[Wording, list[str]] = {}
    for channel, facts in CHANNELS.items():
        alike.setdefault(facts.name, []).append(channel)
    return tuple(
        Option(Choice(keys[0], name, tuple(words for key in keys for words in CHANNELS[key].also)), tuple(keys))
        for name, keys in alike.items()
    )


NARROWINGS: Mapping[Facet, Narrowing] = {
    "roles": Narrowing(
        Choice("roles", _("🎖 Role"), said("vai trò; nhiệm vụ; role")),
        _("People with which role?"),
        lambda facts: _each(words.AUDIENCE_ROLES),
    ),
    "groups": Narrowing(
        Choice("groups", _("🧑‍🌾 Group"), said("nhóm; nhóm nghề; nghề; nghề nghiệp; group")),
        _("People of which group?"),
        lambda facts: _each(GROUPS_IN_SHORT),
    ),
    "languages": Narrowing(
        Choice("languages", _("🗣 Language"), said("ngôn ngữ; language")),
        _("People who read which language?"),
        lambda facts: _each(words.languages(facts)),
    ),
    "forms": Narrowing(
        Choice("forms", _("📝 State of the form"), said("phiếu; tình trạng phiếu; form")),
        _("People whose form stands how?"),
        lambda facts: _each(words.FORMS),
    ),
    "channels": Narrowing(
        Choice("channels", _("📱 Channel"), said("kênh; channel")),
        _("People on which channel?"),
        lambda facts: _channels(),
    ),
}


NOT_YOURS = _("This notice is not for your unit, or does not exist any more.")


def subject(facts: Facts, notice_id: int) -> Notice:
    """Return a notice. Refused to all but the administrators over everybody it is for: who wrote it and administers
    these units no more is one of the others."""
    notice = notice_of(facts, notice_id)
    if notice is None or not _may_see(facts, notice):
        raise Refused(NOT_YOURS)
    return notice


def is_theirs(facts: Facts, notice_id: int) -> bool:
    """Tell whether a notice is there, and for somebody's own units."""
    notice = facts.find(NoticeWanted(notice_id))
    return notice is not None and _may_see(facts, notice)


def _may_see(facts: Facts, notice: Notice) -> bool:
    units = notice.audience.unit_ids
    return bool(units) and all(facts.holds("admin", unit_id) for unit_id in units)


def own_units(facts: Facts) -> tuple[int, ...]:
    """Return the units somebody administers, without those that lie within another of them."""
    return _outermost(facts, dict.fromkeys(role.unit_id for role in facts.roles if role.kind == "admin"))


def own_unit_over(facts: Facts, audience: Audience) -> int | None:
    """Return the unit in whose name somebody writes: of several that they administer, the one over the audience."""
    units = facts.reference.units
    own = own_units(facts)
    over = (own_ for own_ in own if all(units.covers(own_, unit_id) for unit_id in audience.unit_ids))
    return next(over, own[0] if own else None)


def _outermost(facts: Facts, unit_ids: Mapping[int, None]) -> tuple[int, ...]:
    units = facts.reference.units
    return tuple(
        unit_id
        for unit_id in unit_ids
        if not any(other != unit_id and units.covers(other, unit_id) for other in unit_ids)
    )


def with_unit(facts: Facts, audience: Audience, unit_id: int) -> Audience:
    """Add a unit to those chosen. The first one chosen takes the place of all of one's own."""
    if not facts.holds("admin", unit_id):
        raise Refused(_("I find no unit by that name among yours."))
    before = () if audience.unit_ids == own_units(facts) else audience.unit_ids
    chosen_ = _outermost(facts, dict.fromkeys((*before, unit_id)))
    if len(chosen_) > MOST_UNITS:
        raise Refused(_("At most {most} places can be chosen. Choose the unit above them instead.", most=MOST_UNITS))
    return replace(audience, unit_ids=chosen_)


# Signs and words for “from” and “up to”, each as one of two.
_SAME = (
    ("+", " tro len "), ("<", " duoi "), (">", " tren "), ("–", "-"), ("-", " den "), ("up to", "den"),
    ("under", "duoi"), ("over", "tren"), ("from", "tu"), (" to ", " den "), ("đến", "den"), ("tới", "den"),
)  # fmt: skip
_BESIDES = frozenset({"tuoi", "nguoi", "a", "ah", "nhe", "nha", "thoi", "age", "aged", "years", "old", "of", "people"})
_BAND = re.compile(r"(?:tu )?(\d{1,3}) den (\d{1,3})")
_YOUNGEST = re.compile(r"(?:tu )?(\d{1,3})(?: tro len| den)|tu (\d{1,3})|tren (\d{1,3})")
_OLDEST = re.compile(r"(?:den )?(\d{1,3}) tro xuong|den (\d{1,3})|duoi (\d{1,3})")


def read_ages(typed: str) -> tuple[int | None, int | None]:
    """Return the youngest and oldest age of a band as people type it: `60-`, `16-35`, `từ 60`. Raises Refused."""
    text = _plain(typed)
    youngest = oldest = None
    if found := _BAND.fullmatch(text):
        youngest, oldest = int(found[1]), int(found[2])
    elif found := _YOUNGEST.fullmatch(text):
        youngest = int(found[1] or found[2] or 0) or int(found[3]) + 1
    elif found := _OLDEST.fullmatch(text):
        oldest = int(found[1] or found[2] or 0) or int(found[3]) - 1
    if found is None or not 0 <= (youngest or 0) <= (OLDEST if oldest is None else oldest) <= OLDEST:
        raise Refused(_("I do not understand this age. Type for example: from 60, or 16-35, or up to 30."))
    return youngest, oldest


def _plain(typed: str) -> str:
    text = typed.casefold()
    for written, meant in _SAME:
        text = text.replace(written, meant)
    return " ".join(word for word in fold(text).split() if word not in _BESIDES)


def reach_of(facts: Facts, audience: Audience) -> Reached:
    """Look up how many people an audience reaches. Raises FactMissing until it was counted."""
    return facts.find(AudienceWanted(audience, facts.reference.units.scope(audience.unit_ids)))
