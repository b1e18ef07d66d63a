from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from echodex.api import Store
from echodex.encoders.samplecnn import SampleCNN
from echodex.errors import BadInput, NotFound, UsageError
from echodex.evaluation.tags import evaluate_tags
from echodex.store.datasets.magnatagatune import TAGS
from echodex.training.from_head import probe_from_head
from echodex.training.head import load_head
from echodex.training.run import load_run, run_folder
from echodex.training.splits import Splits


def save_linear(path: Path, dim: int, outputs: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Write a head as the published program does."""
    generator = torch.Generator().manual_seed(seed)
    state = {
        "0.weight": torch.randn(outputs, dim, generator=generator),
        "0.bias": torch.randn(outputs, generator=generator),
    }
    torch.save(state, path)
    return state


def test_a_published_head_is_a_run_that_can_be_evaluated(new_store: Callable[..., Store], tmp_path: Path) -> None:
    store = new_store(
        [["guitar", "slow"], ["techno", "fast"], ["no vocals"], []] * 5, ["train", "test", "valid", "test"] * 5
    )
    store.embed("dummy", settings={"window_s": 0.0625})
    dim = store.space().dim
    state = save_linear(tmp_path / "finetuner_checkpoint_200.pt", dim, 50)
    run = probe_from_head(store, tmp_path / "finetuner_checkpoint_200.pt", classes="magnatagatune")
    assert run == load_run(store, "probe-all-1")
    assert (run.objective, run.classes, run.space) == ("probe", TAGS, store.space().name)
    assert run.config["head"] == "finetuner_checkpoint_200.pt"
    assert run.metrics == {"valid_clips": 5, "test_clips": 10}
    found = evaluate_tags(store, run.name)
    assert (found.clips, found.multi_label, found.left_out_clips) == (10, True, 5)
    assert (found.segments, found.protocol) == (40, "probabilities averaged over the segments of a clip")
    assert {row.name for row in found.tags if row.positives} == {"techno", "fast"}
    test = Splits.load(run_folder(store, run.name) / "splits.parquet").ids("test")
    windows = [torch.from_numpy(store.segments(None, [clip])[2]) for clip in test]
    means = [torch.sigmoid(rows @ state["0.weight"].T + state["0.bias"]).mean(dim=0) for rows in windows]
    expected = torch.stack(means)[:, TAGS.index("fast")].numpy()
    labels = dict(zip(*(c.to_pylist() for c in store.clips(["clip_id", "labels"]).columns), strict=True))
    yes = np.array(["fast" in labels[clip] for clip in test])
    auc = (expected[yes][:, None] > expected[~yes][None]).mean()
    [row] = [row for row in found.tags if row.name == "fast"]
    assert row.roc_auc == pytest.approx(auc)


def test_without_test_clips_every_labelled_clip_is_one(kinds: Store, tmp_path: Path) -> None:
    save_linear(tmp_path / "head.pt", kinds.space().dim, 3)
    run = probe_from_head(kinds, tmp_path / "head.pt", classes="store", name="genres")
    assert (run.name, run.classes, run.config["multi_label"]) == ("genres", ("high", "low", "noise"), False)
    assert evaluate_tags(kinds, "genres").clips == 72
    assert load_head(run_folder(kinds, "genres") / "head.safetensors").unit is False


def test_classes_from_a_file_in_their_order(kinds: Store, tmp_path: Path) -> None:
    save_linear(tmp_path / "head.pt", kinds.space().dim, 4)
    (tmp_path / "classes.txt").write_text("noise\nsilence\n\nlow\nhigh\n")
    run = probe_from_head(kinds, tmp_path / "head.pt", classes=str(tmp_path / "classes.txt"))
    assert run.classes == ("noise", "silence", "low", "high")
    found = evaluate_tags(kinds, run.name)
    assert [row.positives for row in found.tags] == [24, 0, 24, 24]


def test_means_of_windows_are_said_to_be_that(new_store: Callable[..., Store], tmp_path: Path) -> None:
    store = new_store([["low"], ["high"], ["noise"]])
    torch.manual_seed(0)
    torch.save(SampleCNN(width=0.125).state_dict(), tmp_path / "encoder.pt")
    save_linear(tmp_path / "head.pt", 64, 3)
    for pooling, is_said in (("mean", True), ("windows", False)):
        store.embed(str(tmp_path / "encoder.pt"), settings={"pooling": pooling})
        run = probe_from_head(store, tmp_path / "head.pt", classes="store")
        assert ("one mean vector per clip" in run.config["note"]) == is_said
        assert ("of the mean" in evaluate_tags(store, run.name).protocol) == is_said


def test_the_same_head_again_is_another_run(kinds: Store, tmp_path: Path) -> None:
    save_linear(tmp_path / "head.pt", kinds.space().dim, 3)
    names = [probe_from_head(kinds, tmp_path / "head.pt", classes="store").name for _ in range(2)]
    assert names == ["probe-all-1", "probe-all-2"]
    with pytest.raises(UsageError, match="finished"):
        probe_from_head(kinds, tmp_path / "head.pt", classes="store", name="probe-all-1")


def test_heads_and_classes_that_do_not_fit(kinds: Store, tmp_path: Path) -> None:
    head = tmp_path / "head.pt"
    save_linear(head, kinds.space().dim, 3)
    (tmp_path / "twice.txt").write_text("low\nlow\nhigh\n")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "two.txt").write_text("low\nhigh\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="none of the 50 classes"):
        probe_from_head(kinds, head, classes="magnatagatune")
    with pytest.raises(NotFound, match=r"magnatagatune, store"):
        probe_from_head(kinds, head, classes="magnatagatun")
    for name, said in (("twice", "'low' twice"), ("empty", "no names"), ("two", "3 outputs for 2"), ("binary", "text")):
        with pytest.raises(BadInput, match=said):
            probe_from_head(kinds, head, classes=str(tmp_path / f"{name}.txt"))
    save_linear(tmp_path / "wide.pt", 512, 3)
    with pytest.raises(UsageError, match="length 512"):
        probe_from_head(kinds, tmp_path / "wide.pt", classes="store")
    assert not (kinds.path / "runs").exists()


def test_run_json_is_plain(kinds: Store, tmp_path: Path) -> None:
    save_linear(tmp_path / "head.pt", kinds.space().dim, 3)
    run = probe_from_head(kinds, tmp_path / "head.pt", classes="store")
    assert json.loads((run_folder(kinds, run.name) / "run.json").read_text())["config"]["labels"] == "labels"
