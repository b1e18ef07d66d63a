from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.training.config import ProbeConfig
from echodex.training.head import load_head
from echodex.training.probe import train_probe
from echodex.training.run import load_run, run_folder
from echodex.training.splits import Splits

CONFIG = ProbeConfig(max_epochs=30, learning_rate=0.02)


def test_a_run_and_its_folder(kinds: Store) -> None:
    run = train_probe(kinds, config=CONFIG)
    assert run == load_run(kinds, "probe-all-1")
    assert (run.view, run.space, run.classes) == ("all", kinds.space().name, ("high", "low", "noise"))
    assert run.config["multi_label"] is False
    assert run.config["drawn_splits"] == ["valid", "test"]
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["test_clips"]) == (48, 12, 12)
    folder = run_folder(kinds, run.name)
    names = {path.name.partition(".out")[0] for path in folder.iterdir()} - {".lock"}
    assert names == {"run.json", "config.yaml", "splits.parquet", "metrics.jsonl", "events", "head.safetensors"}
    test = Splits.load(folder / "splits.parquet").ids("test")
    vectors = kinds.vectors()
    rows = [vectors.positions()[clip_id] for clip_id in test]
    said = kinds.clips(["clip_id", "labels"])
    truth = dict(zip(said.column(0).to_pylist(), said.column(1).to_pylist(), strict=True))
    guesses = load_head(folder / "head.safetensors").probabilities(vectors.matrix[rows]).argmax(axis=1)
    assert np.mean([[run.classes[guess]] == truth[clip] for guess, clip in zip(guesses, test, strict=True)]) > 0.9


def test_only_clips_that_the_view_keeps(kinds: Store, save_view: Callable[[Store, str, list[str]], None]) -> None:
    whole = train_probe(kinds, config=CONFIG)
    splits = Splits.load(run_folder(kinds, whole.name) / "splits.parquet")
    save_view(kinds, "lean", splits.ids("train")[:20])  # no valid clip: those are the store's, whatever the view
    run = train_probe(kinds, view="lean", config=CONFIG)
    assert (run.name, run.view) == ("probe-lean-1", "lean@1")
    assert (run.metrics["train_clips"], run.metrics["valid_clips"]) == (20, 12)
    save_view(kinds, "poor", splits.ids("test"))
    with pytest.raises(UsageError, match="no train clips in 'poor@1'"):
        train_probe(kinds, view="poor", config=CONFIG)
    assert not run_folder(kinds, "probe-poor-1").exists()


def test_heads_on_views_with_the_same_train_clips_are_the_same(
    kinds: Store, save_view: Callable[[Store, str, list[str]], None]
) -> None:
    whole = train_probe(kinds, config=CONFIG)
    splits = Splits.load(run_folder(kinds, whole.name) / "splits.parquet")
    save_view(kinds, "lean", splits.ids("train") + splits.ids("valid")[:1])
    assert train_probe(kinds, view="lean", config=CONFIG).metrics == whole.metrics


def test_interrupted_and_called_again(kinds: Store) -> None:
    expected = train_probe(kinds, config=CONFIG, name="whole")

    def press(stage: str, done: int, total: int | None) -> None:
        if done == 7:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_probe(kinds, config=CONFIG, name="pieces", progress=press)
    assert load_run(kinds, "pieces").metrics == {}
    run = train_probe(kinds, config=CONFIG, name="pieces")
    assert run.metrics == expected.metrics
    heads = [(run_folder(kinds, name) / "head.safetensors").read_bytes() for name in ("whole", "pieces")]
    assert heads[0] == heads[1]
    assert not (run_folder(kinds, "pieces") / "last.safetensors").exists()


def test_a_tenth_of_the_labels(kinds: Store) -> None:
    run = train_probe(kinds, config=replace(CONFIG, label_share=0.1))
    assert (run.metrics["train_clips"], run.metrics["valid_clips"], run.metrics["test_clips"]) == (5, 12, 12)
    assert run.config["label_share"] == 0.1
    whole = train_probe(kinds, config=CONFIG)
    assert run.metrics["valid_loss"] > whole.metrics["valid_loss"]


def test_multi_label(new_store: Callable[..., Store]) -> None:
    store = new_store([["low", "tone"], ["high", "tone"], ["noise"], []] * 8)
    run = train_probe(store, config=CONFIG)
    assert run.classes == ("high", "low", "noise", "tone")
    assert run.config["multi_label"] is True
    assert load_head(run_folder(store, run.name) / "head.safetensors").multi_label


def test_window_vectors(kinds: Store) -> None:
    run = train_probe(kinds, config=ProbeConfig(inputs="window", max_epochs=2))
    head = load_head(run_folder(kinds, run.name) / "head.safetensors")
    assert not head.unit


def test_what_is_missing_is_named(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["high"]], ["valid", "test"])
    with pytest.raises(UsageError, match="no train clips"):
        train_probe(store)
    with pytest.raises(NotFound, match="lean"):
        train_probe(store, view="lean")
    with pytest.raises(NotFound, match="clmr"):
        train_probe(store, space="clmr")


def test_run_json_is_plain(kinds: Store) -> None:
    run = train_probe(kinds, config=ProbeConfig(max_epochs=1))
    text = (run_folder(kinds, run.name) / "run.json").read_text()
    assert json.loads(text)["metrics"]["epochs"] == 1
