"""Fingerprints and tensors for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.run import TRAINED
from ..store.locate import locate
from .store import Store

if TYPE_CHECKING:
    from ..evaluation.fingerprint.exporting import MemmapReport
    from ..store.tensors import TensorsReport


def export_memmap(
    folder: str | Path,
    *,
    store: Store | None = None,
    space: str | None = None,
    encoder: str | None = None,
    checkpoint: str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress = silent,
    **sources: str | Path,
) -> MemmapReport:
    """Write fingerprints as the published system does: `dummy_db`, `db`, `query` and `custom_source` as .mm files, each
    of "view:NAME" or a folder of audio; what is not named is left out.

    Vectors are those of `space`; with `encoder`, a name, a YAML file or "run:NAME", with a `checkpoint` where it needs
    one, and `settings`, they are made on the spot. See evaluation/fingerprint/exporting.py.
    """
    from ..evaluation.fingerprint.exporting import Maker, export_memmap, needs_store

    if (checkpoint or settings) and not encoder:
        odd = f"checkpoint {checkpoint}" if checkpoint else f"setting {next(iter(settings or {}))}"
        raise UsageError(f"{odd} is of an encoder; say which")
    given = {name: str(source) for name, source in sources.items()}
    maker = Maker(encoder, checkpoint, settings or {}) if encoder else None
    if store is None and needs_store(given.values(), encoder):
        store = Store.open(locate(None, create=False), create=False)
    return export_memmap(store, Path(folder), given, space=space, maker=maker, progress=progress)


def export_tensors(
    source: str | Path,
    folder: str | Path,
    *,
    encoder: str = "versions",
    checkpoint: str | None = None,
    settings: Mapping[str, Any] | None = None,
    store: Store | None = None,
    progress: Progress = silent,
) -> TensorsReport:
    """Write the vectors of every audio file of `source` (a folder, or one file) as torch files float32[segments, dim]
    below `folder`, in folders like its own: `a/b.mp3` becomes `a/b.pt`. What is there is left as it is.

    encoder: a name, a checkpoint, a YAML file or "run:NAME", with a `checkpoint` where it needs one, and `settings`;
    a run is of `store`, by default the one that `open` finds. What cannot be read, the report tells.
    """
    from ..store.tensors import write_tensors
    from ..training.trained import find_encoder

    if store is None and encoder.startswith(TRAINED):
        store = Store.open(locate(None, create=False), create=False)
    found = find_encoder(store, encoder, settings or {}, checkpoint, progress=progress)
    return write_tensors(found, Path(source).expanduser(), Path(folder).expanduser(), progress=progress)
