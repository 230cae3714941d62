"""Somebody on a list. Lists carry name, village and title only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a list. `note` is about the form, never about the person: typed in for them, let in late."""

    name: str
    village: str
    title: str
    note: str = ""
