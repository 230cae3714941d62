"""Acts on notices, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

NOTICE, APPROVAL_LIMIT = "notice", "approval_limit"

ACTS: Mapping[tuple[str, str], Wording] = {
    (NOTICE, "write"): _("notice written"),
    (NOTICE, "approve"): _("notice approved"),
    (NOTICE, "decline"): _("notice not approved"),
    (NOTICE, "withdraw"): _("notice withdrawn"),
    (NOTICE, "pause"): _("notice paused"),
    (NOTICE, "resume"): _("notice resumed"),
    (NOTICE, "mend"): _("notice corrected"),
    (NOTICE, "stop"): _("notice stopped for good"),
    (NOTICE, "repeat_uncertain"): _("notice sent once more to whom nobody knows to have it"),
    (APPROVAL_LIMIT, "set"): _("set from how many recipients on a second administrator approves"),
}
