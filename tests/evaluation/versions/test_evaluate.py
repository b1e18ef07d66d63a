"""What `evaluate versions` tells of queries that are no test of the encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.versions.evaluate import evaluate_versions
from echodex.evaluation.versions.material import Chosen
from echodex.evaluation.versions.protocol import VersionsConfig
from echodex.schemas.clip import Source
from echodex.schemas.view import VIEW_ROWS
from echodex.training.versions.config import VersionsTraining
from echodex.training.versions.train import train_versions

SPLITS = ("train", "train", "train", "valid", "valid", "test", "test")
NETWORK = "segment_s=0.6 hop_s=0.3 stem=4 widths=4 blocks=1 dim=8"


def chord(folder: Path, work: int, version: int, **fields: str) -> Source:
    """A second of three tones and noise, a version of the work "w<work>"."""
    random = np.random.default_rng([work, version])
    notes = 110 * 2 ** (np.random.default_rng(work).integers(0, 36, 3) / 12)
    tones = np.sin(2 * np.pi * notes[:, None] * np.arange(16_000) / 16_000).mean(axis=0)
    path = folder / f"{work}-{version}.wav"
    soundfile.write(path, 0.5 * tones + 0.01 * random.standard_normal(16_000), 16_000)
    return Source(str(path), fields=(("work", f"w{work}"), *fields.items()))


def trained(store: Store, **others: Any) -> str:
    """Train for an epoch, embed all clips, and return the name of the space."""
    view = others.pop("view", "all")
    config = VersionsTraining(
        network_settings=NETWORK,
        crop_s=0.9,
        shingle_hop_s=0.3,
        monitor_hop_s=0.3,
        max_epochs=1,
        batch_size=2,
        versions=2,
        **others,
    )
    return store.embed(f"run:{train_versions(store, view=view, config=config).name}").space.name


@pytest.fixture
def chords(tmp_path: Path) -> Store:
    """A store of two chords of each of seven works, three of which teach."""
    store = Store.open(tmp_path / "library")
    store.add_sources(
        [chord(tmp_path, work, version, split=split) for work, split in enumerate(SPLITS) for version in range(2)]
    )
    return store


@pytest.fixture
def taught(chords: Store) -> Store:
    """Such a store, with the space of a network that three of its works taught."""
    trained(chords)
    chords.embed("dummy")
    return chords


def test_queries_of_works_that_taught_the_encoder_are_told(taught: Store) -> None:
    run = taught.space("versions").name
    whole = evaluate_versions(taught, VersionsConfig(), Chosen(), space=run)
    assert (whole.queries, whole.taught) == (14, 10)
    assert whole.header().endswith("; 10 queries are of works that taught the encoder")
    unseen = evaluate_versions(taught, VersionsConfig(), Chosen(queries="split = 'test'"), space=run)
    assert (unseen.queries, unseen.candidates, unseen.taught) == (4, 14, 0)
    assert "taught" not in unseen.header()
    asked = evaluate_versions(taught, VersionsConfig(), Chosen(unseen=True), space=run)
    assert (asked.queries, asked.candidates, asked.taught) == (4, 14, 0)
    assert asked.rows == unseen.rows
    assert ": 4 queries of unseen works against 14 clips" in asked.header()
    with pytest.raises(UsageError, match="all 6 queries taught the encoder"):
        evaluate_versions(taught, VersionsConfig(), Chosen(unseen=True, where="split = 'train'"), space=run)
    assert evaluate_versions(taught, VersionsConfig(), Chosen(), space="dummy").taught == 0
    with pytest.raises(UsageError, match=r"no training of .* made the encoder of space 'dummy-.*', so which works"):
        evaluate_versions(taught, VersionsConfig(), Chosen(unseen=True), space="dummy")


def test_a_work_that_taught_has_taught_wherever_its_clips_are(taught: Store, tmp_path: Path) -> None:
    """Performances that came after the training, searched alone: the encoder knows their work all the same."""
    run = taught.space("versions").name
    late = [chord(tmp_path, work, version, rendition="late") for work in (0, 3, 5) for version in (2, 3)]
    taught.add_sources([*late, *(chord(tmp_path, 9, version, rendition="late") for version in range(2))])
    taught.embed("run:versions-all-1")
    whole = evaluate_versions(taught, VersionsConfig(), Chosen(where="rendition = 'late'"), space=run)
    assert (whole.queries, whole.taught) == (8, 4)
    asked = evaluate_versions(taught, VersionsConfig(), Chosen(unseen=True, where="rendition = 'late'"), space=run)
    assert (asked.queries, asked.candidates, asked.taught) == (4, 8, 0)
    assert evaluate_versions(taught, VersionsConfig(), Chosen(by="split"), space=run).taught == 10


def keep_works(store: Store, name: str, *works: str) -> None:
    """Save a view of the clips of some works."""
    clips = store.clips(["clip_id", "work"]).to_pylist()
    blank = {"rank": 0, "split": "", "cluster": -2, "representative": "", "similarity": 0.0, "gain": 0.0, "reason": ""}
    rows = [{"clip_id": clip["clip_id"], "kept": clip["work"] in works, **blank} for clip in clips]
    schema = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    store.save_view(name, pa.Table.from_pylist(rows, schema=schema), {}, None)


def test_what_the_view_of_the_training_left_out_has_not_taught(chords: Store) -> None:
    keep_works(chords, "some", "w0", "w1")
    run = trained(chords, view="some", valid_share=0.3)
    whole = evaluate_versions(chords, VersionsConfig(), Chosen(), space=run)
    assert (whole.queries, whole.taught) == (14, 8)  # w0 and w1 taught, w3 and w4 chose the epoch, w2 did neither


def test_a_network_knows_what_taught_the_one_that_it_began_with(chords: Store) -> None:
    keep_works(chords, "some", "w0", "w1")
    keep_works(chords, "others", "w1", "w2")
    trained(chords, view="some")
    run = trained(chords, view="others", start="run:versions-some-1")
    assert evaluate_versions(chords, VersionsConfig(), Chosen(), space=run).taught == 10
