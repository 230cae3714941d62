"""A notice as its readers get it."""

from collections.abc import Iterator

from flows.conversation.events import Event, Said, Sent
from flows.conversation.facts import Facts
from flows.domain.channels import told_apart
from flows.notices.notice import CHANNEL_LIMITS, Content, NoticeFile, length_of, message_of
from flows.words.wording import Wording, _, lines


def preview(facts: Facts, content: Content) -> Iterator[Event]:
    """Show a notice as its readers get it, in each language, and say how each channel shows it."""
    for language in ("vi", "en") if content.en else ("vi",):
        yield Sent(message_of(content, 0, language, facts.conversation))
    yield Said(
        lines(_("👆 This is how readers get it."), *(_on_channel(content, channel) for channel in CHANNEL_LIMITS))
    )


def _on_channel(content: Content, channel: str) -> Wording:
    limits, length = CHANNEL_LIMITS[channel], max(length_of(content.vi), length_of(content.en))
    name = told_apart(channel)
    match content.file:
        case None:
            return _("• {channel}: {length} of {most} characters, the buttons below.",
                     channel=name, length=length, most=limits.text)  # fmt: skip
        case NoticeFile(kind="photo"):
            return _("• {channel}: the photo, below it {length} of {most} characters and the buttons.",
                     channel=name, length=length, most=limits.caption)  # fmt: skip
        case _:
            return _("• {channel}: the file, below it {length} of {most} characters and the buttons.",
                     channel=name, length=length, most=limits.caption)  # fmt: skip
