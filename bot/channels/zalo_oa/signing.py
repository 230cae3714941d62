"""How Zalo proves that an event is its own: a hash over the raw bytes with a secret that only it and we know.

Sources differ on whether the application's or the account's id goes in, and whose secret; each pair of those that are
known is taken.
"""

import hashlib
import hmac
from collections.abc import Collection

HEADER = "x-zevent-signature"


def mac(id_: str, body: bytes, timestamp: str, secret: str) -> str:
    """Return the hash of an event."""
    return hashlib.sha256(b"".join((id_.encode(), body, timestamp.encode(), secret.encode()))).hexdigest()


def signed_by(
    header: str, body: bytes, timestamp: str, ids: Collection[str], secrets: Collection[str]
) -> tuple[int, int] | None:
    """Return which id and which secret an event is signed with, by their places; None where by none of them."""
    given = header.strip().removeprefix("mac=").strip().lower().encode("utf-8", "replace")
    for place_of_id, id_ in enumerate(ids):
        for place_of_secret, secret in enumerate(secrets):
            if hmac.compare_digest(given, mac(id_, body, timestamp, secret).encode()):
                return place_of_id, place_of_secret
    return None
