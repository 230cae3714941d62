"""What is remembered of words. Labels are, for they are said over and over. What people type is remembered for a
moment, in which many type the same words; then it is forgotten."""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

Given = ParamSpec("Given")
Result = TypeVar("Result")

_forgetful: list[Callable[[], None]] = []


def for_a_moment(most: int) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Remember what a function returns, for so many arguments, until what was typed is to be forgotten."""

    def remembering(function: Callable[Given, Result]) -> Callable[Given, Result]:
        remembered = lru_cache(most)(function)
        _forgetful.append(remembered.cache_clear)
        return cast(Callable[Given, Result], remembered)

    return remembering


def forget_what_was_typed() -> None:
    """Keep nothing in memory of what people typed."""
    for forget in _forgetful:
        forget()
