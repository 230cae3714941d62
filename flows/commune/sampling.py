"""Random samples: which forms are looked at is decided by a seed that is kept, so that anybody can draw them again."""

from collections.abc import Collection
from hashlib import sha256

MOST_SAMPLED = 50


def draw(seed: str, form_ids: Collection[int], size: int) -> tuple[int, ...]:
    """Return so many of the forms, in the order drawn: the same ones for the same seed, in whatever order they come."""
    return tuple(sorted(form_ids, key=lambda form_id: sha256(f"{seed}:{form_id}".encode()).digest())[:size])
