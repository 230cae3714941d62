"""What a channel says of itself that matters to whoever writes to many: for how long it takes messages for somebody."""

from datetime import timedelta

from msgspec import Struct


class Window(Struct, frozen=True):
    """For how long after somebody's last word a channel takes messages for them: `free` without cost, then until `open`
    at a price, then none. What is approved beforehand, a template, still goes, at its own price; prices are in đồng."""

    free: timedelta
    open: timedelta
    price: int
    template_price: int


class ChannelFacts(Struct, frozen=True):
    """What people call a channel, and its window where it has one."""

    name: str
    window: Window | None = None
