"""What the bot sends automatically: an unfinished form, people who wait, days that come near."""

from datetime import date
from typing import Literal

from flows.conversation.messages import Button, Message
from flows.notices.notice import mute_button
from flows.words.wording import Wording, _, lines, n_, paragraphs

CONTINUE = Button(_("Continue my form"), "c:continue", lasting=True)
REVIEW = Button(_("Forms of my branch"), "c:review", lasting=True)

ARRIVALS = Button(_("⚙️ How new forms are announced"), "c:arrivals", lasting=True)


def unfinished_reminder(form_left: int, returned: bool, closes: date) -> Message:
    """Remind somebody of a form they have begun: `form_left` questions are open, none when it only has to be
    submitted."""
    return Message(
        paragraphs(_unfinished(form_left, returned), _("Forms are taken until the end of {day}.", day=closes)),
        ((CONTINUE,), (mute_button("reminders"),)),
    )


def _unfinished(form_left: int, returned: bool) -> Wording:
    if returned:
        return _(
            "🔔 A reminder: your self-assessment was returned for correction. Please correct it and submit it again."
        )
    if form_left == 0:
        return _(
            "🔔 A reminder: your self-assessment is complete but not submitted. Please open it and press “Submit”."
        )
    return n_(
        "🔔 A reminder: {count} question of your self-assessment is left. What you have answered is kept.",
        "🔔 A reminder: {count} questions of your self-assessment are left. What you have answered is kept.",
        form_left,
    )


def waiting_digest(waiting: int, oldest_days: int, last_day: date, *, late: bool = False) -> Message:
    """Tell a branch head how many forms wait, how long the oldest has, and until when they are to be confirmed."""
    return Message(
        lines(
            n_("🔔 {count} form waits for your confirmation.", "🔔 {count} forms wait for your confirmation.", waiting),
            n_("The oldest has waited for {count} day.", "The oldest has waited for {count} days.", oldest_days)
            if oldest_days
            else None,
            _("The last day to confirm was {day}.", day=last_day)
            if late
            else _("Please confirm until the end of {day}.", day=last_day),
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
            _("🔔 “{round}” takes forms until the end of {day}.", round=round_name, day=day)
            if what == "closes"
            else _("🔔 The yearly report is due before {day} (“{round}”).", round=round_name, day=day),
            lines(
                _("Confirmed by the branches: {number}", number=confirmed),
                _("Waiting for the branches: {number}", number=submitted),
                _("Not finished: {number}", number=unfinished),
            ),
        ),
        ((mute_button("dates"),),),
    )


def arrivals_digest(count: int) -> Message:
    """Tell a branch head how many forms have come in that were not announced one by one."""
    return Message(
        n_("🔔 {count} more form has come in.", "🔔 {count} more forms have come in.", count),
        (
            (REVIEW,),
            (Button(_("⚙️ How new forms are announced"), "c:arrivals", lasting=True),),
            (mute_button("digests"),),
        ),
    )


def reminded(reached: int, passed_over: int) -> Message:
    """Tell a branch head who asked for it how many were reminded of their form, and how many were not."""
    return Message(
        lines(
            n_("🔔 {count} person was reminded.", "🔔 {count} people were reminded.", reached),
            n_(
                "{count} person was not: reminders turned off, no open chat, or reminded today already.",
                "{count} people were not: reminders turned off, no open chat, or reminded today already.",
                passed_over,
            )
            if passed_over
            else None,
        )
    )
