"""Acts of the committee, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

DECISION = "decision"

ACTS: Mapping[tuple[str, str], Wording] = {
    (DECISION, "record"): _("decision recorded"),
}
