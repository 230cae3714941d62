"""How what a turn asks for is looked up: all needs of a kind together, in the transaction that decides them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.core.reference import ReferenceRead
from flows.conversation.facts import Found

# Puts what it finds for needs of one kind. What does not exist is put as None or empty, what cannot be read is not put.
Finder = Callable[[AsyncConnection, Sequence[Any], Found, ReferenceRead], Awaitable[None]]
