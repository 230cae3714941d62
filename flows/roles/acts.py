"""Acts on roles, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

ROLE = "role"
# Which role it is.
KIND = "role"

ACTS: Mapping[tuple[str, str], Wording] = {
    (ROLE, "invite"): _("invited somebody to a role"),
    (ROLE, "take_on"): _("role taken on"),
    (ROLE, "take_over"): _("role taken over"),
    (ROLE, "take_away"): _("role taken away"),
    (ROLE, "give_up"): _("role given up"),
    (ROLE, "withdraw_invitation"): _("invitation withdrawn"),
    (ROLE, "away"): _("away for a while"),
    (ROLE, "back"): _("back again"),
    (ROLE, "sign_out"): _("signed out of all chats"),
    (ROLE, "come_back"): _("let in again after that"),
}
