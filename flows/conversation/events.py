"""What a turn decides: things to say, places to go, and facts to record. A closed set."""

from msgspec import Struct

from flows.conversation.facts import Another, Conversation
from flows.conversation.messages import Message
from flows.conversation.session import Talk
from flows.domain.assessments import Assessment
from flows.words.wording import Wording


class Said(Struct, frozen=True):
    """A sentence before the next question; after one that stands `alone` nothing is asked."""

    text: Wording
    alone: bool = False


class Waited(Struct, frozen=True):
    """Nothing said and nothing asked: the person is still writing."""


class Sent(Struct, frozen=True):
    """A message of its own, with files or buttons that last."""

    message: Message


class PersonAddress(Struct, frozen=True):
    """One person, wherever they can be reached."""

    person_id: int


class ChatAddress(Struct, frozen=True):
    """Exactly one chat; on a phone that several share, for one of them, if somebody is named."""

    conversation_id: int
    person_id: int = 0


class HeadsAddress(Struct, frozen=True):
    """Who confirms a person's form for a unit: its branch heads, or those of the nearest unit above that has one.
    Nobody decides on their own form, nor on one they filled in, nor on one of their household: the owner is passed
    over, who helped them, and who lives with them."""

    unit_id: int
    owner_id: int
    helper_id: int = 0
    household_id: int = 0


def branch_of(form: Assessment) -> HeadsAddress:
    """Return who confirms a form."""
    return HeadsAddress(form.unit_id, form.person.id, form.person.helper_id, form.person.household_id)


class Told(Struct, frozen=True):
    """A message to somebody else, or elsewhere, in that reader's language. Of several that `may_wait`, somebody may be
    told together later. `menu` says that the commands shown there change."""

    to: PersonAddress | HeadsAddress | ChatAddress
    message: Message
    may_wait: bool = False
    menu: bool = False


class Went(Struct, frozen=True):
    """On to a step of the same talk, with what the talk knows now."""

    step: str
    talk: Talk


class Entered(Struct, frozen=True):
    """Into another talk; the present one waits underneath."""

    step: str
    talk: Talk


class Left(Struct, frozen=True):
    """Out of the talk, back to what waits underneath; `home` leaves everything, `quiet` needs no menu there."""

    home: bool = False
    quiet: bool = False


class Turned(Struct, frozen=True):
    """From here on another of the people of the phone is spoken for. Where the one before had come to is kept."""

    another: Another


class Moved(Struct, frozen=True):
    """From here on the talk goes on in another chat of the same person's, where this is said first and questions were
    counted so far."""

    there: Conversation
    asked: int
    text: Wording


class Record(Struct, frozen=True):
    """Something that a turn changes for good. The store writes it."""

    @property
    def touches(self) -> object:
        """Return what this changes that another conversation could change too; None where there is no such thing."""
        return None

    @property
    def changes_menu(self) -> bool:
        """Tell whether the person has other commands, or commands in another language, from now on."""
        return False


class LanguageChosen(Record, frozen=True):
    """The language the bot speaks with this person."""

    language: str

    @property
    def changes_menu(self) -> bool:
        return True


class Consented(Record, frozen=True):
    """A choice about personal data, with the version of the text it was made on. For a child the `representative`
    makes it, too."""

    text_version: str
    given: bool
    representative: str = ""


class ContactChanged(Record, frozen=True):
    """The person stopped the bot, or let it write again."""

    blocked: bool


TalkEvent = Said | Waited | Sent | Told | Went | Entered | Left | Turned | Moved
AnyRecord = LanguageChosen | Consented | ContactChanged
Event = TalkEvent | Record
