"""The Zalo Bot Platform for tests, written from its public description: one event a poll, no buttons."""

from tests.zalo_bot.server import TOKEN, ZaloBotServer, ZaloPerson

__all__ = ["TOKEN", "ZaloBotServer", "ZaloPerson"]
