from __future__ import annotations

import math
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from echodex.api import Store
from echodex.encoders.base import digest
from echodex.encoders.versions import Versions
from echodex.errors import BadInput, NotFound, UsageError
from echodex.progress import Progress, silent
from echodex.schemas.clip import Source
from echodex.store.frames.layout import FrameLayout
from echodex.store.frames.table import held_frames
from echodex.store.frames.writing import write_frames
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log
from echodex.training.settings import read_settings
from echodex.training.trained import load_trained
from echodex.training.versions.config import PRESETS, VersionsTraining
from echodex.training.versions.train import train_versions
from tests.store.features.cqt.miniature import HOP_S, transform, write_cliques, write_h5, write_list, write_mm

from .conftest import HeldFrames, some_works

Make = Callable[..., VersionsTraining]

WORKS, VERSIONS = 7, 3


class Heard:
    """Progress that keeps the lines it is told, and presses Ctrl-C at a step."""

    def __init__(self, press: int = -1) -> None:
        self.lines: list[str] = []
        self._press = press

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage == "train" and done == self._press:
            signal.raise_signal(signal.SIGINT)

    def say(self, line: str) -> None:
        self.lines.append(line)


def pressed_at(step: int) -> Progress:
    return Heard(step)


def make(folder: Path, splits: Mapping[str, str], seconds: float = 0.7) -> Store:
    """A store of chords: WORKS works of VERSIONS versions, and one clip without another of its work."""
    folder.mkdir(exist_ok=True)
    store, sources = Store.open(folder / "library"), []
    for work in range(WORKS + 1):
        for version in range(VERSIONS if work < WORKS else 1):
            random = np.random.default_rng([work, version])
            time_s = np.arange(round(seconds * 16_000)) / 16_000
            notes = 110 * 2 ** (np.random.default_rng(work).integers(0, 36, 3) / 12)
            tone = sum(np.sin(2 * np.pi * note * time_s) for note in notes) / 4 + 0.01 * random.random(len(time_s))
            path = folder / f"{work}-{version}.wav"
            soundfile.write(path, tone, 16_000)
            fields = {"work": f"w{work}", **({"split": splits[f"w{work}"]} if f"w{work}" in splits else {})}
            sources.append(Source(str(path), fields=tuple(fields.items())))
    store.add_sources(sources)
    return store


@pytest.fixture
def chords(tmp_path: Path) -> Store:
    """Such a store, with frames that are longer than its clips; two works are for tests."""
    store = make(tmp_path, {"w5": "test", "w6": "test"})
    clips = store.clips(["clip_id", "work"]).to_pylist()
    places = sorted(range(len(clips)), key=lambda place: clips[place]["work"])
    held = HeldFrames(some_works(WORKS + 1, VERSIONS))
    written = [(clips[place]["clip_id"], held.clips[number]) for number, place in enumerate(places)]
    write_frames(store, "cqt", FrameLayout(), written, progress=silent)
    return store


def test_a_run_and_its_folder(chords: Store, brief: Make) -> None:
    heard, config = Heard(), brief(max_epochs=3)
    run = train_versions(chords, config=config, progress=heard)
    assert run == load_run(chords, "versions-all-1")
    assert (run.objective, run.view) == ("versions", "all")
    assert run.config["drawn_splits"] == ["valid"]
    # seven works, of which two test, and two of the five left are drawn to be measured on
    assert {
        "train_clips": 9,
        "valid_clips": 6,
        "test_clips": 6,
        "epochs": 3,
        "steps": 9,
        "lone_clips": 1,
    }.items() <= run.metrics.items()
    folder = run_folder(chords, run.name)
    names = {path.name.partition(".out")[0] for path in folder.iterdir()} - {".lock"}
    assert names == {"run.json", "config.yaml", "splits.parquet", "metrics.jsonl", "events", "encoder.safetensors"}
    log = read_log(folder)
    assert log[-1]["train_loss"] < log[0]["train_loss"]
    assert all(math.isfinite(value) for line in log for value in line.values())
    best = min(log, key=lambda line: line["valid_loss"])
    assert {name: run.metrics[name] for name in ("m_MAP", "m_MR1", "m_ARP", "m_COMP")}.items() <= best.items()
    assert any("1 clips of all have no other version" in line for line in heard.lines)
    assert asdict(read_settings(VersionsTraining, PRESETS, folder / "config.yaml", [])) == asdict(config)
    events = EventAccumulator(str(folder))
    events.Reload()
    assert {"m_MAP", "m_COMP", "train_loss", "valid_loss", "learning_rate"} <= set(events.Tags()["scalars"])


def test_the_trained_encoder_is_one(chords: Store, brief: Make) -> None:
    run = train_versions(
        chords, config=brief(network_settings="segment_s=0.6 hop_s=0.3 stem=4 widths=4 blocks=1 dim=8")
    )
    encoder = load_trained(chords, run.name)
    assert isinstance(encoder, Versions)
    assert digest(encoder) == run.encoder_digest
    assert (encoder.config.channels, encoder.dim) == ((4,), 8)
    report = chords.embed_with(encoder)
    assert (report.embedded, report.space.dim) == (WORKS * VERSIONS + 1, 8)
    assert chords.space(f"run:{run.name}") == report.space


