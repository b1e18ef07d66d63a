from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import BadInput, NotFound, UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.export import export_view
from echodex.pruning.plan import plan

Matrix = NDArray[np.float32]


@pytest.fixture
def lean(library: Callable[..., Store], blobs: Callable[..., Matrix]) -> Store:
    """A view of 30 train and 6 test clips with some of each reason."""
    rows = blobs(2, 12, noise=4)
    store = library(np.concatenate([rows, rows[:8]]), ["train"] * 30 + ["test"] * 6)
    plan(store, PruneConfig(eps=0.4, min_cluster_size=5, min_samples=3)).save(store, "lean")
    return store


def kept_paths(store: Store) -> list[str]:
    clip_ids = store.clips(["clip_id"], view="lean").column(0).to_pylist()
    return [source.path for source in store.sources(clip_ids)]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_run_folder_of_the_published_fork(lean: Store, tmp_path: Path) -> None:
    folder = export_view(lean, "lean", tmp_path / "run", "run-folder")
    kept, labels = (np.load(folder / f"{name}.npy") for name in ("indices_to_keep", "cluster_labels"))
    clips = read_csv(folder / "clips.csv")
    rows = {row["clip_id"]: row for row in lean.view_rows(lean.view("lean")).to_pylist()}
    train = [clip_id for clip_id, row in rows.items() if row["split"] == "train"]
    assert (kept.dtype, labels.dtype) == (np.int64, np.int64)
    assert [row["clip_id"] for row in clips] == train
    assert [train[index] for index in kept] == [clip_id for clip_id in train if rows[clip_id]["kept"]]
    assert labels.tolist() == [rows[clip_id]["cluster"] for clip_id in train]
    metadata = json.loads((folder / "metadata.json").read_text())
    assert (metadata["original_size"], metadata["pruned_size"]) == (30, len(kept))
    assert metadata["reduction_percentage"] == pytest.approx(100 * (1 - len(kept) / 30))
    assert {"min_cluster_size", "min_samples", "eps", "t", "n_random_runs"} == set(metadata["parameters"])
    for label, stats in metadata["cluster_stats"].items():
        assert stats["original_size"] == (labels == int(label)).sum()
        assert stats["kept_size"] == (labels[kept] == int(label)).sum()
        assert stats["removal_fraction"] == pytest.approx(1 - stats["kept_size"] / stats["original_size"])
    assert (folder / "pruned_dataset_path.txt").read_text() == str(folder)


def test_random_runs_differ_and_take_as_many_of_each_cluster(lean: Store, tmp_path: Path) -> None:
    folder = export_view(lean, "lean", tmp_path / "run", "run-folder")
    kept, labels = (np.load(folder / f"{name}.npy") for name in ("indices_to_keep", "cluster_labels"))
    runs = [np.load(folder / f"random_indices_run_{run}.npy") for run in range(5)]
    assert len({tuple(run.tolist()) for run in runs}) == 5
    for run in runs:
        assert sorted(labels[run].tolist()) == sorted(labels[kept].tolist())


def test_csv_can_be_added_again(lean: Store, tmp_path: Path) -> None:
    path = export_view(lean, "lean", tmp_path / "lean.csv", "csv")
    assert [row["path"] for row in read_csv(path)] == kept_paths(lean)
    other = Store.open(tmp_path / "other")
    other.add(labels=path)
    columns = ["clip_id", "labels", "split", "title"]
    assert other.clips(columns).equals(lean.clips(columns, view="lean"))


