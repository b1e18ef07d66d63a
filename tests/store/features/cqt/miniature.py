"""Making miniature copies of published constant-Q features: `.mm` files with their shapes beside, HDF5 files, lists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

HOP_S = 512 / 22_050
FRAMES = 200


def transform(seed: int, frames: int = FRAMES, bands: int = 84, dtype: str = "float16") -> np.ndarray:
    """Magnitudes (frames, bands) of one recording; another seed, others."""
    return np.random.default_rng(seed).gamma(0.5, 3, (frames, bands)).astype(dtype)


def by_definition(values: np.ndarray, hop_s: float = HOP_S) -> np.ndarray:
    """Frames of 0.1 s, float64[n, 84]: means over time of a step function, worked out on a grid of a 500th of a hop."""
    steps = np.repeat(values[:, :84].astype(np.float64), 500, axis=0)
    width = 0.1 / hop_s * 500
    count = int(len(steps) / width + 1e-6)
    edges = np.rint(np.arange(count + 1) * width).astype(int)
    return np.stack([steps[start:stop].mean(axis=0) for start, stop in pairwise(edges)])


def write_mm(root: Path, identity: str, values: np.ndarray, *, side: Any = None) -> Path:
    """Write `<root>/<two letters>/<identity>.mm`, and its shape beside it; side: another shape, False for none."""
    path = root / identity[:2] / f"{identity}.mm"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(np.ascontiguousarray(values).tobytes())
    if side is not False:
        np.save(path.with_suffix(".npy"), np.array(values.shape if side is None else side))
    return path


def write_h5(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write an HDF5 file of several recordings, each as (bands, frames) in `/<identity>/cqt`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for identity, values in arrays.items():
            file.create_dataset(f"{identity}/cqt", data=values.T, compression="gzip")
    return path


def write_list(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    """Write a list of recordings, a JSON object a line."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def write_cliques(path: Path, cliques: Mapping[str, Iterable[str]]) -> Path:
    """Write a list of cliques, of YouTube ids each, as Discogs-VI has it."""
    told = {
        clique: [
            {"version_id": f"V-{video}", "track_title": f"Title of {video}", "youtube_id": video} for video in videos
        ]
        for clique, videos in cliques.items()
    }
    path.write_text(json.dumps(told))
    return path
