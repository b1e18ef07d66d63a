"""da-TACOS (Yesiler et al., 2019): an HDF5 file of features for each performance, in a folder for each work.

A row is the table of the study of audio embeddings: over time, the means of three kinds of chroma, of MFCC and of two
novelty functions, and the strongest tempo. 52 numbers, unscaled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, NotFound
from ...schemas.clip import Source
from ..datasets.datacos_metadata import read_metadata, said_of
from ..tables import Tables
from .base import Features, Found, Keeper
from .hdf5 import UNREADABLE, check_h5py, first_line, own_dataset
from .keeping import RowKeeper
from .registry import register

if TYPE_CHECKING:
    import h5py

_CHROMAS = ("chroma_cens", "crema", "hpcp")
_BINS = 12
_COEFFICIENTS = 13
_NOVELTIES = ("novfn", "snovfn")
_TEMPOS = "madmom_features/tempos"
FRAME_S = 512 / 44_100
"""Seconds from one frame of the features to the next."""

_MAX_VALUES = 1 << 26
"""No feature of a recording has more: 18 hours of chroma. What a file declares is not read beyond."""


@register("datacos")
@dataclass(frozen=True)
class DaTacos:
    """metadata: the JSON file of the subset, "" for none; split: what the clips' `split` says; space: a name.

    The study trains on the cover analysis subset (split=train) and validates on the benchmark (split=valid).
    """

    metadata: str = ""
    split: str = ""
    space: str = "datacos"

    name: ClassVar[str]
    codec: ClassVar[str] = "hdf5/da-tacos"
    columns: ClassVar[tuple[str, ...]] = (
        *(f"{chroma}_{number}" for chroma in _CHROMAS for number in range(_BINS)),
        *(f"mfcc_htk_{number}" for number in range(_COEFFICIENTS)),
        *_NOVELTIES,
        "tempo",
    )

    def check_installed(self) -> None:
        """Raise Unavailable without h5py."""
        check_h5py()

    def keeper(self, tables: Tables) -> Keeper:
        """Return who keeps the rows: a space."""
        columns = len(self.columns)
        return RowKeeper(tables, self.space, columns, f"{columns} features of da-TACOS, unscaled")

    def find(self, folders: Sequence[Path]) -> Found:
        """Return the files `W_*/P_*.h5` below `folders`, each with its work and its performance.

        missing: the performances of the metadata that have no file. Raises NotFound where there is no file at all.
        """
        about = read_metadata(Path(self.metadata).expanduser()) if self.metadata else {}
        paths = [path for folder in folders for path in _files(folder)]
        if not paths:
            raise NotFound(
                f"there is no W_*/P_*.h5 in {', '.join(map(str, folders))}; name the folder of the W_ folders"
            )
        here = {_identity(path) for path in paths}
        missing = tuple(f"{work}/{performance}.h5" for work, performance in about if (work, performance) not in here)
        return Found(tuple(self._source(path, about.get(_identity(path), {})) for path in paths), missing)

    def read(self, source: Source) -> Features:
        """Return the 52 numbers of a file. Raises BadInput, naming the feature that is missing or odd."""
        import h5py

        try:
            with h5py.File(source.path, "r") as file:
                rows = [_bins(file, name) for name in _CHROMAS]
                coefficients = _values(file, "mfcc_htk", 2)
                novelties = [_finite_mean(_values(file, f"madmom_features/{name}", 1), name, 0) for name in _NOVELTIES]
                tempos = _values(file, _TEMPOS, 2)
                seconds = float(max(own_dataset(file, "hpcp").shape)) * FRAME_S
        except UNREADABLE as error:
            raise BadInput(f"cannot be read as HDF5 features of da-TACOS ({first_line(error)})") from error
        if not tempos.size:
            raise BadInput(f"has no tempo in {_TEMPOS!r}")
        row = np.concatenate([*rows, _masked_means(coefficients), *map(np.atleast_1d, novelties), tempos[0, :1]])
        if not np.isfinite(row.astype(np.float32)).all():
            raise BadInput("holds a tempo that is not finite, or numbers too large")
        return Features(row.astype(np.float32), seconds)

    def _source(self, path: Path, told: Mapping[str, Any]) -> Source:
        work, performance = _identity(path)
        fields, extra = said_of(told)
        more = (("work", work), ("rendition", performance), ("split", self.split))
        identity = (("dataset", "da-tacos"), ("dataset_id", f"{work}/{performance}"))
        known = (*fields, *((name, value) for name, value in more if value))
        return Source(str(path), fields=known, extra=tuple(sorted((*extra, *identity))))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files `W_*/P_*.h5` of a folder, sorted; links are not followed."""
    if not folder.is_dir():
        raise NotFound(f"folder {folder} does not exist")
    for work in sorted(folder.absolute().glob("W_*")):
        if work.is_dir() and not work.is_symlink():
            yield from (path for path in sorted(work.glob("P_*.h5")) if path.is_file() and not path.is_symlink())


def _identity(path: Path) -> tuple[str, str]:
    """Return ("W_1", "P_2") of ".../W_1/P_2.h5"."""
    return path.parent.name, path.stem


def _values(file: h5py.File, name: str, axes: int) -> NDArray[np.float64]:
    """Return the numbers called `name`, float64 with so many axes."""
    dataset = own_dataset(file, name)
    if dataset.ndim != axes or dataset.size > _MAX_VALUES:
        raise BadInput(f"has {name!r} of shape {dataset.shape}")
    return np.asarray(dataset, dtype=np.float64)


def _bins(file: h5py.File, name: str) -> NDArray[np.float64]:
    """Return the mean over time, float64[12]: frames run along the other axis, whichever that is in this subset."""
    values = _values(file, name, 2)
    if _BINS not in values.shape:
        raise BadInput(f"has {name!r} of shape {values.shape}, neither side of which is {_BINS}")
    return _finite_mean(values if values.shape[1] == _BINS else values.T, name, 0)


def _finite_mean(values: NDArray[np.float64], name: str, axis: int) -> NDArray[np.float64]:
    if not values.size or not np.isfinite(values).all():
        raise BadInput(f"has no values in {name!r}, or some that are not finite")
    return np.asarray(values.mean(axis=axis))


def _masked_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each coefficient, float64[13], over the frames in which it is finite: silence has none."""
    if _COEFFICIENTS not in values.shape:
        raise BadInput(f"has 'mfcc_htk' of shape {values.shape}, neither side of which is {_COEFFICIENTS}")
    values = values if values.shape[0] == _COEFFICIENTS else values.T
    finite = np.isfinite(values)
    if not finite.any(axis=1).all():
        raise BadInput("has a coefficient in 'mfcc_htk' without a finite value")
    return np.asarray(np.where(finite, values, 0).sum(axis=1) / finite.sum(axis=1))