def test_csv_of_excerpts(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    make_wav("long.wav", seconds=2.0)
    (tmp_path / "labels.csv").write_text("path,offset_s,duration_s\naudio/long.wav,0,1\naudio/long.wav,0.5,1.5\n")
    store.add(labels=tmp_path / "labels.csv")
    store.embed("dummy")
    plan(store, PruneConfig(duplicate_score=0)).save(store, "both")
    rows = read_csv(export_view(store, "both", tmp_path / "both.csv", "csv"))
    assert {(row["offset_s"], row["duration_s"]) for row in rows} == {("0.0", "1.0"), ("0.5", "1.5")}
    text = export_view(store, "both", tmp_path / "both.m3u", "m3u").read_text()
    assert "#EXTVLCOPT:start-time=0.5\n#EXTVLCOPT:stop-time=2.0\n" in text


def test_m3u(lean: Store, tmp_path: Path) -> None:
    lines = export_view(lean, "lean", tmp_path / "lean.m3u", "m3u").read_text().splitlines()
    assert lines[:2] == ["#EXTM3U", "#PLAYLIST:lean@1"]
    assert [line for line in lines if not line.startswith("#")] == kept_paths(lean)
    assert lines[2].startswith("#EXTINF:0,Tone ")


def test_a_line_break_in_a_name_is_refused(store: Store, make_wav: Callable[..., Path], tmp_path: Path) -> None:
    make_wav("two\nlines.wav")
    store.add(tmp_path / "audio")
    store.embed("dummy")
    plan(store, PruneConfig()).save(store, "one")
    with pytest.raises(BadInput, match="line break"):
        export_view(store, "one", tmp_path / "one.m3u", "m3u")


@pytest.fixture
def load_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Any]]:
    """`datasets.load_dataset`, offline."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    yield lambda folder: datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    datasets.enable_progress_bars()


def test_a_hugging_face_dataset_with_the_audio_inside(
    lean: Store, tmp_path: Path, load_dataset: Callable[[Path], Any]
) -> None:
    from datasets import Audio

    folder = export_view(lean, "lean", tmp_path / "dataset", "huggingface")
    found = load_dataset(folder)
    assert set(found) == {"train", "test"}
    assert isinstance(found["train"].features["audio"], Audio)
    clips = {
        row["clip_id"]: row for row in lean.clips(["clip_id", "labels", "split", "title"], view="lean").to_pylist()
    }
    paths = dict(zip(clips, kept_paths(lean), strict=True))
    rows = [(split, row) for split in found for row in found[split].cast_column("audio", Audio(decode=False))]
    assert sorted(row["clip_id"] for _, row in rows) == sorted(clips)
    for split, row in rows:
        clip = clips[row["clip_id"]]
        assert (row["labels"], row["title"], split) == (clip["labels"], clip["title"], clip["split"])
        assert row["audio"]["bytes"] == Path(paths[row["clip_id"]]).read_bytes()
        assert row["audio"]["path"] == Path(paths[row["clip_id"]]).name
    assert "lean@1" in (folder / "README.md").read_text()


def test_an_excerpt_goes_in_as_the_excerpt(
    store: Store, make_wav: Callable[..., Path], tmp_path: Path, load_dataset: Callable[[Path], Any]
) -> None:
    import io

    from datasets import Audio

    whole = make_wav("long.wav", seconds=2.0)
    (tmp_path / "labels.csv").write_text("path,offset_s,duration_s\naudio/long.wav,0.5,1\n")
    store.add(labels=tmp_path / "labels.csv")
    store.embed("dummy")
    plan(store, PruneConfig()).save(store, "cut")
    found = load_dataset(export_view(store, "cut", tmp_path / "dataset", "huggingface"))
    audio = found["train"].cast_column("audio", Audio(decode=False))[0]["audio"]
    samples, rate = soundfile.read(io.BytesIO(audio["bytes"]))
    assert rate == 8000
    assert samples == pytest.approx(soundfile.read(whole)[0][4000:12000], abs=1e-4)


def test_a_file_that_is_gone_leaves_nothing_behind(lean: Store, tmp_path: Path) -> None:
    Path(kept_paths(lean)[3]).unlink()
    with pytest.raises(NotFound, match=r"\.wav is no longer where it was added.*echodex relocate"):
        export_view(lean, "lean", tmp_path / "dataset", "huggingface")
    assert not [path for path in tmp_path.iterdir() if "dataset" in path.name]


def test_a_file_is_replaced_but_a_folder_is_not(lean: Store, tmp_path: Path) -> None:
    for _ in range(2):
        export_view(lean, "lean", tmp_path / "lean.csv", "csv")
    export_view(lean, "lean", tmp_path / "deep" / "run", "run-folder")
    with pytest.raises(UsageError, match="is there already"):
        export_view(lean, "lean", tmp_path / "deep" / "run", "run-folder")


def test_what_cannot_be_exported(lean: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be exported as 'zip'"):
        export_view(lean, "lean", tmp_path / "x", "zip")
    with pytest.raises(NotFound, match="view 'fat' does not exist"):
        export_view(lean, "fat", tmp_path / "x", "csv")
    rows = lean.view_rows(lean.view("lean")).drop_columns(["row_id"])
    lean.save_view("by-hand", rows, {"by": "hand"}, None)
    with pytest.raises(UsageError, match="by-hand@1 was not made by `echodex prune`"):
        export_view(lean, "by-hand", tmp_path / "x", "run-folder")
