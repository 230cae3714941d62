"""What is asked about forms while a turn is decided."""

from flows.conversation.facts import Facts, Need
from flows.domain.assessments import Assessment


class AssessmentWanted(Need[Assessment | None], frozen=True):
    """An assessment by its id."""

    id: int


AnyNeed = AssessmentWanted


def assessment(facts: Facts, assessment_id: int) -> Assessment | None:
    """Return any assessment, as it will be after this turn. Raises FactMissing until it was looked up."""
    own = next((form for form in facts.own if form.id == assessment_id), None)
    return own or facts.find(AssessmentWanted(assessment_id))
