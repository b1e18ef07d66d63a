"""Reading one recording's transform: a dataset of an HDF5 file, or a `.mm` file whose shape is told elsewhere."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput
from ...arrays import read_array
from ..hdf5 import UNREADABLE, first_line, own_dataset
from .arrays import check_floats, dtype_of, shape_of

if TYPE_CHECKING:
    import h5py

SIDE_SUFFIX = ".npy"
_OPEN = 4
_MAX_VALUES = 1 << 27
"""No recording has more: ten hours. What a file declares is not read beyond."""
_MAX_SIDE_BYTES = 1 << 12


def read_mm(path: Path, told: tuple[int, int] | None) -> tuple[NDArray[Any], str]:
    """Return the array of a `.mm` file, mapped, and where its shape stands: in the `.npy` beside it, or `told`.

    Raises BadInput where neither says it, they disagree, or the size of the file is not that of such an array.
    """
    side = path.with_suffix(SIDE_SUFFIX)
    beside = _side_shape(side)
    if beside and told and beside != told:
        raise BadInput(f"has shape {beside} by {side.name}, but {told} by the index; one of them is wrong")
    shape = beside or told
    if shape is None:
        raise BadInput(
            f"has no {side.name} beside it with its shape, and the index has none; its size alone does not tell it"
        )
    try:
        dtype = dtype_of(path.stat().st_size, shape)
        return np.memmap(path, dtype, "r", shape=shape), side.name if beside else "the index"
    except OSError as error:
        raise BadInput(f"cannot be read ({error})") from error


def _side_shape(side: Path) -> tuple[int, int] | None:
    if not side.is_file():
        return None
    try:
        if side.stat().st_size > _MAX_SIDE_BYTES:
            raise BadInput(f"the file {side.name} beside it is too large to be a shape")
        return shape_of(read_array(side).tolist(), side.name)
    except (OSError, ValueError) as error:
        raise BadInput(f"the file {side.name} beside it cannot be read ({str(error)[:200]})") from error


class Chunks:
    """HDF5 files, each of which holds many recordings: the last few stay open. Safe to use from several threads.

    They are opened without a lock, which file systems of clusters do not have: nobody writes to them meanwhile.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[str, h5py.File] = OrderedDict()
        self._turn = Lock()

    def read(self, path: str, key: str) -> NDArray[Any]:
        """Return the dataset `key` of a file, floats of two axes.

        Raises BadInput where it is not there, something else, or too large; none of it is read then.
        """
        with self._turn:
            try:
                dataset = own_dataset(self._file(path), key)
                shape, dtype = dataset.shape, dataset.dtype
                check_floats(dtype, shape)
                if dataset.size <= _MAX_VALUES:
                    return np.asarray(dataset[()])
            except UNREADABLE as error:
                raise BadInput(f"is no dataset that can be read ({first_line(error)})") from error
        raise BadInput(f"has shape {shape}, longer than any recording")

    def _file(self, path: str) -> h5py.File:
        import h5py

        if path not in self._open:
            self._open[path] = h5py.File(path, "r", locking=False)
        self._open.move_to_end(path)
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)[1].close()
        return self._open[path]
