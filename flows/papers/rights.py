"""Who may have which paper: one table of papers and roles, and for which units."""

from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from flows.conversation.facts import Facts
from flows.domain.assessments import Assessment
from flows.domain.people import Role, RoleKind
from flows.domain.unit_tree import UnitTree
from flows.domain.units import Unit

PaperKind = Literal[
    "minutes",
    "list",
    "posted",
    "form",
    "poster",
    "proposal",
    "decision",
    "certificates",
    "register",
    "year",
    "filled-form",
    "certificate",
]
# What is somebody's own: of their own form, whatever role they have.
OWN: frozenset[PaperKind] = frozenset({"filled-form", "certificate"})
# The others, each with the roles that may have it, of their own unit and what lies below it.
ROLES_OF: Mapping[PaperKind, tuple[RoleKind, ...]] = {
    "minutes": ("head", "deputy", "association", "admin"),
    "list": ("head", "deputy", "association", "admin"),
    "posted": ("head", "deputy", "association", "committee", "admin"),
    "form": ("head", "deputy", "association", "admin"),
    "poster": ("head", "deputy", "association", "admin"),
    "proposal": ("association", "committee", "admin"),
    "decision": ("committee", "association", "admin"),
    "certificates": ("association", "committee", "admin"),
    "register": ("committee", "admin"),
    "year": ("association", "committee", "admin"),
}
# What a village has, and what a commune has; some papers are of either.
OF_VILLAGES: frozenset[PaperKind] = frozenset({"minutes", "list", "posted", "form", "poster", "certificates"})
OF_COMMUNES: frozenset[PaperKind] = frozenset(
    {"list", "posted", "poster", "proposal", "decision", "certificates", "register", "year"}
)


def known_kind(said: str) -> PaperKind | None:
    """Return the kind that a button claims."""
    return next((kind for kind in get_args(PaperKind) if kind == said), None)


def is_of(kind: PaperKind, unit: Unit) -> bool:
    """Tell whether there is such a paper of such a unit."""
    return kind in OF_VILLAGES if unit.takes_residents else kind in OF_COMMUNES and unit.kind == "commune"


def may_have(kind: PaperKind, roles: tuple[Role, ...], units: UnitTree, unit_id: int) -> bool:
    """Tell whether whoever holds these roles may have a paper of a unit."""
    wanted = ROLES_OF.get(kind, ())
    return any(role.kind in wanted and units.covers(role.unit_id, unit_id) for role in roles)


def kinds_for(facts: Facts) -> Iterator[PaperKind]:
    """Yield the papers that somebody may ask for, their offices' before their own."""
    held = {role.kind for role in facts.roles}
    for kind, roles in ROLES_OF.items():
        if held.intersection(roles):
            yield kind
    if any(form.state != "draft" for form in facts.own):
        yield "filled-form"
    if any(form.state == "recognised" for form in facts.own):
        yield "certificate"


def own_form(facts: Facts, kind: PaperKind, form_id: int = 0) -> Assessment | None:
    """Return one's own form that a paper is of: a certain one, or else the newest that has such a paper."""
    fit = [
        form for form in facts.own if (form.state == "recognised" if kind == "certificate" else form.state != "draft")
    ]
    if form_id:
        return next((form for form in fit if form.id == form_id), None)
    return fit[-1] if fit else None
