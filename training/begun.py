"""What a run was begun with, and keeps when it goes on: its settings and its splits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .layout import CONFIG_FILE, SPLITS_FILE
from .settings import write_config
from .splits import Splits

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
