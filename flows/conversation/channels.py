"""What channels are called in a sentence: “You go on elsewhere now: Zalo.”"""

from collections.abc import Mapping

from flows.words.wording import Wording, _

_NAMES: Mapping[str, Wording] = {
    "telegram": "Telegram",
    "web": _("the web page"),
    "zalo-bot": "Zalo",
    "zalo-oa": "Zalo",
}


def called(channel: str) -> Wording:
    """Return what people call a channel."""
    return _NAMES.get(channel, channel)
