"""Where a conversation stands: frames of (talk, step), the innermost last. Stored as JSON between turns."""

from datetime import datetime

from msgspec import Struct

from flows.notices import Audience, Content, Reached, Repeat


class Registering(Struct, frozen=True, omit_defaults=True, tag="registration"):
    """What a person has told so far. With an invitation only the name is asked. `as_typed` leaves the next name as it
    is typed: one turned right was asked about before."""

    invitation: str = ""
    name: str = ""
    birth_year: int | None = None
    representative: str = ""
    unit_id: int | None = None
    group: str = ""
    suggested: tuple[int, ...] = ()
    checking: bool = False
    as_typed: bool = False


class Filling(Struct, frozen=True, omit_defaults=True, tag="self-assessment"):
    """The indicator that is being answered."""

    indicator: str = ""


class Reviewing(Struct, frozen=True, omit_defaults=True, tag="review"):
    """The list the branch head looks at, or a form from it."""

    listed: str = "submitted"
    page: int = 0
    assessment_id: int = 0


class Deciding(Struct, frozen=True, omit_defaults=True, tag="decision"):
    """An act on exactly this version of a form, until its reason is given and, where it is short, confirmed."""

    assessment_id: int
    version: int
    indicator: str = ""
    level: str = ""
    reason: str = ""


class Inviting(Struct, frozen=True, omit_defaults=True, tag="invitation"):
    """The role and unit somebody is invited to; or the unit where a role is taken away, and which."""

    role: str = ""
    suggested: tuple[int, ...] = ()
    taking: bool = False
    unit_id: int = 0
    role_id: int = 0


class Noticing(Struct, frozen=True, omit_defaults=True, tag="notices"):
    """The page of the list an administrator looks at, or a notice from it."""

    page: int = 0
    notice_id: int = 0


class Drafting(Struct, frozen=True, omit_defaults=True, tag="notice-draft"):
    """A notice until it is handed over. `details` fill the gaps of the occasion's text; `reached` was counted when the
    audience was last changed; `suggested` are units found by name, `facet` is what the audience is being narrowed by,
    `link_label` waits for its address. `mends` is the notice of which only what it says is changed."""

    occasion: str = ""
    details: tuple[str, ...] = ()
    content: Content = Content("")
    audience: Audience = Audience()
    reached: Reached = Reached()
    send_at: datetime | None = None
    repeat: Repeat = ""
    suggested: tuple[int, ...] = ()
    facet: str = ""
    link_label: str = ""
    mends: int = 0


class Muting(Struct, frozen=True, tag="muting"):
    """What is sent automatically, to be turned off and on."""


class Privacy(Struct, frozen=True, tag="privacy"):
    """Rights over one's own data."""


class ChoosingLanguage(Struct, frozen=True, tag="language"):
    """A change of language in the middle of anything."""


class Home(Struct, frozen=True, tag="home"):
    """Nothing under way."""


Talk = (
    Registering
    | Filling
    | Reviewing
    | Deciding
    | Inviting
    | Noticing
    | Drafting
    | Muting
    | Privacy
    | ChoosingLanguage
    | Home
)


class Frame(Struct, frozen=True):
    """A talk and the name of the step it waits at."""

    step: str
    talk: Talk


HOME = Frame("home", Home())


class Session(Struct, frozen=True, omit_defaults=True):
    """`asked` numbers the questions, so that a button knows which one it belongs to; `misses` counts replies in a
    row that were not understood. Of files sent together `album` is what they have in common, from the first one that
    was taken on; `owes` says that they have not been answered yet."""

    frames: tuple[Frame, ...] = (HOME,)
    asked: int = 0
    misses: int = 0
    album: str = ""
    owes: bool = False

    @property
    def frame(self) -> Frame:
        """Return the talk under way."""
        return self.frames[-1]
