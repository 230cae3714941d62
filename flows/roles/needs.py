"""What is asked about roles while a turn is decided: invitations, and who holds one."""

from datetime import datetime, timedelta
from hashlib import sha256

from msgspec import Struct

from flows.conversation.facts import Facts, Need
from flows.domain.people import RoleKind
from flows.words.wording import Named

INVITATION_CODE = "i-"
INVITATION_LIFE = timedelta(days=7)


class Invitation(Struct, frozen=True):
    """An invitation as stored. `open` is false once it was used."""

    digest: str
    role: RoleKind
    unit_id: int
    expires: datetime
    open: bool = True


class InvitationWanted(Need[Invitation | None], frozen=True):
    """An invitation by the digest of its token."""

    digest: str


class Holder(Struct, frozen=True):
    """Somebody who holds a role over a unit."""

    role_id: int
    person_id: int
    name: str
    kind: RoleKind

    @property
    def named(self) -> Named:
        """Return the name as it stands in sentences."""
        return Named(self.person_id, self.name)


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


AnyNeed = InvitationWanted | HoldersWanted
