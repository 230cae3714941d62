"""The association's work: villages, one village, its forms, sending back, letting in, and proposing."""

from flows.commune.checking import Checking
from flows.commune.drawing import ask_sample, ask_sampled, hear_sample, hear_sampled
from flows.commune.forms import ask_form, ask_forms, hear_form, hear_forms, subject
from flows.commune.giving_back import ask_reason, ask_sure, hear_reason, hear_sure
from flows.commune.proposing import ask_proposing, hear_proposing
from flows.commune.villages import ask_commune, ask_village, ask_villages, hear_commune, hear_village, hear_villages
from flows.conversation.facts import Facts
from flows.conversation.flow import Flow, Step
from flows.words.refusals import Refused
from flows.words.wording import Wording, _


def obstacle(facts: Facts, talk: Checking) -> Wording | None:
    """Say why somebody cannot check a commune, if so: not for the association, no round, outside the own units."""
    if not facts.has_role("association"):
        return _("Only the Study Promotion Association of the commune checks villages.")
    if not talk.round_id:
        return _("No round of assessment has begun yet in your commune.")
    if any(unit_id and not facts.holds("association", unit_id) for unit_id in (talk.unit_id, talk.village_id)):
        return _("This village is not in your commune.")
    if not talk.assessment_id or any(form.id == talk.assessment_id for _before, form in facts.moved):
        return None
    try:
        subject(facts, talk.assessment_id)
    except Refused as refused:
        return refused.wording
    return None


COMMUNE = Flow(
    Checking,
    steps=(
        Step("commune", ask_commune, hear_commune),
        Step("villages", ask_villages, hear_villages),
        Step("village", ask_village, hear_village),
        Step("forms", ask_forms, hear_forms),
        Step("sample", ask_sample, hear_sample),
        Step("sampled", ask_sampled, hear_sampled),
        Step("form", ask_form, hear_form),
        Step("reason", ask_reason, hear_reason),
        Step("reason_sure", ask_sure, hear_sure),
        Step("proposing", ask_proposing, hear_proposing),
    ),
    obstacle=obstacle,
)
