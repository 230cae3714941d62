"""Acts on villages, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

VILLAGE = "village"
ROUND = "round"

ACTS: Mapping[tuple[str, str], Wording] = {
    (VILLAGE, "close"): _("village closed"),
    (VILLAGE, "send_back"): _("village sent back"),
}
