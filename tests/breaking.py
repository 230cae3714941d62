"""Bugs on demand: a function of ours that fails once."""

import asyncio
import itertools
from typing import Any

import pytest


def break_once(monkeypatch: pytest.MonkeyPatch, of: Any, name: str, call: int = 1) -> asyncio.Event:
    """Let a function fail once, when it is called for the so-manieth time. Returns what tells that it did."""
    sound, calls, broken = getattr(of, name), itertools.count(1), asyncio.Event()

    def breaking(*arguments: Any, **named: Any) -> Any:
        if next(calls) == call:
            broken.set()
            raise ValueError(name)
        return sound(*arguments, **named)

    monkeypatch.setattr(of, name, breaking)
    return broken
