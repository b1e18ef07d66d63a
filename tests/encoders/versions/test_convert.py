"""Checkpoints as the published program writes them, by the library that it uses; and what is none."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from omegaconf import OmegaConf
from safetensors.torch import save_file

from echodex.encoders.versions.config import VersionsConfig
from echodex.encoders.versions.encoder import Versions
from echodex.encoders.versions.network import VersionsNet
from echodex.errors import BadInput, NotFound

Arrays = dict[str, NDArray[Any]]
State = dict[str, torch.Tensor]

CONF = {
    "jobname": None,
    "path": {"logs": "logs/", "here": "${path.logs}/x"},
    "model": {
        "name": "clews",
        "cqt": {"hoplen": 0.02, "noctaves": 7, "nbinsoct": 12, "fscale": 1, "pool": 5},
        "frontend": {"cqtpow": 0.5, "channels": [128, 256]},
        "zdim": 1024,
    },
    "training": {"epsilon": 1e-6, "resume": True},
}


class Published(torch.nn.Module):
    """The names of the published model: the network's own, and constant-Q kernels."""

    def __init__(self, network: VersionsNet) -> None:
        super().__init__()
        for name, part in network.named_children():
            self.add_module(name, part)
        kernels = torch.nn.Module()
        kernels.register_buffer("lenghts", torch.ones(84))
        kernels.register_buffer("cqt_kernels_real", torch.ones(84, 1, 64))
        self.cqt = torch.nn.Sequential(kernels)


def write_checkpoint(path: Path, network: VersionsNet) -> None:
    """Write what the published training writes after an epoch, optimiser and all."""
    import copy

    fabric = Fabric(accelerator="cpu", devices=1)
    model = Published(copy.deepcopy(network).requires_grad_(True))
    optimiser = torch.optim.Adam(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    state = copy.deepcopy(model.state_dict())
    optimiser.step()
    model.load_state_dict(state)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser)
    schedule.step(np.float64(0.5))
    wrapped, optimiser = fabric.setup(model, optimiser)
    extra = {"epoch": 3, "lr": 2e-4, "cost_best": math.inf}
    fabric.save(
        path, {"model": wrapped, "optim": optimiser, "sched": schedule, "conf": OmegaConf.create(CONF), **extra}
    )


@pytest.fixture
def checkpoint(tmp_path: Path, tiny_network: Callable[[str], VersionsNet]) -> Path:
    path = tmp_path / "checkpoint_best.ckpt"
    write_checkpoint(path, tiny_network("clews"))
    return path


def same(found: Any, expected: Arrays) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert_array_equal(found[name], array, err_msg=name)


def test_what_fabric_wrote(checkpoint: Path, tiny_weights: Callable[[str], Arrays]) -> None:
    with pytest.raises(Exception, match="omegaconf"):  # plain torch refuses the settings
        torch.load(checkpoint, weights_only=True)
    same(Versions.read_weights(checkpoint), tiny_weights("clews"))


def test_with_its_configuration_beside_it(checkpoint: Path, tiny_weights: Callable[[str], Arrays]) -> None:
    OmegaConf.save(OmegaConf.create(CONF), checkpoint.with_name("configuration.yaml"))
    same(Versions.read_weights(checkpoint), tiny_weights("clews"))


def test_no_class_of_the_settings_is_imported(checkpoint: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from echodex.encoders.versions.convert import read_published;"
        f"read_published(Path({str(checkpoint)!r})); print('omegaconf' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_torch_forgets_what_was_let_through(checkpoint: Path) -> None:
    before = set(torch.serialization.get_safe_globals())  # of a set it makes a list, in any order
    Versions.read_weights(checkpoint)
    assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize("form", ["plain", "prefixed", "old", "safetensors"])
def test_other_forms_of_a_state(form: str, kind: str, tmp_path: Path, tiny_weights: Callable[[str], Arrays]) -> None:
    weights = tiny_weights(kind)
    prefix = "encoder." if form == "prefixed" else ""
    state = {prefix + name: torch.from_numpy(array) for name, array in weights.items()}
    path = tmp_path / ("state.safetensors" if form == "safetensors" else "state.pt")
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form != "old")
    same(Versions.read_weights(path), weights)


