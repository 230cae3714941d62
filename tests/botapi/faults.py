"""Failures on purpose: what may go wrong with a call, how often, drawn from a seed."""

from enum import StrEnum
from random import Random

import msgspec

from tests.botapi.rules import METHODS

SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument"})
EVERYTHING = frozenset(method.name for method in METHODS.values())
CALLS = EVERYTHING - {"getUpdates"}


class Fault(StrEnum):
    """What happens to a call. `accepted` ones are carried out though the caller is not told."""

    TOO_MANY = "429"
    INTERNAL = "500"
    BAD_GATEWAY = "502 after accepting"
    RESET_BEFORE = "reset before accepting"
    RESET_AFTER = "reset after accepting"
    HANG_BEFORE = "hang, then reset, not accepted"
    HANG_AFTER = "hang, then reset, accepted"

    @property
    def accepted(self) -> bool:
        return self in (Fault.BAD_GATEWAY, Fault.RESET_AFTER, Fault.HANG_AFTER)

    @property
    def ambiguous(self) -> bool:
        """Whether the caller cannot know if the call was carried out."""
        return self not in (Fault.TOO_MANY, Fault.INTERNAL)


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Probabilities of each failure for the named methods; hangs are accepted or not by a fair coin.

    `forbidden` is the share of people who block the bot, always the same ones, and none of the `faithful`.
    """

    too_many: float = 0.0
    internal: float = 0.0
    bad_gateway: float = 0.0
    reset_before: float = 0.0
    reset_after: float = 0.0
    hang: float = 0.0
    forbidden: float = 0.0
    faithful: frozenset[int] = frozenset()
    hang_seconds: float = 1.0
    retry_after: int = 1
    methods: frozenset[str] = SENDS
    seed: int = 0

    def blocks(self, chat: int) -> bool:
        """Whether the person of a chat blocks the bot."""
        if not self.forbidden or chat <= 0 or chat in self.faithful:
            return False
        return Random(f"{self.seed} {chat}").random() < self.forbidden


class FaultSchedule:
    """Draws the fate of one call after another."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.random = Random(plan.seed)
        self._odds = (
            (Fault.TOO_MANY, plan.too_many),
            (Fault.INTERNAL, plan.internal),
            (Fault.BAD_GATEWAY, plan.bad_gateway),
            (Fault.RESET_BEFORE, plan.reset_before),
            (Fault.RESET_AFTER, plan.reset_after),
            (Fault.HANG_BEFORE, plan.hang / 2),
            (Fault.HANG_AFTER, plan.hang / 2),
        )

    def draw(self, method: str) -> Fault | None:
        if method not in self.plan.methods:
            return None
        roll = self.random.random()
        for fault, odds in self._odds:
            if roll < odds:
                return fault
            roll -= odds
        return None
