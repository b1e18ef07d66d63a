"""Where queries begin: the test ids of the published evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, NotFound, UsageError
from .layout import read_npy

Rows = NDArray[np.int64]
ICASSP, ALL = "icassp", "all"
ICASSP_FILE = "test_ids_icassp2021.npy"
"""Comes with the published code, in its folder `eval`."""


def choose_ids(asked: str, segments: int, longest: int, seed: int = 0, folders: Sequence[Path] = ()) -> Rows:
    """Return int64[t], the query segments at which queries of up to `longest` segments begin, as published.

    asked: "all" (0 up to segments - longest), a number of those by chance, "icassp" (ICASSP_FILE in one of `folders`),
    or a .npy file. Queries run over into the next song and end with the last segment. Raises UsageError where there is
    none, NotFound, BadInput.
    """
    number = _number(asked)
    if asked == ALL or number is not None:
        pool = np.arange(max(0, segments - longest))
        chosen = pool if number is None else np.random.default_rng(seed).permutation(pool)[:number]
    else:
        chosen = _listed(asked, segments, folders)
    if not len(chosen):
        raise UsageError(
            f"test ids {asked!r} leave no query of {longest} segments among {segments}; ask for shorter ones"
        )
    return chosen.astype(np.int64)


def choose_inside(
    asked: str, inside: NDArray[np.bool_], seed: int = 0, folders: Sequence[Path] = ()
) -> tuple[Rows, NDArray[np.bool_]]:
    """Return int64[t] and bool[t, lengths]: query segments at which queries begin, and which of the lengths are asked.

    asked: as choose_ids takes it; a number is drawn of each length, from one shuffling, so that lengths have many in
    common; inside: bool[segments, lengths], which can be asked. Raises NotFound, BadInput.
    """
    number, segments = _number(asked), len(inside)
    if number is not None:
        ids = np.random.default_rng(seed).permutation(segments)
    else:
        ids = np.arange(segments) if asked == ALL else _listed(asked, segments, folders)
    chosen = inside[ids]
    if number is not None:
        chosen &= np.cumsum(chosen, axis=0) <= number
    some = chosen.any(axis=1)
    return ids[some].astype(np.int64), chosen[some]


def _number(asked: str) -> int | None:
    return int(asked) if asked.isascii() and asked.isdigit() else None


def _listed(asked: str, segments: int, folders: Sequence[Path]) -> Rows:
    return _read(_find(folders) if asked == ICASSP else Path(asked), segments)


def _find(folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (folder / ICASSP_FILE).is_file():
            return folder / ICASSP_FILE
    looked = ", ".join(map(str, folders)) or "any folder"
    raise NotFound(
        f"{ICASSP_FILE} is not in {looked}; copy it there from the published code (eval/), or ask for other test ids: "
        "all, a number, a .npy file"
    )


def _read(path: Path, segments: int) -> Rows:
    found = read_npy(path)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise BadInput(f"{path} must hold one row of whole numbers, not {found.dtype} of shape {found.shape}")
    if len(found) and not (int(found.min()) >= 0 and int(found.max()) < segments):
        raise BadInput(
            f"{path} holds ids from {found.min()} to {found.max()} and there are {segments} query segments; they are of"
            " another set"
        )
    return found.astype(np.int64)
