"""Every form in which a CLMR checkpoint is found, and every way in which a file is none."""

from __future__ import annotations

import argparse
import io
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.fabric.utilities.data import AttributeDict
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from safetensors.torch import save_file

from echodex.encoders import checkpoint
from echodex.encoders.checkpoint import read_state
from echodex.encoders.clmr import Clmr
from echodex.encoders.samplecnn import state_shapes
from echodex.errors import BadInput, NotFound, StorageError

Arrays = dict[str, NDArray[Any]]
State = dict[str, torch.Tensor]


@pytest.fixture(scope="session")
def plain(clmr_weights: Arrays) -> State:
    """A plain state dict of the encoder."""
    return {name: torch.from_numpy(array) for name, array in clmr_weights.items()}


def prefixed(state: State, prefix: str) -> State:
    return OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def released(plain: State) -> State:
    """As the authors' releases: a bare OrderedDict with the head and the projector beside the encoder."""
    head = {"encoder.fc.weight": torch.ones(50, 512), "encoder.fc.bias": torch.ones(50)}
    projector = {"projector.0.weight": torch.ones(512, 512), "projector.2.weight": torch.ones(64, 512)}
    return OrderedDict(prefixed(plain, "encoder.") | head | projector)


def lightning(plain: State, **others: Any) -> dict[str, Any]:
    """As Lightning writes: every tensor twice, with the optimiser's state."""
    state = prefixed(plain, "encoder.") | prefixed(plain, "model.encoder.")
    state["model.projector.0.weight"] = torch.ones(512, 512)
    return {"pytorch-lightning_version": "1.4.9", "epoch": 9, "state_dict": OrderedDict(state), **others}


def one_bit(content: bytes) -> bytes:
    """Change a bit in the middle, which is in a weight: torch would not notice."""
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    torch.load(io.BytesIO(changed), weights_only=True)
    return changed


