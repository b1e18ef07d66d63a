from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.encoders.clmr import Clmr
from echodex.encoders.samplecnn import state_shapes
from echodex.errors import BadInput, Damaged, NotFound, UsageError
from echodex.schemas.run import Run
from echodex.training.checkpoint import Arrays, write_checkpoint
from echodex.training.run import finish_run, run_folder, working_run
from echodex.training.trained import find_encoder, load_trained, read_encoder, save_trained, trained_path


def arrays() -> Arrays:
    """An encoder of the least width, and a projector."""
    found = {
        f"encoder.{name}": np.full(shape, 0.5, np.int64 if name.endswith("tracked") else np.float32)
        for name, shape in state_shapes(1 / 128).items()
    }
    return {**found, "projector.0.weight": np.ones((4, 4), np.float32)}


def test_an_encoder_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    save_trained(path, "clmr", {"sample_rate_hz": 16_000, "width": 1 / 128}, arrays())
    encoder = read_encoder(path)
    assert isinstance(encoder, Clmr)
    assert (encoder.config.sample_rate_hz, encoder.config.width, encoder.dim) == (16_000, 1 / 128, 4)
    assert encoder.weights().keys() == state_shapes(1 / 128).keys()
    assert read_encoder(path, {"pooling": "windows"}).config.pooling == "windows"
    with pytest.raises(BadInput, match="'colour'"):
        read_encoder(path, {"colour": "red"})


def test_the_file_is_a_checkpoint_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    save_trained(path, "clmr", {}, arrays())
    assert Clmr.read_weights(path).keys() == state_shapes(1 / 128).keys()


def test_a_file_of_something_else(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "head.safetensors", {}, {"head": {}})
    with pytest.raises(Damaged, match="does not hold an encoder"):
        read_encoder(tmp_path / "head.safetensors")


def begun(store: Store, name: str) -> Run:
    with working_run(store, Run(name, "clmr", "all", "", "", {}, (), {}, "")) as run:
        return run


def test_runs_without_an_encoder_say_why(store: Store) -> None:
    with pytest.raises(NotFound, match="none yet"):
        trained_path(store, "mine")
    run = begun(store, "mine")
    with pytest.raises(UsageError, match="not finished"):
        load_trained(store, "mine")
    finish_run(store, run, {"loss": 1.0})
    with pytest.raises(UsageError, match="trained no encoder"):
        load_trained(store, "mine")
    save_trained(run_folder(store, "mine") / "encoder.safetensors", "clmr", {}, arrays())
    assert load_trained(store, "mine").dim == 4


def test_the_file_of_a_run_says_what_it_is_of(kinds: Store, tmp_path: Path) -> None:
    """As of another store, on another machine."""
    path = tmp_path / "taken.safetensors"
    save_trained(path, "clmr", {"width": 1 / 128, "sample_rate_hz": 8000, "pooling": "windows"}, arrays())
    report = kinds.embed(str(path))
    assert (report.embedded, report.space.encoder, report.space.dim) == (72, "clmr", 4)
    with pytest.raises(BadInput, match="leave out the checkpoint other"):
        find_encoder(None, str(path), {}, "other.pt")
    other = find_encoder(None, str(path), {"pooling": "mean"})
    assert isinstance(other, Clmr)
    assert (other.config.sample_rate_hz, other.config.pooling) == (8000, "mean")
    write_checkpoint(tmp_path / "head.safetensors", {}, {"head": {}})
    with pytest.raises(Damaged, match="does not hold an encoder"):
        find_encoder(None, str(tmp_path / "head.safetensors"), {})
    (tmp_path / "torn.safetensors").write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput, match="torn"):
        find_encoder(None, str(tmp_path / "torn.safetensors"), {})


def test_embedding_with_a_run(kinds: Store) -> None:
    finish_run(kinds, begun(kinds, "mine"), {"loss": 1.0})
    save_trained(
        run_folder(kinds, "mine") / "encoder.safetensors", "clmr", {"width": 1 / 128, "sample_rate_hz": 8000}, arrays()
    )
    report = kinds.embed("run:mine")
    assert (report.embedded, report.space.encoder, report.space.dim) == (72, "clmr", 4)
    assert kinds.embed("run:mine", settings={"pooling": "windows"}).space.name != report.space.name
    with pytest.raises(NotFound, match="did you mean 'mine'"):
        kinds.embed("run:mime")
    with pytest.raises(BadInput, match="leave out the checkpoint"):
        kinds.embed("run:mine", checkpoint="other.pt")