@pytest.mark.parametrize("settings", [{}, {"plateau_patience": 0, "plateau_factor": 0.5, "max_epochs": 3}])
def test_interrupted_it_is_the_same_to_the_bit(chords: Store, brief: Make, settings: dict[str, object]) -> None:
    config = brief(**settings)
    expected = train_versions(chords, config=config, name="whole")
    for step in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            train_versions(chords, config=config, name="pieces", progress=pressed_at(step))
        assert (run_folder(chords, "pieces") / "last.safetensors").is_file()
    run = train_versions(chords, config=config, name="pieces")
    assert run.metrics == expected.metrics
    whole, pieces = (run_folder(chords, name) for name in ("whole", "pieces"))
    for name in ("metrics.jsonl", "encoder.safetensors"):
        assert (whole / name).read_bytes() == (pieces / name).read_bytes()


def test_clips_that_come_meanwhile_do_not_change_what_was_begun(chords: Store, brief: Make, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_versions(chords, config=brief(), name="mine", progress=pressed_at(2))
    path = tmp_path / "late.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(5).standard_normal(11_200), 16_000)
    chords.add_sources([Source(str(path), fields=(("work", "late"),))])
    run = train_versions(chords, config=brief(), name="mine")
    assert (run.metrics["train_clips"], run.metrics["lone_clips"]) == (9, 2)


def test_it_goes_on_from_another_run_or_a_checkpoint(chords: Store, brief: Make) -> None:
    first = train_versions(chords, config=brief(max_epochs=1), name="first")
    weights = load_trained(chords, "first").weights()
    still = {"max_epochs": 1, "learning_rate": 1e-30}
    train_versions(chords, config=brief(start="run:first", **still), name="second")
    file = run_folder(chords, "first") / "encoder.safetensors"
    train_versions(chords, config=brief(start=str(file), **still), name="third")
    for name in ("second", "third"):
        found = load_trained(chords, name).weights()
        trained = [key for key in weights if "running" not in key and "num_batches" not in key]
        assert all(np.array_equal(found[key], weights[key]) for key in trained)
    assert first.metrics["epochs"] == 1


def test_frames_that_are_missing_are_computed(tmp_path: Path, brief: Make) -> None:
    store = make(tmp_path, {}, seconds=3.0)
    run = train_versions(store, config=brief(max_epochs=1))
    assert math.isfinite(run.metrics["m_MAP"])
    clips = store.clips(["clip_id", "work"]).to_pylist()
    held = held_frames(store, "cqt", [clip["clip_id"] for clip in clips])
    assert held is not None
    assert held.clip_ids == [clip["clip_id"] for clip in clips if clip["work"] != f"w{WORKS}"], "not of what is alone"
    assert held.lengths.tolist() == [30] * WORKS * VERSIONS


def test_frames_are_computed_of_what_teaches_and_tests_alone(
    tmp_path: Path, brief: Make, save_view: Callable[[Store, str, list[str]], None]
) -> None:
    """A store may hold many more clips than those; what has left it since the view was saved does not disturb."""
    store = make(tmp_path, {"w0": "valid", "w1": "valid", "w2": "test"}, seconds=3.0)
    clips = store.clips(["clip_id", "work"]).to_pylist()
    kept = [clip["clip_id"] for clip in clips if clip["work"] in ("w3", "w4")]
    save_view(store, "some", kept)
    store.remove(kept[:1])
    run = train_versions(store, view="some", config=brief(max_epochs=1))
    assert (run.metrics["train_clips"], run.metrics["valid_clips"]) == (2 * VERSIONS - 1, 2 * VERSIONS)
    held = held_frames(store, "cqt", [clip["clip_id"] for clip in clips])
    assert held is not None
    assert len(held.clip_ids) == 5 * VERSIONS - 1


def test_clips_that_have_no_frames_are_left_out(tmp_path: Path, brief: Make) -> None:
    store, heard = make(tmp_path, {}, seconds=1.0), Heard()
    lost = next(clip for clip in store.clips(["uris", "work"]).to_pylist() if clip["work"] == "w3")
    Path(lost["uris"][0]).unlink()
    network = "segment_s=0.6 hop_s=0.3 stem=4 widths=4 blocks=1 dim=8"
    with pytest.raises(BadInput, match=f"1 clips have no frames, so the training stops: {lost['uris'][0]}"):
        train_versions(store, config=brief(max_epochs=1, network_settings=network), strict=True)
    run = train_versions(store, config=brief(max_epochs=1, network_settings=network), progress=heard)
    assert run.metrics["train_clips"] + run.metrics["valid_clips"] == WORKS * VERSIONS - 1
    said = f"1 clips have no frames and are left out, such as {lost['uris'][0]}: no longer where it was added"
    assert any(line.startswith(said) for line in heard.lines)


def test_frames_that_no_network_could_take_are_not_computed(tmp_path: Path, brief: Make) -> None:
    """Of a large collection they take hours."""
    store = make(tmp_path, {}, seconds=1.0)
    with pytest.raises(BadInput, match="these frames have bins 84, but the encoder takes frames of bins 72"):
        train_versions(store, config=brief(network_settings="octaves=6"))
    assert not store.tables.exists("frames_cqt")


def test_works_that_are_too_few_are_counted_by_side(tmp_path: Path, brief: Make) -> None:
    store = make(tmp_path, {f"w{work}": "test" for work in range(3, WORKS)}, seconds=0.3)
    with pytest.raises(UsageError, match="keeps 1 train works with two versions, beside 2 valid and 4 test ones"):
        train_versions(store, config=brief())
    store = make(tmp_path / "short", {}, seconds=0.3)
    with pytest.raises(UsageError, match="keeps 0 train works with two versions that have frames in the table 'cqt'"):
        train_versions(store, config=brief())


def test_versions_that_lie_in_one_file_of_features(tmp_path: Path, brief: Make) -> None:
    """Frames that somebody else computed, all in one HDF5 file: each is a recording of its own."""
    cliques = {f"C-{work}": [f"vid{work}{version}" for version in range(2)] for work in range(5)}
    videos = [video for clique in cliques.values() for video in clique]
    write_h5(tmp_path / "h5/chunk.h5", {video: transform(number) for number, video in enumerate(videos)})
    lines = ({"youtube_id": video, "h5_file": "chunk.h5", "h5_key": f"{video}/cqt"} for video in videos)
    told = write_list(tmp_path / "list.jsonl", lines)
    store = Store.open(tmp_path / "library")
    metadata = str(write_cliques(tmp_path / "train.json", cliques))
    store.add_features("cqt", told, h5_root=str(tmp_path / "h5"), metadata=metadata, hop_s=HOP_S)
    with pytest.raises(UsageError, match="0 train works with two versions that have frames in the table 'ctq'"):
        train_versions(store, config=brief(frames="ctq"))
    run = train_versions(store, config=brief(max_epochs=1))
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["lone_clips"]) == (6, 4, 0)


