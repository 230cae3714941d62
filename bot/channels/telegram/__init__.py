"""Telegram: what its Bot API sends and takes. python-telegram-bot parses and calls, and does nothing else here."""
