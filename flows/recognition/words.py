"""What people are told of a recognition: those recognised, and those who are no more."""

from flows.conversation.messages import Message
from flows.papers.words import button
from flows.recognition.needs import Title
from flows.words.wording import Wording, _, lines, paragraphs


def told_recognised(title: Title, unit: str, address: str | None) -> Message:
    """Tell somebody that they are recognised, by which decision, and where their certificate can be seen; it comes as a
    file when they press for it."""
    certificate = button("certificate", title.village_id, title.year, title.assessment_id, _("📄 My certificate"))
    return Message(
        paragraphs(
            _(
                "🎉 Congratulations! {name} is recognised as “{title}” of {year}.",
                name=title.name,
                title=title.title,
                year=title.year,
            ),
            lines(
                _("Decision number {number} of {day}, {unit}.", number=title.decision, day=title.dated, unit=unit),
                _("Number in the register: {number}", number=title.number),
            ),
            _("Your certificate: {address}", address=address) if address is not None else None,
        ),
        ((certificate,),),
    )


def told_ended(title: Title, act: str, reason: str) -> Message:
    """Tell somebody that their recognition does not hold any more, and why."""
    text = (
        _("The recognition as “{title}” of {year} was revoked.", title=title.title, year=title.year)
        if act == "revoke"
        else _(
            "The recognition as “{title}” of {year} is looked at once more. The certificate does not hold until there"
            " is a new decision.",
            title=title.title,
            year=title.year,
        )
    )
    return Message(lines(text, _("Reason: {reason}", reason=reason)))


def entry(title: Title, village: str) -> Wording:
    """Say an entry of the register."""
    return lines(
        _(
            "Number {number} of {year}: {name}, {village}",
            number=title.number,
            year=title.year,
            name=title.name,
            village=village,
        ),
        _(
            "“{title}”, decision number {decision} of {day}",
            title=title.title,
            decision=title.decision,
            day=title.dated,
        ),
        _("⛔ Does not hold since {day}. Reason: {reason}", day=title.revoked_at.date(), reason=title.reason)
        if title.revoked_at is not None
        else None,
    )
