"""Acts in words, as the trail has them: somebody reads those that concern them, an auditor those on a form."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from flows.commune.acts import ACTS as ON_PROPOSALS
from flows.domain.criteria import CriteriaSet
from flows.domain.people import ROLES
from flows.forms.acts import ACTS as ON_FORMS
from flows.forms.acts import INDICATOR, LEVEL
from flows.joining.acts import ACTS as ON_CHATS
from flows.meeting.acts import ACTS as ON_VILLAGES
from flows.notices.acts import ACTS as ON_NOTICES
from flows.privacy.needs import OwnAct
from flows.recognition.acts import ACTS as ON_DECISIONS
from flows.roles.acts import ACTS as ON_ROLES
from flows.roles.acts import KIND
from flows.words.wording import Lines, Wording, _, lines

ACTS: Mapping[tuple[str, str], Wording] = {
    **ON_FORMS,
    **ON_VILLAGES,
    **ON_PROPOSALS,
    **ON_DECISIONS,
    **ON_ROLES,
    **ON_NOTICES,
    **ON_CHATS,
}
HELD: Mapping[str, Wording] = dict(ROLES.items())
ACTING: Mapping[str, Wording] = {**HELD, "resident": _("the resident"), "operator": _("who runs the program")}


def act_lines(one: OwnAct, zone: tzinfo | None, criteria: CriteriaSet | None = None, unit: str = "") -> Wording:
    """Say who did what, when, where and why. Who acted for others is named, while they are known; a resident is not."""
    who = ACTING.get(one.role, one.role)
    time, act = moment(one.at, zone), act_words(one)
    return lines(
        _("{time}: {act} – {who}", time=time, act=act, who=who)
        if one.by is None or one.role == "resident"
        else _("{time}: {act} – {who} {name}", time=time, act=act, who=who, name=one.by),
        Lines(("   ", _where(one, unit)), " ") if unit else None,
        _adjusted(one, criteria) if criteria is not None else None,
        _("    Reason: {reason}", reason=one.reason) if one.reason else None,
    )


def entry_lines(number: int, one: OwnAct, zone: tzinfo, criteria: CriteriaSet | None) -> Wording:
    """Say an entry of the trail, with its number and the version of the form that was seen."""
    return lines(
        _("No. {number}, form version {version}:", number=number, version=one.version), act_lines(one, zone, criteria)
    )


def act_words(one: OwnAct) -> Wording:
    """Say what was done; an act that only a newer version knows is called as that calls it."""
    return ACTS.get((one.about, one.act), one.act)


def _where(one: OwnAct, unit: str) -> Wording:
    if KIND not in one.details:
        return unit
    role = str(one.details[KIND])
    return Lines((HELD.get(role, role), unit), ", ")


def _adjusted(one: OwnAct, criteria: CriteriaSet) -> Wording | None:
    """Say which answer was adjusted to what; nothing where the form is another one since."""
    indicator = next((i for i in criteria.indicators if i.id == one.details.get(INDICATOR)), None)
    level = (
        next((level for level in indicator.levels if level.id == one.details.get(LEVEL)), None) if indicator else None
    )
    if indicator is None or level is None:
        return None
    return _("    Question {number}: {label}", number=criteria.places[indicator.id], label=level.label)


def moment(at: datetime, zone: tzinfo | None) -> Wording:
    """Say a moment in local time."""
    local = at.astimezone(zone)
    return _("{day} {time}", day=local.date(), time=f"{local:%H:%M}")