class Attack:
    """Unpickling one makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_nothing_that_a_file_names_is_run(tmp_path: Path, tiny_weights: Callable[[str], Arrays]) -> None:
    state = {name: torch.from_numpy(array) for name, array in tiny_weights("clews").items()}
    path = tmp_path / "evil.ckpt"
    torch.save({"model": state, "conf": Attack(tmp_path / "made")}, path)
    with pytest.raises(BadInput, match=r"evil\.ckpt is refused: .*'posix\.mkdir'") as caught:
        Versions.read_weights(path)
    assert not (tmp_path / "made").exists()
    assert "\n" not in str(caught.value)


class Harmless(Attack):
    """Asks for a function of a module whose classes are stood in for."""

    def __reduce__(self) -> tuple[Any, ...]:
        return np.save, (str(self.folder), 5)


def test_not_even_what_is_let_through_is_run(tmp_path: Path, tiny_weights: Callable[[str], Arrays]) -> None:
    state = {name: torch.from_numpy(array) for name, array in tiny_weights("clews").items()}
    torch.save({"model": state, "conf": Harmless(tmp_path / "made.npy")}, tmp_path / "odd.ckpt")
    same(Versions.read_weights(tmp_path / "odd.ckpt"), tiny_weights("clews"))
    assert not (tmp_path / "made.npy").exists()


def test_a_torn_file_says_so(checkpoint: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(checkpoint.read_bytes()[:-5000])
    with pytest.raises(BadInput, match=r"torn\.ckpt is a? ?torn"):
        Versions.read_weights(torn)
    damaged = tmp_path / "damaged.ckpt"
    damaged.write_bytes(checkpoint.read_bytes().replace(b"omegaconf", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7"))
    with pytest.raises(BadInput, match=r"damaged\.ckpt is damaged in '.*data\.pkl'"):
        Versions.read_weights(damaged)


def test_a_weight_that_changed_on_its_way_is_not_taken(checkpoint: Path) -> None:
    content = bytearray(checkpoint.read_bytes())
    content[content.index(np.float32(0.5).tobytes()) + 3] ^= 0x01  # a gain
    checkpoint.write_bytes(content)
    assert torch.serialization.get_unsafe_globals_in_checkpoint(str(checkpoint)), "torch finds nothing wrong with it"
    with pytest.raises(BadInput, match=r"checkpoint_best\.ckpt is damaged in '.*data/.*copy or download it again"):
        Versions.read_weights(checkpoint)


def test_a_large_file_that_ends_early_is_not_called_too_large(tmp_path: Path) -> None:
    """As an interrupted download of the published ones is; this one takes no room on disk."""
    with (tmp_path / "part.ckpt").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(800 << 20)
    with pytest.raises(BadInput, match=r"part\.ckpt is torn, or an archive"):
        Versions.read_weights(tmp_path / "part.ckpt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"optim": {"state": {}}, "epoch": 3}, "holds no network, so it is partial"),
        ({"model": {"cqt.0.lenghts": torch.ones(84)}}, "holds no network, so it is partial"),
        (
            {"model": {"conv.weight": torch.ones(3)}},
            r"holds no such encoder: nothing in it ends in 'frontend\.0\.gain'",
        ),
    ],
)
def test_what_holds_no_network(content: dict[str, Any], message: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(BadInput, match=message):
        Versions.read_weights(tmp_path / "a.ckpt")


def test_partial_and_odd_ones_are_refused_when_built(
    tmp_path: Path, tiny_weights: Callable[[str], Arrays], tiny_config: Callable[[str], VersionsConfig]
) -> None:
    from dataclasses import asdict

    weights, name = tiny_weights("clews"), "backbone.1.convs.2.conv.weight"
    without = {key: torch.from_numpy(array) for key, array in weights.items() if key != name}
    torch.save(without, tmp_path / "partial.pt")
    with pytest.raises(BadInput, match=rf"lacks '{name}', so it is partial"):
        Versions.build(asdict(tiny_config("clews")), Versions.read_weights(tmp_path / "partial.pt"))
    with pytest.raises(BadInput, match="it has 'extra'"):
        Versions.build(asdict(tiny_config("clews")), weights | {"extra": np.ones(1, np.float32)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: {name: bytecover2x}", "is of the model 'bytecover2x', but only 'clews' is read"),
        ("seed: 43", "is of the model 'None'"),
        ("model: clews", "is of the model 'None'"),
        ("model: {name: clews, cqt: {hoplen: 0.01}}", r"says model\.cqt\.hoplen=0\.01, but only 0\.02 is read"),
        ("model: &a {name: clews}\nb: *a", "has aliases or is nested"),
        ("model: !!python/object/apply:os.mkdir [made]", "is not valid YAML"),
        ("model: [", "is not valid YAML"),
        (90_000 * "[", "has aliases or is nested deeper than 8 levels"),
        ("#" + 300_000 * "x", "is larger than 256 KiB"),
    ],
)
def test_a_configuration_of_something_else(text: str, message: str, checkpoint: Path) -> None:
    checkpoint.with_name("configuration.yaml").write_text(text)
    with pytest.raises(BadInput, match=message) as caught:
        Versions.read_weights(checkpoint)
    assert "\n" not in str(caught.value)


def test_missing_and_misnamed_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.ckpt does not exist"):
        Versions.read_weights(tmp_path / "none.ckpt")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(BadInput, match="not valid safetensors"):
        Versions.read_weights(tmp_path / "text.safetensors")
    (tmp_path / "text.ckpt").write_text("hello")
    with pytest.raises(BadInput, match="neither a torch file"):
        Versions.read_weights(tmp_path / "text.ckpt")
