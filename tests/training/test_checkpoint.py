from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from echodex.errors import Damaged, NotFound
from echodex.training.checkpoint import read_checkpoint, write_checkpoint
from echodex.training.state import load_state, save_state

plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()
states = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(states)
def test_a_state_comes_back(tmp_path_factory: pytest.TempPathFactory, state: object) -> None:
    path = tmp_path_factory.getbasetemp() / "state.safetensors"
    save_state(path, state)
    assert load_state(path) == state


def test_the_state_of_adam_comes_back_to_the_bit(tmp_path: Path) -> None:
    layer = torch.nn.Linear(5, 3)
    adam = torch.optim.Adam(layer.parameters(), 1e-3)
    layer(torch.ones(2, 5)).sum().backward()
    adam.step()
    save_state(tmp_path / "s", {"adam": adam.state_dict(), "net": layer.state_dict()})
    found = load_state(tmp_path / "s")
    assert found["adam"]["param_groups"] == adam.state_dict()["param_groups"]
    for number, moments in adam.state_dict()["state"].items():
        for name, tensor in moments.items():
            assert torch.equal(found["adam"]["state"][number][name], tensor)


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    arrays = {str(number): np.full(number, number, np.float32) for number in range(12)}
    for name in ("a", "b"):
        write_checkpoint(tmp_path / name, dict(reversed(arrays.items())) if name == "b" else arrays, {"x": 1, "y": 2})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_a_state_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="set"):
        save_state(tmp_path / "s", {"x": {1}})
    assert not list(tmp_path.iterdir())


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "c"
    write_checkpoint(path, {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"classes": ["a", "b"]})
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            arrays, document = read_checkpoint(path)
        except Damaged:
            continue
        # harmless: white space of the header, or the like
        assert arrays["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert document == {"classes": ["a", "b"]}


def test_every_truncation_is_found(tmp_path: Path) -> None:
    path = tmp_path / "c"
    write_checkpoint(path, {"w": np.ones(4, np.float32)}, {})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged):
            read_checkpoint(path)


def test_a_file_of_someone_else(tmp_path: Path) -> None:
    save_file({"w": np.ones(2, np.float32)}, tmp_path / "theirs")
    with pytest.raises(Damaged, match="cannot be read as a checkpoint of echodex"):
        read_checkpoint(tmp_path / "theirs")
    with pytest.raises(NotFound):
        read_checkpoint(tmp_path / "none")


def test_a_newer_version_is_named(tmp_path: Path) -> None:
    about = {"version": 9, "document": "{}", "digest": ""}
    save_file({}, tmp_path / "newer", metadata={"echodex.checkpoint": json.dumps(about)})
    with pytest.raises(Damaged, match="version 9"):
        read_checkpoint(tmp_path / "newer")
