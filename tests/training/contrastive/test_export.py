from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_array_equal

from echodex.api import Store
from echodex.encoders.clmr import Clmr
from echodex.errors import UsageError
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.contrastive.export import export_checkpoint
from echodex.training.contrastive.simclr import fresh_simclr
from echodex.training.contrastive.train import train_clmr
from echodex.training.trained import load_trained


@pytest.fixture(scope="module")
def trained(few_store: Store, tmp_path_factory: pytest.TempPathFactory, tiny: Callable[..., ClmrTraining]) -> Store:
    """A copy of `few_store` with the run "small"."""
    import shutil

    folder = tmp_path_factory.mktemp("trained") / "library"
    shutil.copytree(few_store.path, folder)
    store = Store.open(folder)
    train_clmr(store, config=tiny(max_epochs=1), name="small")
    return store


def test_the_bare_layout_is_the_state_of_the_network(trained: Store, tmp_path: Path) -> None:
    path = export_checkpoint(trained, "small", tmp_path / "small.pt")
    state = torch.load(path, weights_only=True)
    assert state.keys() == fresh_simclr(1 / 32, 64, seed=0).state_dict().keys()
    fresh_simclr(1 / 32, 64, seed=0).load_state_dict(state)


def test_the_lightning_layout_has_each_array_of_the_encoder_twice(trained: Store, tmp_path: Path) -> None:
    path = export_checkpoint(trained, "small", tmp_path / "small.ckpt", "lightning")
    content = torch.load(path, weights_only=True)
    assert isinstance(content["pytorch-lightning_version"], str)
    state = content["state_dict"]
    bare = set(fresh_simclr(1 / 32, 64, seed=0).state_dict())
    encoder = {name for name in bare if name.startswith("encoder.")}
    assert set(state) == encoder | {f"model.{name}" for name in bare}
    for name in encoder:
        assert torch.equal(state[name], state[f"model.{name}"])


@pytest.mark.parametrize("layout", ["bare", "lightning"])
def test_what_is_exported_is_read_again(trained: Store, tmp_path: Path, layout: str) -> None:
    path = export_checkpoint(trained, "small", tmp_path / "small.pt", layout)
    encoder = load_trained(trained, "small")
    for name, array in Clmr.read_weights(path).items():
        assert_array_equal(array, encoder.weights()[name])


def test_an_unknown_layout_is_named(trained: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bare, lightning"):
        export_checkpoint(trained, "small", tmp_path / "x.pt", "keras")
    assert not (tmp_path / "x.pt").exists()
