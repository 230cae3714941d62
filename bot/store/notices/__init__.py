"""Notices and their ledgers: one outbox row a recipient, whose states always sum to the recipients."""

from bot.store.notices.finding import finder
from bot.store.notices.writing import Rows

__all__ = ["Rows", "finder"]
