"""Fingerprints for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..progress import Progress, silent
from ..store.locate import locate
from .store import Store

if TYPE_CHECKING:
    from ..evaluation.fingerprint.exporting import MemmapReport


def export_memmap(
    folder: str | Path,
    *,
    store: Store | None = None,
    space: str | None = None,
    encoder: str | None = None,
    checkpoint: str | None = None,
    progress: Progress = silent,
    **sources: str | Path,
) -> MemmapReport:
    """Write fingerprints as the published system does: `dummy_db`, `db`, `query` and `custom_source` as .mm files, each
    of "view:NAME" or a folder of audio; what is not named is left out.

    Vectors are those of `space`; with `encoder`, a name, a YAML file or "run:NAME", with a `checkpoint` where it needs
    one, they are made on the spot. See evaluation/fingerprint/exporting.py.
    """
    from ..evaluation.fingerprint.exporting import Maker, export_memmap, needs_store

    if checkpoint and not encoder:
        raise UsageError(f"checkpoint {checkpoint} is of an encoder; say which")
    given = {name: str(source) for name, source in sources.items()}
    maker = Maker(encoder, checkpoint) if encoder else None
    if store is None and needs_store(given.values(), encoder):
        store = Store.open(locate(None, create=False), create=False)
    return export_memmap(store, Path(folder), given, space=space, maker=maker, progress=progress)
