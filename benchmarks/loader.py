"""How fast a view feeds a training, against the published ways of doing it.

crops_vs_files_ratio: waveform crops per second from a view, over CLMR's way: a folder of wav files at 22,050 Hz, an
index array `indices_to_keep.npy`, a map-style Dataset that reads the whole file and cuts 59,049 samples out of it, a
plain DataLoader. Same clips, batch size, number of workers and page cache (warm), turns alternating; the figure is the
lower of the ratios for 0 and 2 workers, whose start is not counted. vectors_vs_memmap_ratio: rows per second from a
view, without workers, over indexing a memory-mapped .npy with the same rows in the same order, batch by batch, with no
DataLoader at all.

    python benchmarks/loader.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile
import torch
from report import write_result
from torch.utils.data import DataLoader, Dataset, Subset

from echodex.api import Store
from echodex.schemas.clip import Source
from echodex.schemas.view import VIEW_ROWS
from echodex.training.loader import view_loader

FILES = 600
FILE_S = 29.0
RATE_HZ = 22_050
CROP = 59_049
CROP_BATCH = 48
CROP_EPOCHS = 2
CROP_TURNS = 5

CLIPS = 40_000
DIM = 512
VECTOR_BATCH = 1_024
VECTOR_TURNS = 101


class Folder(Dataset[tuple[torch.Tensor, int]]):
    """The published Dataset: a whole file per item, then a random crop of it."""

    def __init__(self, paths: list[str], labels: list[int]) -> None:
        self.paths, self.labels = paths, labels

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, item: int) -> tuple[torch.Tensor, int]:
        audio = torch.from_numpy(soundfile.read(self.paths[item], dtype="float32")[0])
        start = int(torch.randint(0, len(audio) - CROP + 1, (1,)))
        return audio[start : start + CROP], self.labels[item]


def timed(work: Callable[[], int]) -> float:
    """Return units per second."""
    began_s = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - began_s)


def drain(batches: Iterable[tuple[torch.Tensor, ...]]) -> int:
    return sum(len(batch[0]) for batch in batches)


def epochs(loader: DataLoader) -> int:
    return sum(drain(loader) for _ in range(CROP_EPOCHS))


def compare(ways: dict[str, Callable[[], int]], turns: int) -> dict[str, float]:
    """Return the median units per second of each way; one turn to warm up, then turns in alternating order."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-1, turns):
        for name in sorted(ways, reverse=turn % 2 == 0):
            rate = timed(ways[name])
            if turn >= 0:
                rates[name].append(rate)
    return {name: statistics.median(found) for name, found in rates.items()}


def save_view(store: Store, keep: np.ndarray) -> list[str]:
    """Save the view "lean" of the clips at the positions `keep` and return their ids."""
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    blank = {"rank": 0, "split": "", "cluster": -2, "representative": "", "similarity": 1.0, "gain": 0.0, "reason": ""}
    chosen = set(keep.tolist())
    rows = [{"clip_id": clip_id, "kept": number in chosen, **blank} for number, clip_id in enumerate(ids)]
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    store.save_view("lean", pa.Table.from_pylist(rows, schema=schema), {}, None)
    return [ids[number] for number in keep]


def crops(work: Path) -> dict[str, float]:
    random = np.random.default_rng(0)
    sources = []
    for number in range(FILES):
        path = work / "wav" / f"{number:04}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, 0.1 * random.standard_normal(int(FILE_S * RATE_HZ)), RATE_HZ)
        sources.append(Source(str(path), labels=(str(number % 10),)))
    store = Store.open(work / "library")
    store.add_sources(sources)
    paths = [clip.path for clip in store.sources(store.clips(["clip_id"]).column(0).to_pylist())]
    keep = np.flatnonzero(np.arange(FILES) % 5)
    save_view(store, keep)
    np.save(work / "indices_to_keep.npy", keep)

    figures = {}
    for workers in (0, 2):
        published = Subset(Folder(paths, [0] * FILES), np.load(work / "indices_to_keep.npy").tolist())
        context = {"multiprocessing_context": "forkserver", "persistent_workers": True} if workers else {}
        plain = DataLoader(published, CROP_BATCH, shuffle=True, num_workers=workers, **context)
        ours = view_loader(
            store, "lean", batch_size=CROP_BATCH, seconds=CROP / RATE_HZ, sample_rate_hz=RATE_HZ, workers=workers
        )
        rates = compare({"view": lambda: epochs(ours), "files": lambda: epochs(plain)}, CROP_TURNS)  # noqa: B023
        ratio = rates["view"] / rates["files"]
        print(
            f"crops, {workers} workers: view {rates['view']:,.0f}/s, files {rates['files']:,.0f}/s, ratio {ratio:.2f}"
        )
        figures |= {f"crops_per_s_{name}_{workers}_workers": rate for name, rate in rates.items()}
        figures[f"crops_vs_files_ratio_{workers}_workers"] = ratio
    return figures


def vectors(work: Path) -> dict[str, float]:
    random = np.random.default_rng(0)
    soundfile.write(work / "noise.wav", 0.1 * random.standard_normal(int(0.06 * 8_000 * CLIPS) + 8_000), 8_000)
    store = Store.open(work / "vectors")
    excerpts = [Source(str(work / "noise.wav"), 0.06 * number, 0.06, labels=("a",)) for number in range(CLIPS)]
    store.add_sources(excerpts)
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    np.save(work / "vectors.npy", random.standard_normal((len(ids), DIM)).astype(np.float32))
    (work / "ids.txt").write_text("\n".join(ids))
    store.import_vectors("given", work / "vectors.npy", work / "ids.txt")
    kept = save_view(store, np.arange(0, CLIPS, 2))
    began_s = time.perf_counter()
    loader = view_loader(store, "lean", batch_size=VECTOR_BATCH)
    opening_s = time.perf_counter() - began_s

    matrix, targets = np.load(work / "vectors.npy", mmap_mode="r"), np.zeros(len(ids), np.int64)
    place = {clip_id: row for row, clip_id in enumerate(ids)}
    order = [np.array([place[clip_id] for clip_id in batch.clip_ids]) for batch in loader]

    def memmap() -> int:
        return drain((torch.from_numpy(matrix[rows]), torch.from_numpy(targets[rows])) for rows in order)

    def view() -> int:
        loader.set_epoch(0)
        return drain(loader)

    rates = compare({"view": view, "memmap": memmap}, VECTOR_TURNS)
    ratio = rates["view"] / rates["memmap"]
    print(f"vectors of {len(kept):,} clips x {DIM}, opened in {opening_s:.2f} s:", end=" ")
    print(f"view {rates['view']:,.0f}/s, memmap {rates['memmap']:,.0f}/s, ratio {ratio:.2f}")
    return {
        "vectors_vs_memmap_ratio": ratio,
        "vectors_per_s_view": rates["view"],
        "vectors_per_s_memmap": rates["memmap"],
        "vectors_opening_s": opening_s,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        figures = crops(Path(name))
        lowest = min(figures["crops_vs_files_ratio_0_workers"], figures["crops_vs_files_ratio_2_workers"])
        write_result("loader", {"crops_vs_files_ratio": lowest, **figures, **vectors(Path(name))})


if __name__ == "__main__":
    main()
