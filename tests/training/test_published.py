from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.errors import BadInput, NotFound
from echodex.training.published import load_published_head

TAGS = tuple(f"tag{number}" for number in range(50))
LINEAR = OrderedDict({"0.weight": torch.randn(50, 512), "0.bias": torch.randn(50)})


def test_a_released_head(tmp_path: Path) -> None:
    torch.save(LINEAR, tmp_path / "finetuner_checkpoint_200.pt")
    head = load_published_head(tmp_path / "finetuner_checkpoint_200.pt", TAGS)
    vectors = torch.randn(3, 512)
    expected = torch.sigmoid(vectors @ LINEAR["0.weight"].T + LINEAR["0.bias"])
    np.testing.assert_allclose(head.probabilities(vectors.numpy()), expected, atol=1e-5)


def test_a_lightning_checkpoint_of_an_mlp(tmp_path: Path) -> None:
    mlp = torch.nn.Sequential(torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, 50))
    state = {f"model.{name}": tensor for name, tensor in mlp.state_dict().items()}
    state["encoder.fc.weight"] = torch.zeros(1)
    torch.save({"pytorch-lightning_version": "1.0", "state_dict": state}, tmp_path / "last.ckpt")
    head = load_published_head(tmp_path / "last.ckpt", TAGS, multi_label=False)
    vectors = torch.randn(3, 512)
    np.testing.assert_allclose(head.logits(vectors.numpy()), mlp(vectors).detach(), atol=1e-5)


def test_heads_that_do_not_fit(tmp_path: Path) -> None:
    torch.save(LINEAR, tmp_path / "a.pt")
    with pytest.raises(BadInput, match="50 outputs for 49"):
        load_published_head(tmp_path / "a.pt", TAGS[:49])
    torch.save({**LINEAR, "0.bias": torch.zeros(49)}, tmp_path / "b.pt")
    with pytest.raises(BadInput, match="do not fit each other"):
        load_published_head(tmp_path / "b.pt", TAGS)
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "c.pt")
    with pytest.raises(BadInput, match="holds no head"):
        load_published_head(tmp_path / "c.pt", TAGS)
    with pytest.raises(NotFound):
        load_published_head(tmp_path / "d.pt", TAGS)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (torch.full((50, 512), torch.nan), "not finite"),
        (torch.zeros(50, 512, dtype=torch.int64), "not as floating point"),
        (torch.zeros(50, 512).to_sparse(), "no plain array"),
        (torch.tensor(1.0), "do not fit each other"),
    ],
)
def test_weights_that_are_no_plain_numbers(tmp_path: Path, weight: torch.Tensor, said: str) -> None:
    torch.save({**LINEAR, "0.weight": weight}, tmp_path / "a.pt")
    for classes in (TAGS, None):
        with pytest.raises(BadInput, match=said):
            load_published_head(tmp_path / "a.pt", classes)


def test_outputs_without_names_and_half_precision(tmp_path: Path) -> None:
    torch.save({name: tensor.to(torch.bfloat16) for name, tensor in LINEAR.items()}, tmp_path / "a.pt")
    head = load_published_head(tmp_path / "a.pt", None)
    assert head.classes == tuple(map(str, range(50)))
    assert head.weights["0.bias"].dtype == np.float32


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch run-by-a-pickle",)


def test_no_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({**LINEAR, "extra": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(BadInput, match="refused"):
        load_published_head(tmp_path / "evil.pt", TAGS)
    assert not (tmp_path / "run-by-a-pickle").exists()
