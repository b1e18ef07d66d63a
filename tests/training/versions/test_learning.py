"""From audio to a measured space, on works that were composed here: what is learned of some is of use for others."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.evaluation.versions.evaluate import evaluate_versions
from echodex.evaluation.versions.material import Chosen
from echodex.evaluation.versions.protocol import VersionsConfig
from echodex.schemas.clip import Source
from echodex.testing.music.works import draw_work
from echodex.training.versions.config import VersionsTraining
from echodex.training.versions.train import train_versions

SECONDS, RATE_HZ = 10.0, 16_000
TRAIN, VALID, TEST = 40, 6, 20
VERSIONS = 3


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Works, each in performances of other keys, tempos and instruments."""
    folder, sources = tmp_path_factory.mktemp("composed"), []
    for number in range(TRAIN + VALID + TEST):
        split = "train" if number < TRAIN else "valid" if number < TRAIN + VALID else "test"
        work = draw_work(np.random.default_rng([11, number]), SECONDS)
        for version in range(VERSIONS):
            path = folder / f"{number}-{version}.wav"
            soundfile.write(path, work.play(np.random.default_rng([number, version]), RATE_HZ, SECONDS), RATE_HZ)
            sources.append(Source(str(path), fields=(("work", f"w{number}"), ("split", split))))
    store = Store.open(folder / "library")
    store.add_sources(sources)
    return store


@pytest.mark.slow
def test_works_that_it_has_not_heard_are_found_better_than_before(composed: Store) -> None:
    """Better than at random, and better than by the network as it was before: that one sees pitch classes, too."""
    network = "segment_s=5.0 hop_s=2.5 stem=16 widths=16,32 blocks=1,1 dim=32"
    config = VersionsTraining(
        network_settings=network, versions=3, shingle_hop_s=5.0, monitor_hop_s=5.0, max_epochs=30, precision="32-true"
    )
    found = {}
    for name, settings in (("before", {"learning_rate": 1e-30, "max_epochs": 1}), ("after", {})):
        train_versions(composed, config=VersionsTraining(**{**vars(config), **settings}), name=name)
        space = composed.embed(f"run:{name}", where="split = 'test'").space.name
        found[name] = evaluate_versions(composed, VersionsConfig(), Chosen(where="split = 'test'"), space=space)
    before, after = (found[name].rows[0].map.mean for name in ("before", "after"))
    assert after > 2 * found["after"].chance_map
    assert after > before + 0.08
