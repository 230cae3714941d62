"""Acts on forms, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

FORM = "form"
# Which answer was adjusted, and to what.
INDICATOR, LEVEL = "indicator", "level"
# Which proposal a form was put on: it may be left out later, and the proposal was signed with it.
PUT_ON = "proposal"

ACTS: Mapping[tuple[str, str], Wording] = {
    (FORM, "submit"): _("submitted"),
    (FORM, "withdraw"): _("taken back"),
    (FORM, "change"): _("details changed"),
    (FORM, "restart"): _("begun anew for another group"),
    (FORM, "adjust"): _("an answer adjusted"),
    (FORM, "return"): _("sent back for correction"),
    (FORM, "confirm"): _("confirmed"),
    (FORM, "undo"): _("confirmation taken back at once"),
    (FORM, "let_in"): _("let in late"),
    (FORM, "send_back"): _("sent back to the level below"),
    (FORM, "propose"): _("proposed"),
    (FORM, "recognise"): _("recognised"),
    (FORM, "unlock"): _("opened again"),
    (FORM, "revoke"): _("recognition revoked"),
    (FORM, "vouch"): _("told whether the branch knows of it"),
}
