"""Acts on one's chats, as the trail keeps and words them."""

from collections.abc import Mapping

from flows.words.wording import Wording, _

CHAT = "chat"

ACTS: Mapping[tuple[str, str], Wording] = {
    (CHAT, "join"): _("another chat joined"),
    (CHAT, "separate"): _("a chat separated"),
}