def test_frames_of_others_teach_beside_works_of_audio(tmp_path: Path, brief: Make) -> None:
    """Which have no place in that table: they are left out, and the training goes on."""
    store = make(tmp_path, {}, seconds=1.0)
    cliques = {f"C-{work}": [f"vid{work}{version}" for version in range(2)] for work in range(8)}
    for number, video in enumerate(video for clique in cliques.values() for video in clique):
        write_mm(tmp_path / "mm", video, transform(number))
    metadata = str(write_cliques(tmp_path / "train.json", cliques))
    store.add_features("cqt", tmp_path / "mm", metadata=metadata, frames="theirs", hop_s=HOP_S)
    heard = Heard()
    run = train_versions(store, config=brief(max_epochs=1, frames="theirs", valid_share=0.5), progress=heard)
    assert run.metrics["train_clips"] + run.metrics["valid_clips"] == 16
    assert any(line.startswith("21 clips have no frames and are left out") for line in heard.lines)


@pytest.mark.parametrize(
    ("slip", "error"),
    [
        ({"start": "run:none"}, NotFound),
        ({"start": "/nowhere.ckpt"}, NotFound),
        ({"network_settings": "octaves=6"}, BadInput),  # frames of other bands
        ({"valid_share": 0.9}, UsageError),  # no two works left to teach
    ],
)
def test_a_slip_of_the_pen_does_not_spend_the_name(
    chords: Store, brief: Make, slip: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        train_versions(chords, config=brief(**slip), name="mine")
    assert train_versions(chords, config=brief(max_epochs=1), name="mine").name == "mine"


def test_a_loss_that_is_not_finite_is_said(chords: Store, brief: Make) -> None:
    with pytest.raises(BadInput, match="not finite in any epoch; lower learning_rate"):
        train_versions(chords, config=brief(learning_rate=1e30))


@pytest.mark.slow
def test_workers_change_nothing(chords: Store, brief: Make) -> None:
    alone, with_workers = (train_versions(chords, config=brief(workers=workers)) for workers in (0, 2))
    assert with_workers.encoder_digest == alone.encoder_digest


@pytest.mark.slow
@pytest.mark.parametrize("gather", [False, True])
def test_two_processes_train_one_network(chords: Store, brief: Make, gather: bool) -> None:
    run = train_versions(chords, config=brief(devices=2, batch_size=2, gather_negatives=gather))
    assert (run.metrics["epochs"], run.metrics["steps"]) == (2, 2 * 3)  # nine anchors, five each, two a batch
    assert math.isfinite(run.metrics["m_MAP"])
    assert load_trained(chords, run.name).dim == 8
