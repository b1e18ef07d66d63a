"""Making miniature copies of da-TACOS: HDF5 files in the layout of its single files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

FRAMES = 40


def arrays(seed: int, *, frames: int = FRAMES) -> dict[str, np.ndarray]:
    """The features of one performance, in the shapes of the benchmark subset; another seed, others."""
    random = np.random.default_rng(seed)
    chromas = {name: random.random((frames, 12)).astype(np.float32) for name in ("chroma_cens", "crema", "hpcp")}
    tempos = np.stack([random.uniform(60, 180, 3), [0.5, 0.3, 0.2]], axis=1)
    return chromas | {
        "mfcc_htk": random.normal(0, 20, (13, frames)).astype(np.float32),
        "madmom_features/novfn": random.random(frames),
        "madmom_features/snovfn": random.random(frames),
        "madmom_features/tempos": tempos,
    }


def row_of(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """The published table's row of such arrays, feature by feature."""
    chromas = [found[name].mean(axis=0, dtype=np.float64) for name in ("chroma_cens", "crema", "hpcp")]
    coefficients = np.ma.masked_invalid(found["mfcc_htk"].astype(np.float64)).mean(axis=1).data
    novelties = [found[f"madmom_features/{name}"].mean() for name in ("novfn", "snovfn")]
    return np.array([*np.concatenate(chromas), *coefficients, *novelties, found["madmom_features/tempos"][0, 0]])


def write(path: Path, found: Mapping[str, np.ndarray]) -> Path:
    """Write arrays as a file of the data set, with the parts that the table has no use for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in found.items():
            file[name] = array
        file["key_extractor/strength"] = 0.7
        file["track_id"] = np.bytes_(path.stem)
    return path


def datacos(
    folder: Path, works: Mapping[str, int], *, seed: int = 0, transposed: bool = False
) -> dict[str, np.ndarray]:
    """Write so many performances of each work; return each one's row by "W_1/P_10".

    transposed: crema as the cover analysis subset has it. The performances of a work sound alike.
    """
    rows = {}
    for number, (work, count) in enumerate(works.items()):
        tempo = np.random.default_rng([seed, number]).uniform(60, 180)
        for take in range(count):
            found = arrays(1000 * seed + 20 * number + take)
            found["madmom_features/tempos"][0, 0] = tempo + take
            name = f"{work}/P_{1000 * seed + 20 * number + take}"
            rows[name] = row_of(found)
            if transposed:
                found["crema"] = found["crema"].T
            write(folder / f"{name}.h5", found)
    return rows


def metadata(path: Path, names: list[str]) -> Path:
    """Write the metadata of performances "W_1/P_10" as the data set has it."""
    works: dict[str, dict[str, dict[str, object]]] = {}
    for name in names:
        work, performance = name.split("/")
        works.setdefault(work, {})[performance] = {
            "work_title": f"Title of {work}",
            "work_artist": "Composer",
            "perf_title": f"Title of {performance}",
            "perf_artist": "Performer",
            "release_year": "1984",
            "work_id": work,
            "perf_id": performance,
            "instrumental": "No",
            "perf_artist_mbid": "",
            "mb_performances": {},
        }
    path.write_text(json.dumps(works))
    return path
