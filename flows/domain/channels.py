"""The list of channels, with what is known of each: what people call it, and what of a notice it takes.

A further channel is a line here, a folder in `bot/channels` that opens it, and its settings.
"""

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct

from flows.words.wording import Wording, _


class ChannelLimits(Struct, frozen=True):
    """The longest text a channel takes, alone and under a photo or file, in UTF-16 units as Telegram counts."""

    text: int
    caption: int


class ChannelFacts(Struct, frozen=True):
    """What people call a channel, `within` a sentence too where that differs, and `apart` where another is called the
    same; `also` is what they type for it. One without `limits` has longer texts in several messages."""

    name: Wording
    within: Wording = ""
    apart: Wording = ""
    also: tuple[str, ...] = ()
    limits: ChannelLimits | None = None


CHANNELS: Mapping[str, ChannelFacts] = {
    "telegram": ChannelFacts("Telegram", also=("chỉ telegram", "only telegram"), limits=ChannelLimits(4096, 1024)),
    "zalo-oa": ChannelFacts(
        "Zalo",
        apart="Zalo OA",
        also=("zalo oa", "oa", "official account", "chỉ zalo", "chỉ zalo oa", "only zalo"),
    ),
    "zalo-bot": ChannelFacts("Zalo", apart="Zalo bot", also=("zalo bot", "bot zalo", "chỉ zalo bot")),
    "web": ChannelFacts(
        _("Web chat"),
        within=_("the web page"),
        also=("web", "chỉ trang web", "chỉ web", "web page", "only web chat"),
        limits=ChannelLimits(20_000, 20_000),
    ),
}


class Window(Struct, frozen=True):
    """For how long after somebody's last word a channel takes messages for them: `free` without cost, then until `open`
    at a price, then none. What is approved beforehand, a template, still goes, at its own price; prices are in đồng."""

    free: timedelta
    open: timedelta
    price: int
    template_price: int


def named(channel: str) -> Wording:
    """Return what people call a channel, by itself."""
    known = CHANNELS.get(channel)
    return known.name if known is not None else channel


def called(channel: str) -> Wording:
    """Return what people call a channel in a sentence: “You go on elsewhere now: Zalo.”"""
    known = CHANNELS.get(channel)
    return (known.within or known.name) if known is not None else channel


def told_apart(channel: str) -> Wording:
    """Return what a channel is called where two that people call the same stand side by side."""
    known = CHANNELS.get(channel)
    return (known.apart or known.name) if known is not None else channel
