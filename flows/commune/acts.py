"""Acts of the association, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

PROPOSAL, SAMPLE = "proposal", "sample"

ACTS: Mapping[tuple[str, str], Wording] = {
    (PROPOSAL, "propose"): _("list proposed for recognition"),
    (PROPOSAL, "number"): _("number and date of the proposal recorded"),
    (SAMPLE, "draw"): _("forms drawn at random"),
}
