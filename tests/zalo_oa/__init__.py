"""Zalo's Official Account API for tests, written from its public description: strict where Zalo is."""

from tests.zalo_oa.person import OaPerson, Seen
from tests.zalo_oa.server import APP_ID, APP_SECRET, FIRST_REFRESH_TOKEN, OA_ID, OA_SECRET, ZaloOaServer, settings_for

__all__ = [
    "APP_ID",
    "APP_SECRET",
    "FIRST_REFRESH_TOKEN",
    "OA_ID",
    "OA_SECRET",
    "OaPerson",
    "Seen",
    "ZaloOaServer",
    "settings_for",
]
