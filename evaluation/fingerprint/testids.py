"""Where queries begin: the test ids of the published evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, NotFound, UsageError
from .layout import read_npy
from .songs import Songs

Rows = NDArray[np.int64]
ICASSP, ALL = "icassp", "all"
ICASSP_FILE = "test_ids_icassp2021.npy"
"""Comes with the published code, in its folder `eval`."""


def choose_ids(
    asked: str, segments: int, longest: int, seed: int = 0, folders: Sequence[Path] = (), songs: Songs | None = None
) -> Rows:
    """Return int64[t], the query segments at which queries of up to `longest` segments begin.

    asked: "all" (0 up to segments - longest, as published), a number of those by chance, "icassp" (ICASSP_FILE in one
    of `folders`), or a .npy file. songs: None to let queries run over into the next song and end with the last segment,
    as published; else only what stays inside a song is chosen, and ids of a file that do not are left out. Raises
    UsageError where nothing is left, NotFound, BadInput.
    """
    number = int(asked) if asked.isascii() and asked.isdigit() else None
    if asked == ALL or number is not None:
        pool = np.arange(max(0, segments - longest)) if songs is None else _inside(np.arange(segments), longest, songs)
        chosen = pool if number is None else np.random.default_rng(seed).permutation(pool)[:number]
    else:
        chosen = _read(_find(folders) if asked == ICASSP else Path(asked), segments)
        chosen = chosen if songs is None else _inside(chosen, longest, songs)
    if not len(chosen):
        raise UsageError(
            f"test ids {asked!r} leave no query of {longest} segments among {segments}; ask for shorter ones"
        )
    return chosen.astype(np.int64)


def _inside(ids: Rows, longest: int, songs: Songs) -> Rows:
    return ids[ids + longest <= songs.ends(ids)]


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
