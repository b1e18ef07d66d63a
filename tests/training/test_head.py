from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.errors import BadInput, Damaged
from echodex.training.checkpoint import write_checkpoint
from echodex.training.head import Head, folded, load_head, save_head
from echodex.training.module import fresh_head, standardisation

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(7, 5)).astype(np.float32)


def weights_of(hidden: int, classes: int = 3) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in fresh_head(5, hidden, classes, 1).state_dict().items()}


@pytest.mark.parametrize("hidden", [0, 4])
def test_same_as_pytorch(hidden: int) -> None:
    head = Head(weights_of(hidden), ("a", "b", "c"), multi_label=False, unit=False)
    logits = fresh_head(5, hidden, 3, 1)(torch.from_numpy(VECTORS)).detach()
    np.testing.assert_allclose(head.logits(VECTORS), logits, atol=1e-6)
    np.testing.assert_allclose(head.probabilities(VECTORS), torch.softmax(logits, 1), atol=1e-6)
    several = Head(head.weights, head.classes, multi_label=True, unit=False)
    np.testing.assert_allclose(several.probabilities(VECTORS), torch.sigmoid(logits), atol=1e-6)


def test_unit_length_first() -> None:
    head = Head(weights_of(0), ("a", "b", "c"), multi_label=False)
    np.testing.assert_allclose(head.logits(VECTORS), head.logits(9 * VECTORS), atol=1e-6)
    assert np.isfinite(head.logits(np.zeros((1, 5), np.float32))).all()


@pytest.mark.parametrize("hidden", [0, 4])
def test_folding_a_standardisation(hidden: int) -> None:
    mean, scale = standardisation(VECTORS, wanted=True)
    inside = (VECTORS - mean) / scale
    np.testing.assert_allclose(inside.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inside.var(axis=0).mean(), 1, atol=1e-6)
    weights = weights_of(hidden)
    plain = Head(weights, ("a", "b", "c"), False, unit=False)
    whole = Head(folded(weights, mean, scale), ("a", "b", "c"), False, unit=False)
    np.testing.assert_allclose(whole.logits(VECTORS), plain.logits(inside), atol=1e-5)


def test_vectors_that_never_vary() -> None:
    mean, scale = standardisation(np.ones((4, 2), np.float32), wanted=True)
    assert (mean.tolist(), scale.tolist()) == ([1, 1], [1])


def test_kept_in_a_file(tmp_path: Path) -> None:
    head = Head(weights_of(4), ("a", "b", "c"), multi_label=True)
    save_head(tmp_path / "h", head)
    found = load_head(tmp_path / "h")
    assert (found.classes, found.multi_label, found.unit, found.dim) == (head.classes, True, True, 5)
    assert all(np.array_equal(found.weights[name], head.weights[name]) for name in head.weights)
    write_checkpoint(tmp_path / "h", {"0.weight": np.ones((2, 2))}, {"head": {}})
    with pytest.raises(Damaged):
        load_head(tmp_path / "h")


def test_heads_that_do_not_fit() -> None:
    with pytest.raises(BadInput, match=r"0\.weight"):
        Head({"fc.weight": np.ones((2, 2), np.float32)}, ("a", "b"), False)
    with pytest.raises(BadInput, match="3 outputs for 2"):
        Head(weights_of(0), ("a", "b"), False)
    with pytest.raises(BadInput, match="length 5, not 4"):
        Head(weights_of(0), ("a", "b", "c"), False).logits(VECTORS[:, :4])


def test_initialisation_depends_on_the_seed_alone() -> None:
    before = torch.random.get_rng_state()
    first, again, other = (fresh_head(64, 0, 10, seed).state_dict()["0.weight"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.random.get_rng_state())
    assert 0.1 < float(first.abs().max()) <= 0.125
