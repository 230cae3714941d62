"""Acts on forms, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

FORM = "form"
# Which answer was adjusted, and to what.
INDICATOR, LEVEL = "indicator", "level"

ACTS: Mapping[tuple[str, str], Wording] = {
    (FORM, "submit"): _("submitted"),
    (FORM, "withdraw"): _("taken back"),
    (FORM, "change"): _("details changed"),
    (FORM, "restart"): _("begun anew for another group"),
    (FORM, "adjust"): _("an answer adjusted"),
    (FORM, "return"): _("sent back for correction"),
    (FORM, "confirm"): _("confirmed"),
}
