"""What a store remembers of the data sets in it: which split was used, and the order of their classes.

One JSON file each, `datasets/<name>.json` in the store's folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import Damaged, UsageError
from ...schemas.checked_json import checked_text, intact
from ...schemas.read_json import read_json
from ..files import storage_errors, write_atomic
from ..remote.mirror import fetched
from .base import Listing

FOLDER = "datasets"


def note_dataset(store: Path, listing: Listing) -> None:
    """Remember a listing that is about to be added to the store in the folder `store`.

    Raises UsageError where the store holds the data set by another of its splits: clips that only one of the two has
    would be taught or tested on unseen.
    """
    path = fetched(store / FOLDER / f"{listing.dataset}.json")
    before = read_note(path)["split"] if path.exists() else listing.split
    if before != listing.split:
        raise UsageError(
            f"{store} holds {listing.dataset} by its split {before!r}; add split {listing.split!r} to another store"
        )
    note = {
        "dataset": listing.dataset,
        "split": listing.split,
        "classes": list(listing.classes),
        "clips": len(listing.sources),
        "missing": len(listing.missing),
        "notes": list(listing.notes),
    }
    write_atomic(path, checked_text(note).encode())


def noted_classes(store: Path) -> tuple[str, ...]:
    """Return the classes of the data sets in a store, in their published order, each once."""
    notes = [read_note(path) for path in sorted(fetched(store / FOLDER).glob("*.json"))]
    return tuple(dict.fromkeys(name for note in notes for name in note["classes"]))


def read_note(path: Path) -> dict[str, Any]:
    """Return the split and the classes that the note at `path` tells of. Raises Damaged."""
    with storage_errors(path):
        text = path.read_bytes()
    try:
        note = intact(read_json(text))
        split, classes = note["split"], note["classes"]
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            f"{path} is not what `add --dataset` wrote ({error}); delete it and add the data again"
        ) from error
    if not isinstance(split, str) or not isinstance(classes, list) or not all(isinstance(c, str) for c in classes):
        raise Damaged(f"{path} is not what `add --dataset` wrote; delete it and add the data set again")
    return {"split": split, "classes": classes}
