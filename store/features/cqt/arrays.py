"""Which axis is time, and of which numbers a file without a header is: told by shapes and sizes, or refused.

The published features are float16, (frames, bands), with the shape in a file beside; others have float32 and (bands,
frames). What fits both readings is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import BadInput

BANDS = (84, 96)
"""Seven octaves, or eight, of which the lowest seven are used: twelve bands an octave from the same lowest one up."""

TIME_FIRST, BANDS_FIRST = "time-first", "bands-first"
_FLOATS = "f"


@dataclass(frozen=True)
class Stored:
    """values: magnitudes [frames, bands] as they lie in the file, not copied; axes: which of the two came first."""

    values: NDArray[Any]
    axes: str


def check_floats(dtype: np.dtype[Any], shape: tuple[int, ...] | None) -> None:
    """Raise BadInput for what is no array of floats of two axes. shape: None for a dataset without one."""
    if dtype.kind != _FLOATS or shape is None or len(shape) != 2:
        raise BadInput(f"is an array of {dtype} of shape {shape}; it must be floats (frames, bands)")


def upright(values: NDArray[Any], axes: str) -> Stored:
    """Return an array of two axes with frames first.

    axes: which come first, "" to tell it by the number of bands. Raises BadInput where neither side, or either, can be
    the bands, and for numbers that are no floats.
    """
    shape = values.shape
    check_floats(values.dtype, shape)
    fits = [way for way, bands in ((TIME_FIRST, shape[1]), (BANDS_FIRST, shape[0])) if bands in BANDS]
    if axes and axes not in fits:
        raise BadInput(f"has shape {shape}, which is not {axes} with {_either()} bands")
    if not fits:
        raise BadInput(f"has shape {shape}, neither side of which is {_either()} bands; no other number is taken")
    if len(fits) > 1 and not axes:
        raise BadInput(
            f"has shape {shape}, either side of which may be the bands; say --set axes={TIME_FIRST} or {BANDS_FIRST}"
        )
    way = axes or fits[0]
    return Stored(values if way == TIME_FIRST else values.T, way)


def dtype_of(size_bytes: int, shape: tuple[int, ...]) -> np.dtype[Any]:
    """Return the type of the numbers of a file without a header, by its size. Raises BadInput where none fits."""
    count = int(np.prod(shape, dtype=object))
    for dtype in (np.dtype("<f2"), np.dtype("<f4")):
        if size_bytes == count * dtype.itemsize:
            return dtype
    raise BadInput(
        f"has {size_bytes} bytes, but {shape} would be {count * 2} as float16 or {count * 4} as float32: it is torn, "
        "or its shape is another"
    )


def shape_of(told: Any, where: str) -> tuple[int, int]:
    """Return a shape of two axes as `where` tells it. Raises BadInput for anything else."""
    shape = tuple(told) if isinstance(told, list | tuple) else ()
    if len(shape) != 2 or not all(type(side) is int and side > 0 for side in shape):
        raise BadInput(f"{where} says {str(told)[:80]} where a shape of two axes should stand")
    return shape


def _either() -> str:
    return " or ".join(map(str, BANDS))
