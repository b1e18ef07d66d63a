"""Whether a store can be made at a URI: there is nothing else, and a put can be refused where something is there."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from ...errors import UsageError
from .lease import FOLDER as LOCK
from .objects import Objects


def is_free_at(uri: str, first: Collection[str]) -> bool:
    """Return whether nothing but what making a store writes `first` is at a URI.

    Raises UsageError where the object store lets a put replace what it was told not to, for two writers would then
    take each other's commits away: Lance's, and the lease's. Raises StorageError.
    """
    objects = Objects(uri)
    if set(objects.names()) - set(first):
        return False
    probe = f"{LOCK}/probe-{secrets.token_hex(8)}"
    made = objects.create(probe, b"first")
    replaced = objects.create(probe, b"second")
    objects.remove([probe])
    if not made or replaced:
        raise UsageError(
            f"{uri} cannot hold a store: its server replaces an object that a put is told to leave (If-None-Match); "
            "take a server that heeds it"
        )
    return True
