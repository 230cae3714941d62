"""A local Telegram Bot API server for black-box tests: as strict as the real one, and failing on purpose.

Lives here: the wire rules, limits, faults, ledger and scripted people. May not: anything of `bot` or `flows`;
the server knows the product only through HTTP.
"""

from tests.botapi.account import DEFAULT_TOKEN, BotAccount
from tests.botapi.faults import CALLS, EVERYTHING, SENDS, Fault, FaultPlan
from tests.botapi.ledger import Ledger, Violation
from tests.botapi.limits import Limits
from tests.botapi.person import Person, Shown
from tests.botapi.server import BotApiServer

__all__ = [
    "CALLS",
    "DEFAULT_TOKEN",
    "EVERYTHING",
    "SENDS",
    "BotAccount",
    "BotApiServer",
    "Fault",
    "FaultPlan",
    "Ledger",
    "Limits",
    "Person",
    "Shown",
    "Violation",
]
