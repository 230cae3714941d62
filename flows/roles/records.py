"""What happens to roles: somebody is invited, takes one on, or loses it."""

from datetime import datetime

from msgspec.structs import replace

from flows.conversation.events import Record
from flows.conversation.facts import Facts
from flows.domain.people import Role, RoleKind
from flows.roles.needs import HoldersWanted


class Invited(Record, frozen=True):
    """An invitation: only the digest of its token is kept."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime


class InvitationUsed(Record, frozen=True):
    """The role of an invitation taken up."""

    digest: str
    role: RoleKind
    unit_id: int

    @property
    def touches(self) -> object:
        return self.digest

    @property
    def changes_menu(self) -> bool:
        return True


class RoleTaken(Record, frozen=True):
    """A role taken away from somebody."""

    role_id: int
    unit_id: int

    @property
    def touches(self) -> object:
        return ("role", self.role_id)


AnyRecord = Invited | InvitationUsed | RoleTaken


def after(facts: Facts, record: AnyRecord) -> Facts:
    """Return the picture once a role was given or taken."""
    match record:
        case Invited():
            return facts
        case InvitationUsed(_, role, unit_id):
            return replace(facts, roles=(*facts.roles, Role(role, unit_id)))
        case RoleTaken(role_id, unit_id):
            held = facts.find(HoldersWanted(unit_id))
            return facts.knowing(HoldersWanted(unit_id), tuple(one for one in held if one.role_id != role_id))
