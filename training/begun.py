"""What a run was begun with, and keeps when it goes on: its settings and its splits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .layout import CONFIG_FILE, SPLITS_FILE, STATE_FILE
from .settings import write_config
from .splits import TEST, Splits
from .state import load_state

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def kept_splits(folder: Path, splits: Splits, config: DataclassInstance) -> Splits:
    """Return the splits in a run's folder; in a new one, write these, and the settings."""
    path = folder / SPLITS_FILE
    if path.is_file():
        return Splits.load(path)
    write_config(folder / CONFIG_FILE, config)
    splits.save(path)
    return splits


def opening(folder: Path, max_epochs: int, *, teach: int, valid: int, splits: Splits) -> str:
    """Return what a training tells when it begins: its run, its numbers of clips, and where it goes on."""
    path = folder / STATE_FILE
    place = load_state(path)["place"] if path.is_file() else None
    where = "begins"
    if place:
        epoch = min(place["epoch"] + 1, max_epochs)
        where = f"goes on in epoch {epoch} of {max_epochs}, after step {place['step']}"
    sizes = f"{teach} clips teach, {valid} are valid, {len(splits.ids(TEST))} are left out as test"
    return f"run {folder.name}: {sizes}; {where}"
