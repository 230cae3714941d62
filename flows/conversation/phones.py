"""A phone that several people share: each message says who is spoken for, each lasting button whom it was shown for."""

from collections.abc import Sequence

from msgspec.structs import replace

from flows.conversation.facts import Conversation, Facts, Sharer
from flows.conversation.messages import Button, Message
from flows.conversation.session import Talk
from flows.domain.people import Person
from flows.words.refusals import OutOfDate
from flows.words.wording import Lines, Named, Text, Wording, _, paragraphs

COMMAND = "c:"
FOR, AND, ANYBODY = "@", ".", "0"
MOST_BYTES = 64


def by_name(one: Sharer | Person) -> Wording:
    """Return somebody's name as a wording that tells whom it names."""
    return Text("{name}", (("name", Named(one.id, one.name)),))


def spoken_for(facts: Facts, talk: Talk) -> Wording | None:
    """Say who is spoken for; nothing where nobody shares the phone."""
    person = facts.person
    if person is None or not facts.conversation.is_shared:
        return None
    if person.is_helped:
        return _("👤 {name} – filled in by another", name=person.named)
    return _("👤 {name}", name=person.named)


def for_readers(message: Message, readers: Sequence[Sharer]) -> Message:
    """Return a message as it comes to a phone that its readers share, perhaps with others: it names them, and its
    buttons are theirs."""
    if not readers:
        return message
    heading = _("👤 {name}", name=Lines(tuple(by_name(one) for one in readers), ", "))
    buttons_for = marked(message, [one.id for one in readers])
    return replace(buttons_for, text=paragraphs(heading, message.text))


def marked(message: Message, person_ids: Sequence[int]) -> Message:
    """Return a message whose lasting buttons say whom they are for."""
    groups = tuple(tuple(_marked(button, person_ids) for button in group) for group in message.buttons)
    return replace(message, buttons=groups)


def _marked(button: Button, person_ids: Sequence[int]) -> Button:
    if not button.payload.startswith(COMMAND) or button.payload.startswith(COMMAND + FOR):
        return button
    asked = button.payload.removeprefix(COMMAND)
    payload = f"{COMMAND}{FOR}{AND.join(map(str, person_ids))}:{asked}"
    if len(payload) > MOST_BYTES:  # so many share a phone: whoever is spoken for
        payload = f"{COMMAND}{FOR}{ANYBODY}:{asked}"
    return replace(button, payload=payload)


def unmarked(facts: Facts, payload: str) -> str:
    """Return what a lasting button asks, without whom it is for. Raises OutOfDate when that is not who is spoken for.

    One that says nothing was shown when the phone had one person, who came first.
    """
    word, _colon, rest = payload.partition(":")
    known = facts.conversation
    if word.startswith(FOR):
        meant = word.removeprefix(FOR).split(AND)
        if str(facts.person_id) not in meant and meant != [ANYBODY]:
            raise OutOfDate(_of_another(known, meant))
        return rest
    if known.is_shared and known.people[0].id != facts.person_id:
        raise OutOfDate(_of_another(known, [str(known.people[0].id)]))
    return payload


def _of_another(known: Conversation, meant: Sequence[str]) -> Wording:
    """Say whose a button is. What it carries is a claim: only those who share the phone are named."""
    shown_for = next((one for one in known.people if str(one.id) in meant), None)
    if shown_for is None:
        return _("This button no longer works.")
    return _(
        "That button was shown for {name}, who is not spoken for now. To change, type “{given}”.",
        name=Named(shown_for.id, shown_for.name),
        given=Named(shown_for.id, shown_for.given),
    )
