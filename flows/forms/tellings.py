"""What the owner of a form is told once somebody has decided on it."""

from flows.conversation.messages import Button, Message
from flows.domain.assessments import Act, Assessment, result_of
from flows.domain.criteria import Indicator
from flows.forms import words as forms
from flows.words.wording import Wording, _, lines, paragraphs


def told_to_resident(form: Assessment, act: Act, reason: str = "", indicator: Indicator | None = None) -> Message:
    """Say to the resident what was decided, with the reason and what can be done."""
    match act:
        case "propose":
            return Message(
                _(
                    "📬 The Study Promotion Association of the commune has proposed you for the title “{title}”. The"
                    " People's Committee of the commune decides, and the answer comes here.",
                    title=form.criteria.title,
                )
            )
        case "send_back":
            return Message(
                lines(
                    _(
                        "The Study Promotion Association of the commune asks the branch to look at your form once more."
                        " There is nothing you have to do now."
                    ),
                    _("Reason: {reason}", reason=reason),
                )
            )
        case "let_in" if form.id == 0:
            text = paragraphs(
                _("You are let in late: you can fill in your form now."),
                _("Reason: {reason}", reason=reason),
                _("It is taken until the end of {day}.", day=form.open_until) if form.open_until else None,
            )
            return Message(text, ((Button(_("Start my form"), "c:continue", lasting=True),),))
        case "let_in" if form.editable:
            text = paragraphs(
                _("Your form is let in late."),
                _("Reason: {reason}", reason=reason),
                _("You can go on with it until the end of {day}.", day=form.open_until) if form.open_until else None,
            )
            return Message(text, ((Button(_("Go on with the form"), "c:continue", lasting=True),),))
        case "let_in":
            return Message(
                lines(
                    _("Your form is let in late: the branch may now confirm it."),
                    _("Reason: {reason}", reason=reason),
                )
            )
        case "confirm":
            return Message(
                paragraphs(_("✅ The branch has confirmed your form."), forms.summary(form), _what_follows(form))
            )
        case "adjust" if indicator is not None:
            text = paragraphs(
                _(
                    "The branch changed your answer to question {number} ({short}): {answer}.",
                    number=form.number(indicator.id),
                    short=indicator.short,
                    answer=forms.answer_words(indicator, form.answers.get(indicator.id)),
                ),
                _("Reason: {reason}", reason=reason),
                _("If this is not right, please speak with the branch head, or take the form back to correct it."),
            )
            return Message(text, ((Button(_("Take the form back to correct it"), "c:take_back", lasting=True),),))
        case _:
            text = paragraphs(
                _("↩️ The branch asks you to correct your form."),
                _("Reason: {reason}", reason=reason),
                _("You can correct it until the end of {day}.", day=form.open_until) if form.open_until else None,
                _("Your answers are kept. Press the button, or type for example “edit 4” to go to question 4."),
            )
            return Message(text, ((Button(_("Correct the form"), "c:continue", lasting=True),),))


def _what_follows(form: Assessment) -> Wording:
    if result_of(form).passed:
        return _(
            "The Study Promotion Association of the commune now proposes the list to the People's Committee of the"
            " commune, which recognises."
        )
    return _("Thank you for taking part. You are welcome to assess yourself again in the next round.")
