"""What `evaluate versions` tells of queries that are no test of the encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.versions.evaluate import evaluate_versions
from echodex.evaluation.versions.material import Chosen
from echodex.evaluation.versions.protocol import VersionsConfig
from echodex.schemas.clip import Source
from echodex.training.versions.config import VersionsTraining
from echodex.training.versions.train import train_versions

SPLITS = ("train", "train", "train", "valid", "valid", "test", "test")
NETWORK = "segment_s=0.6 hop_s=0.3 stem=4 widths=4 blocks=1 dim=8"


@pytest.fixture
def taught(tmp_path: Path) -> Store:
    """A store of two chords of each of seven works, and the space of a network that three of them taught."""
    sources = []
    for work, split in enumerate(SPLITS):
        for version in range(2):
            random = np.random.default_rng([work, version])
            notes = 110 * 2 ** (np.random.default_rng(work).integers(0, 36, 3) / 12)
            chord = np.sin(2 * np.pi * notes[:, None] * np.arange(16_000) / 16_000).mean(axis=0)
            path = tmp_path / f"{work}-{version}.wav"
            soundfile.write(path, 0.5 * chord + 0.01 * random.standard_normal(16_000), 16_000)
            sources.append(Source(str(path), fields=(("work", f"w{work}"), ("split", split))))
    store = Store.open(tmp_path / "library")
    store.add_sources(sources)
    settings = VersionsTraining(
        network_settings=NETWORK,
        crop_s=0.9,
        shingle_hop_s=0.3,
        monitor_hop_s=0.3,
        max_epochs=1,
        batch_size=2,
        versions=2,
    )
    run = train_versions(store, config=settings)
    store.embed(f"run:{run.name}")
    store.embed("dummy")
    return store


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
    with pytest.raises(UsageError, match="all 6 queries taught the encoder"):
        evaluate_versions(taught, VersionsConfig(), Chosen(unseen=True, where="split = 'train'"), space=run)
    assert evaluate_versions(taught, VersionsConfig(), Chosen(), space="dummy").taught == 0
