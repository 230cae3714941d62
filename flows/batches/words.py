"""What is said about a batch: to who ordered it, what was done and what was not, and why."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from flows.batches.batch import DONE, Batch, Outcome, Why
from flows.conversation.messages import Button, Message
from flows.conversation.questions import Choice, words
from flows.domain.assessments import Act, Assessment
from flows.words.wording import Lines, Named, Wording, _, lines, n_, paragraphs

UNDO = Choice(
    "undo",
    _("↩️ Undo"),
    words("""
        hoàn tác; hoàn tác lại; hoàn lại; hủy vừa rồi; hủy xác nhận; hủy xác nhận vừa rồi; huỷ duyệt; hủy duyệt; rút
        lại xác nhận; thu hồi xác nhận; lấy lại xác nhận; bỏ xác nhận; nhầm rồi hoàn tác; xác nhận nhầm; duyệt nhầm;
        hoàn tác xác nhận; hoàn tác trả lại; hủy trả lại; huỷ trả lại; hủy trả; rút lại trả; bỏ trả lại; trả nhầm; trả
        lại nhầm; undo; undo that; take it back
    """),
)
CAN_BE_UNDONE = _("Nobody is told for a minute. Until then you can undo it: press the button or type “undo”.")
MOST_NAMED = 20
# So many changes are told of each.
MOST_CHANGES = 3

WHY: Mapping[Why, Wording] = {
    "changed": _("changed or came in meanwhile"),
    "taken_back": _("taken back by the resident"),
    "returned": _("returned for correction meanwhile"),
    "decided": _("decided on by somebody else meanwhile"),
    "own": _("one's own form"),
    "helped": _("filled in by oneself, or on one's own phone"),
    "household": _("of one's own household"),
    "elsewhere": _("no longer in the unit"),
    "no_role": _("the role was withdrawn meanwhile"),
    "gone": _("does not exist any more"),
    "unreadable": _("cannot be read just now"),
    "kept": _("has moved on since"),
    "closed": _("the village was closed meanwhile"),
    "open": _("the village was sent back meanwhile"),
    "head": _("the branch head is there again"),
}


class Left(Struct, frozen=True):
    """A form that was left as it is, by its owner's name, and why; what has changed of it, where that is why."""

    name: Named
    why: Why
    assessment_id: int = 0
    changed: tuple[Wording, ...] = ()
    is_new: bool = False


def ended(
    batch: Batch, counts: Mapping[Outcome, int], left: Sequence[Left], papers: tuple[Button, ...] = ()
) -> Message:
    """Tell who ordered a batch how many forms it was done with, and which were left and why; with a button to undo it
    while that can be, and those of the papers that are due."""
    done = sum(counts.get(outcome, 0) for outcome in DONE)
    undoable = done > 0 and batch.order.can_be_undone
    text = paragraphs(
        _done(batch.order.act, done) if done else _("Nothing was done."),
        _left(counts, left),
        CAN_BE_UNDONE if undoable else None,
    )
    return Message(text, ((undo_button(batch.id),),) if undoable else (papers,) if done and papers else ())


def taken_back(counts: Mapping[Outcome, int], left: Sequence[Left]) -> Message:
    """Tell who undid a batch how many forms are as before, and which are not."""
    undone = n_(
        "↩️ Undone: {count} form is as it was before.",
        "↩️ Undone: {count} forms are as they were before.",
        counts.get("undone", 0),
    )
    if not counts.get("undone"):
        undone = _("Nothing could be undone.")
    return Message(paragraphs(undone, _left({"kept": counts.get("kept", 0)}, left)))


def undo_button(batch_id: int) -> Button:
    """Make the button that undoes a batch."""
    return Button(UNDO.label, f"c:undo_batch:{batch_id}", lasting=True)


def done_alone(text: Wording, form: Assessment) -> Message:
    """Tell who has just acted on a form, as it was before, that it can be undone for a minute."""
    button = Button(UNDO.label, f"c:undo_form:{form.id}:{form.version}", lasting=True)
    return Message(lines(text, CAN_BE_UNDONE), ((button,),))


def _done(act: Act, count: int) -> Wording:
    match act:
        case "confirm":
            return n_("✅ {count} form confirmed.", "✅ {count} forms confirmed.", count)
        case "propose":
            return n_("✅ {count} form proposed.", "✅ {count} forms proposed.", count)
        case "recognise":
            return n_("✅ {count} person recognised.", "✅ {count} people recognised.", count)
        case _:
            return n_("✅ {count} form done.", "✅ {count} forms done.", count)


def _why(one: Left) -> Wording:
    if one.is_new:
        return _("came in meanwhile")
    if not one.changed:
        return WHY[one.why]
    more = len(one.changed) - MOST_CHANGES
    changes = Lines(one.changed[:MOST_CHANGES], "; ")
    return (
        _("changed meanwhile: {changes}; and {more} more", changes=changes, more=more)
        if more > 0
        else _("changed meanwhile: {changes}", changes=changes)
    )


def _left(counts: Mapping[Outcome, int], left: Sequence[Left]) -> Wording | None:
    """Name the forms that were left, reason by reason."""
    reasons = [why for why in WHY if counts.get(why)]
    if not reasons:
        return None
    number = sum(counts[why] for why in reasons)
    return lines(
        n_("Not done, {count} form:", "Not done, {count} forms:", number),
        *(_("• {name}: {why}", name=one.name, why=_why(one)) for one in left[:MOST_NAMED]),
        n_("• and {count} more", "• and {count} more", number - len(left[:MOST_NAMED]))
        if number > len(left[:MOST_NAMED])
        else None,
    )
