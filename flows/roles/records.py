"""What happens to roles: somebody is invited, takes one on, is away, or loses it."""

from datetime import date, datetime

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.people import Role, RoleKind
from flows.roles.needs import HandedOver, HoldersWanted, OpenInvitationsWanted, OwnRolesWanted


class Invited(Record, frozen=True):
    """An invitation: only the digest of its token is kept. `until` is the last day of the role, `replaces` the role
    that is handed over by it."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime
    until: date | None = None
    replaces: int | None = None


class InvitationUsed(Record, frozen=True):
    """The role of an invitation taken up; a role that was handed over by it ends."""

    digest: str
    role: RoleKind
    unit_id: int
    until: date | None = None
    handed_over: HandedOver | None = None

    @property
    def touches(self) -> object:
        return self.digest

    @property
    def changes_menu(self) -> bool:
        return True


class InvitationWithdrawn(Record, frozen=True):
    """An invitation that nobody can take up any more."""

    digest: str
    unit_id: int
    role: RoleKind

    @property
    def touches(self) -> object:
        return self.digest


class RoleTaken(Record, frozen=True):
    """A role taken away from somebody, or given up."""

    role_id: int
    unit_id: int
    role: RoleKind
    person_id: int

    @property
    def touches(self) -> object:
        return ("role", self.role_id)

    @property
    def changes_menu(self) -> bool:
        return True


class HolderSignedOut(Record, frozen=True):
    """Somebody who holds a role, signed out of all their chats and web pages: their phone was lost or stolen. `digest`
    is that of the invitation which lets them in again, until it expires."""

    unit_id: int
    role: RoleKind
    person_id: int
    role_id: int
    digest: str
    expires: datetime

    @property
    def touches(self) -> object:
        return ("person", self.person_id)


class CameBack(Record, frozen=True):
    """Somebody who was signed out everywhere, in a chat of theirs again by an invitation."""

    digest: str
    role: RoleKind
    unit_id: int
    person_id: int

    @property
    def touches(self) -> object:
        return ("person", self.person_id)


class AwaySaid(Record, frozen=True):
    """A branch head who is away until a day, with that day; or is there again."""

    role_id: int
    unit_id: int
    role: RoleKind
    until: date | None

    @property
    def touches(self) -> object:
        return ("role", self.role_id)


AnyRecord = Invited | InvitationUsed | InvitationWithdrawn | RoleTaken | HolderSignedOut | CameBack | AwaySaid


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once a role was given or taken."""
    match record:
        case Invited() | HolderSignedOut() | CameBack():
            return facts
        case InvitationUsed(_, role, unit_id, until):
            return replace(facts, roles=(*facts.roles, Role(role, unit_id, until)))
        case InvitationWithdrawn(digest, unit_id):
            wanted = OpenInvitationsWanted(unit_id)
            return facts.knowing(wanted, tuple(one for one in facts.find(wanted) if one.digest != digest))
        case RoleTaken(role_id, unit_id):
            return _without(facts, role_id, unit_id)
        case AwaySaid(role_id=role_id, until=until):
            return _away(facts, role_id, until)


def _without(facts: Facts, role_id: int, unit_id: int) -> Facts:
    """Drop a role from those that were looked up: of a unit's holders, or of one's own."""
    holders, own = HoldersWanted(unit_id), OwnRolesWanted(facts.person_id)
    if holders in facts.found:
        facts = facts.knowing(holders, tuple(one for one in facts.find(holders) if one.role_id != role_id))
    if own in facts.found:
        left = tuple(one for one in facts.find(own) if one.role_id != role_id)
        facts = replace(facts.knowing(own, left), roles=tuple(one.role for one in left))
    return facts


def _away(facts: Facts, role_id: int, until: date | None) -> Facts:
    own = OwnRolesWanted(facts.person_id)
    changed = tuple(
        replace(one, role=replace(one.role, away_until=until)) if one.role_id == role_id else one
        for one in facts.find(own)
    )
    return replace(facts.knowing(own, changed), roles=tuple(one.role for one in changed))