def torch_bytes(content: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def zip_bytes(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_safetensors(state: State) -> bytes:
    from safetensors.torch import save

    return save(state)


FORMS: dict[str, Callable[[State], bytes]] = {
    "released.pt": lambda plain: torch_bytes(released(plain)),
    "released-by-old-torch.pt": lambda plain: torch_bytes(released(plain), _use_new_zipfile_serialization=False),
    "lightning.ckpt": lambda plain: torch_bytes(lightning(plain, hyper_parameters={"batch_size": 96})),
    "data-parallel.pt": lambda plain: torch_bytes(prefixed(plain, "module.encoder.")),
    "plain.pth": lambda plain: torch_bytes(plain),
    "with-head.pth": lambda plain: torch_bytes(plain | {"fc.weight": torch.ones(10, 512), "fc.bias": torch.ones(10)}),
    "doubles.pt": lambda plain: torch_bytes({name: t.double() for name, t in plain.items() if t.is_floating_point()}),
    "plain.safetensors": lambda plain: as_safetensors(plain),
    "called-otherwise.bin": lambda plain: as_safetensors(prefixed(plain, "encoder.")),
    "clmr_checkpoint_10000.zip": lambda plain: zip_bytes(
        {
            "clmr_checkpoint_10000/": b"",
            "clmr_checkpoint_10000/clmr_checkpoint_10000.pt": torch_bytes(released(plain)),
            "clmr_checkpoint_10000/clmr_checkpoint_10000_optim.pt": torch_bytes({"state": {}, "param_groups": []}),
            "__MACOSX/clmr_checkpoint_10000/._clmr_checkpoint_10000.pt": b"attributes",
        }
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_arrays(name: str, plain: State, clmr_weights: Arrays, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[name](plain))
    state = Clmr.read_weights(path)
    assert state.keys() == clmr_weights.keys()
    for key, array in clmr_weights.items():
        assert state[key].dtype == array.dtype
        assert_array_equal(state[key], array)


def test_half_precision_becomes_float32(plain: State, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    save_file({name: t.bfloat16() for name, t in plain.items() if t.is_floating_point()}, path)
    state = Clmr.read_weights(path)
    assert state["sequential.5.0.weight"].dtype == np.float32
    assert_array_equal(state["sequential.5.0.weight"], plain["sequential.5.0.weight"].bfloat16().float())


def without(state: State, name: str) -> State:
    return {key: tensor for key, tensor in state.items() if key != name}


def spoiled(name: str, spoil: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[State], bytes]:
    return lambda plain: torch_bytes(prefixed(plain | {name: spoil(plain[name])}, "encoder."))


BAD: dict[str, tuple[Callable[[State], bytes], str]] = {
    "empty": (lambda plain: b"", "is empty"),
    "text": (lambda plain: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "neither a torch file nor"),
    "truncated": (lambda plain: torch_bytes(plain)[:-4000], "torn"),
    "one bit changed": (lambda plain: one_bit(torch_bytes(plain)), "is damaged in '"),
    "truncated early": (lambda plain: torch_bytes(plain)[:300], "torn"),
    "truncated old form": (lambda plain: torch_bytes(plain, _use_new_zipfile_serialization=False)[:9000], "torn"),
    "truncated safetensors": (lambda plain: as_safetensors(plain)[:-1], "not valid safetensors"),
    "first key missing": (
        lambda plain: torch_bytes(prefixed(without(plain, "sequential.0.0.weight"), "encoder.")),
        r"lacks 'sequential\.0\.0\.weight'",
    ),
    "a key missing": (
        lambda plain: torch_bytes(without(plain, "sequential.7.1.running_var")),
        r"lacks 'sequential\.7\.1\.running_var'.*nothing was loaded",
    ),
    "a key too many": (
        lambda plain: torch_bytes(plain | {"sequential.11.0.weight": torch.ones(512, 512, 3)}),
        r"it has 'sequential\.11\.0\.weight'",
    ),
    "another width": (
        spoiled("sequential.3.0.weight", lambda t: t[:, :64]),
        r"'sequential\.3\.0\.weight' has shape \(256, 64, 3\), not \(256, 128, 3\)",
    ),
    "not finite": (spoiled("sequential.3.0.bias", lambda t: t / 0), r"'sequential\.3\.0\.bias' that are not"),
    "whole numbers": (spoiled("sequential.3.0.bias", lambda t: t.int()), r"'sequential\.3\.0\.bias' as torch\.int32"),
    "sparse": (spoiled("sequential.3.0.bias", lambda t: t.to_sparse()), "no plain array"),
    "another network": (lambda plain: torch_bytes({"conv.bias": torch.ones(3)}), r"ends in 'seq.*has 'conv\.bias'"),
    "a head alone": (lambda plain: torch_bytes({"0.weight": torch.ones(50, 512)}), r"it has '0\.weight'"),
    "two encoders": (
        lambda plain: torch_bytes(prefixed(plain, "student.") | prefixed(plain, "teacher.")),
        r"several encoders: 'student\.', 'teacher\.'",
    ),
    "an optimiser": (lambda plain: torch_bytes({"state": {}, "param_groups": []}), "no named tensors"),
    "a list": (lambda plain: torch_bytes([1, 2]), "no named tensors"),
    "no tensors": (lambda plain: as_safetensors({}), "no named tensors"),
    "zip of nothing": (lambda plain: zip_bytes({"results.json": b"{}"}), r"must hold one checkpoint .* it holds none"),
    "zip of two": (lambda plain: zip_bytes({"a.pt": b"1", "b/c.ckpt": b"2"}), r"it holds 'a\.pt', 'b/c\.ckpt'"),
    "torn zip": (lambda plain: zip_bytes({"a.pt": torch_bytes(plain)})[:-30], "torn zip"),
    "damaged zip": (lambda plain: zip_bytes({"a.pt": b"a" * 99}, zipfile.ZIP_STORED).replace(b"aaa", b"bbb"), "torn"),
    "zip of text": (lambda plain: zip_bytes({"a.pt": b"hello"}), r"\('a\.pt'\) is neither"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_does_not_fit_is_refused_by_name(kind: str, plain: State, tmp_path: Path) -> None:
    content, message = BAD[kind]
    path = tmp_path / "given.pt"
    path.write_bytes(content(plain))
    with pytest.raises(BadInput, match=message) as caught:
        Clmr.read_weights(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("hyper_parameters", "named"),
    [
        (argparse.Namespace(batch_size=96), "argparse.Namespace"),
        (AttributeDict(batch_size=96), "lightning.fabric.utilities.data.AttributeDict"),
    ],
)
def test_hyper_parameters_that_are_objects_are_refused_by_name(
    hyper_parameters: Any, named: str, plain: State, tmp_path: Path
) -> None:
    path = tmp_path / "epoch=9.ckpt"
    torch.save(lightning(plain, hyper_parameters=hyper_parameters), path)
    with pytest.raises(BadInput, match=rf"epoch=9\.ckpt is refused: it asks for '{named}'.*save its state_dict alone"):
        Clmr.read_weights(path)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.pt does not exist"):
        Clmr.read_weights(tmp_path / "none.pt")


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a file"):
        Clmr.read_weights(tmp_path)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pt"
    with path.open("wb") as file:
        file.truncate(checkpoint.MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(BadInput, match=r"huge\.pt is larger than 512 MiB"):
        Clmr.read_weights(path)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """/proc/self/mem is a regular file whose first page cannot be read: what a failing disk answers."""
    path = Path("/proc/self/mem")
    if not path.exists():
        pytest.skip("needs /proc")
    with pytest.raises(StorageError, match="could not be read"):
        read_state(path, state_shapes())


def test_arrays_do_not_keep_the_file_in_memory(plain: State, tmp_path: Path) -> None:
    path = tmp_path / "plain.safetensors"
    save_file(plain, path)
    assert all(array.base is None and array.flags.writeable for array in Clmr.read_weights(path).values())
