"""What the bot says of its own accord: an unfinished form, people who wait, days that come near."""

from datetime import date
from typing import Literal

from flows.messages import Button, Message
from flows.notices import mute_button
from flows.wording import Wording, _, lines, n_, paragraphs

CONTINUE = Button(_("Continue my form"), "c:continue", lasting=True)
REVIEW = Button(_("Forms of my branch"), "c:review", lasting=True)


def unfinished_reminder(form_left: int, returned: bool, closes: date) -> Message:
    """Remind somebody of a form they have begun: `form_left` questions are open, none when it only has to be
    submitted."""
    return Message(
        paragraphs(_unfinished(form_left, returned), _("The round closes on {day}.", day=closes)),
        ((CONTINUE,), (mute_button("reminders"),)),
    )


def _unfinished(form_left: int, returned: bool) -> Wording:
    if returned:
        return _("🔔 Your form was returned for correction. Correct it and submit it once more.")
    if form_left == 0:
        return _("🔔 Your form is complete but not submitted yet. It takes one more tap.")
    return n_(
        "🔔 Your form is not finished: {count} question is left. What you have answered is kept.",
        "🔔 Your form is not finished: {count} questions are left. What you have answered is kept.",
        form_left,
    )


def waiting_digest(waiting: int, oldest_days: int) -> Message:
    """Tell a branch head how many forms wait, and how long the oldest has."""
    return Message(
        lines(
            n_("🔔 {count} form waits for your confirmation.", "🔔 {count} forms wait for your confirmation.", waiting),
            n_("The oldest has waited for {count} day.", "The oldest has waited for {count} days.", oldest_days)
            if oldest_days
            else None,
        ),
        ((REVIEW,), (mute_button("digests"),)),
    )


def date_reminder(
    round_name: str,
    what: Literal["closes", "report"],
    day: date,
    submitted: int,
    confirmed: int,
    unfinished: int,
) -> Message:
    """Tell an administrator that a day of the round comes near, and how the forms stand."""
    return Message(
        paragraphs(
            _("🔔 The round “{round}” closes on {day}.", round=round_name, day=day)
            if what == "closes"
            else _("🔔 The yearly report is due before {day} (round “{round}”).", round=round_name, day=day),
            lines(
                _("Confirmed by the branches: {number}", number=confirmed),
                _("Waiting for the branches: {number}", number=submitted),
                _("Not finished: {number}", number=unfinished),
            ),
        ),
        ((mute_button("dates"),),),
    )
