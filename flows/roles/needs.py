"""What is asked about roles while a turn is decided: invitations, and who holds one."""

from datetime import date, datetime, timedelta
from hashlib import sha256

from msgspec import Struct

from flows.conversation.facts import Another, Facts, Need
from flows.domain.people import Role, RoleKind
from flows.words.wording import Named

INVITATION_CODE = "i-"
INVITATION_LIFE = timedelta(days=7)


class HandedOver(Struct, frozen=True):
    """The role that goes over to whoever takes it on, and who holds it until then."""

    role_id: int
    person_id: int


class Invitation(Struct, frozen=True):
    """An invitation as stored. `until` is the last day of the role. `open` is false once it was used, and when whoever
    made it may not give that role any more. One for somebody `returning` gives nothing: it lets who holds the role in
    again, after all their chats were signed out."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime
    open: bool = True
    until: date | None = None
    handed_over: HandedOver | None = None
    returning: int = 0


class InvitationWanted(Need[Invitation | None], frozen=True):
    """An invitation by the digest of its token."""

    digest: str


class ReturningWanted(Need[Another | None], frozen=True):
    """Somebody who was signed out everywhere, as they will be spoken for; None once they have a chat again."""

    person_id: int


class OpenInvitation(Struct, frozen=True):
    """An invitation that nobody has taken up yet."""

    digest: str
    role: RoleKind
    expires: datetime


class OpenInvitationsWanted(Need[tuple[OpenInvitation, ...]], frozen=True):
    """The invitations to exactly this unit that can still be taken up, by their last day."""

    unit_id: int


class OwnRole(Struct, frozen=True):
    """A role that somebody holds themselves."""

    role_id: int
    role: Role


class OwnRolesWanted(Need[tuple[OwnRole, ...]], frozen=True):
    """The roles somebody holds, the longest first."""

    person_id: int


class Holder(Struct, frozen=True):
    """Somebody who holds a role over a unit."""

    role_id: int
    person_id: int
    name: str
    role: Role
    household_id: int = 0

    @property
    def named(self) -> Named:
        """Return the name as it stands in sentences."""
        return Named(self.person_id, self.name)

    @property
    def kind(self) -> RoleKind:
        """Return which role it is."""
        return self.role.kind


class HoldersWanted(Need[tuple[Holder, ...]], frozen=True):
    """Who holds a role over exactly this unit, the longest first."""

    unit_id: int


def holders_over(facts: Facts, unit_id: int, kind: RoleKind) -> tuple[Holder, ...]:
    """Return who holds a role over a unit: in the unit itself, or else in the nearest one above with anybody."""
    units = facts.reference.units
    facts.want(*(HoldersWanted(unit.id) for unit in units.upwards(unit_id)))
    for unit in units.upwards(unit_id):
        if held := tuple(one for one in facts.find(HoldersWanted(unit.id)) if one.kind == kind):
            return held
    return ()


def digest_of(token: str) -> str:
    """Return what is kept of a token: whoever reads the database cannot use it."""
    return sha256(token.encode()).hexdigest()


AnyNeed = InvitationWanted | ReturningWanted | OpenInvitationsWanted | HoldersWanted | OwnRolesWanted
