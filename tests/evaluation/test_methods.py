from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import echodex
from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.evaluation.methods import REPEATS_FILE, compare_methods
from echodex.evaluation.methods_config import MethodsConfig
from echodex.evaluation.methods_plot import draw_methods
from echodex.evaluation.methods_repeat import read_clips
from echodex.evaluation.stats import holm, paired_difference
from echodex.pruning.config import PruneConfig
from echodex.schemas.clip import Source
from echodex.training.config import ProbeConfig
from echodex.training.run import list_runs, load_run, run_folder

PROBE = ProbeConfig(max_epochs=6, learning_rate=0.02)
CONFIG = MethodsConfig(("facility", "random", "uniform"), (0.75, 0.5), repeats=2, inject=0.5, probe=PROBE)


def test_report(kinds: Store, tmp_path: Path) -> None:
    seen = []
    report = compare_methods(kinds, CONFIG, progress=lambda *step: seen.append(step))
    assert seen == [("evaluate", number, 14) for number in range(1, 15)]
    assert (report.seeds, report.groups, report.inject) == ((42, 43), 72, 0.5)
    for repeat in range(2):
        train, planted = report.train_clips[repeat], report.planted[repeat]
        assert planted == round(train / 2)  # in train alone: valid and test are the rest of the 72 clips
        assert train + report.valid_clips[repeat] + report.test_clips[repeat] == 72
        assert report.full.kept[repeat] == train + planted
        for keep in (0.75, 0.5):
            kept = {report.outcome(method, keep).kept[repeat] for method in CONFIG.arms}
            assert kept == {round(keep * (train + planted))}
    assert report.full.duplicates_left is not None
    assert report.full.duplicates_left.mean == 1
    assert {c.against for c in report.comparisons if c.method == "random"} == {"full"}
    assert len(report.comparisons) == 2 * (2 * 2 + 1)
    assert {c.against for c in report.comparisons if c.method == "uniform"} == {"random", "full"}
    pair = report.compared("facility", "random", 0.5, "Accuracy")
    assert pair is not None
    a, b = (report.outcome(method, 0.5).values["Accuracy"] for method in ("facility", "random"))
    assert pair.difference == paired_difference(a, b)
    assert [c.p_holm for c in report.comparisons] == holm([c.difference.p_t for c in report.comparisons])
    run = load_run(kinds, "methods-all-1")
    assert run.metrics["full 1 Accuracy"] == report.full.means["Accuracy"].mean
    kept_report = json.loads((run_folder(kinds, run.name) / "evaluation.json").read_text())
    assert kept_report == json.loads(json.dumps(asdict(report)))
    draw_methods(report, tmp_path / "methods.png")
    assert (tmp_path / "methods.png").read_bytes().startswith(b"\x89PNG")
    again = echodex.compare_methods(store=kinds, **vars(CONFIG))
    assert again == report  # the same seeds, the same figures


def test_a_group_is_on_one_side_in_every_repeat(store: Store, make_wav: Callable[..., Path]) -> None:
    sources = [
        Source(str(make_wav(f"{row}.wav", seed=row)), labels=("ab"[row % 2],), extra=(("speaker", str(row // 6)),))
        for row in range(48)
    ]
    store.add_sources(sources)
    store.embed("dummy")
    config = MethodsConfig(("uniform",), (0.5,), repeats=2, group_by="speaker", probe=PROBE)
    clips = read_clips(store, config, None)
    for seed in range(10):
        sides = [set(clips.groups[rows].tolist()) for rows in clips.split(seed).values()]
        assert sum(map(len, sides)) == len(set().union(*sides)) == 8
        assert all(sides)
    report = compare_methods(store, config)
    assert (report.groups, report.group_by) == (8, "speaker")


def test_ctrl_c_loses_no_finished_repeat(kinds: Store) -> None:
    whole = compare_methods(kinds, CONFIG)

    def press(stage: str, done: int, total: int | None) -> None:
        if done == 9:  # the second head of the second repeat
            signal.raise_signal(signal.SIGINT)

    other = MethodsConfig(**{**CONFIG.__dict__, "probe": ProbeConfig(**{**asdict(PROBE), "stop_patience": 9})})
    with pytest.raises(KeyboardInterrupt):
        compare_methods(kinds, other, progress=press)
    unfinished = next(run for run in list_runs(kinds) if not run.metrics)
    assert len(json.loads((run_folder(kinds, unfinished.name) / REPEATS_FILE).read_text())) == 1
    seen = []
    report = compare_methods(kinds, other, progress=lambda stage, done, total: seen.append(done))
    assert seen == list(range(8, 15))
    assert report == whole  # 6 epochs leave no patience to differ by
    assert len(list_runs(kinds)) == 2


def test_a_split_takes_part_alone(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"], ["high"]] * 30, ["train", "train", "train", "test"] * 15)
    config = MethodsConfig(("uniform",), (0.5,), repeats=2, split="train", probe=PROBE)
    report = compare_methods(store, config)
    assert report.train_clips[0] + report.valid_clips[0] + report.test_clips[0] == 45
    assert report.full.duplicates_left is None
    assert "planted" not in report.verdict
    with pytest.raises(UsageError, match="nope"):
        compare_methods(store, MethodsConfig(split="nope"))


def test_what_is_off_by_too_much_is_not_compared(new_store: Callable[..., Store]) -> None:
    report = compare_methods(
        new_store([["low"], ["high"]] * 8), MethodsConfig(("uniform",), (0.47, 0.5), repeats=2, probe=PROBE)
    )
    assert report.train_clips == (12, 12)  # of 12 clips, .47 are 6
    assert {c.keep for c in report.comparisons} == {0.5}
    assert [line.partition(" is")[0] for line in report.dropped] == ["uniform at 0.47", "random at 0.47"]
    assert len(report.outcomes) == 4  # what they reached is told all the same


def test_multi_label(new_store: Callable[..., Store]) -> None:
    store = new_store([["low", "tone"], ["high", "tone"], ["noise"], []] * 15)
    report = compare_methods(store, MethodsConfig(("random",), (0.5,), repeats=2, probe=PROBE))
    assert set(report.full.means) == {"ROC-AUC", "PR-AUC"}
    assert len(report.comparisons) == 2
    assert np.isfinite([c.p_holm for c in report.comparisons]).all()


def test_selectors_are_held_against_mere_removal_of_duplicates(kinds: Store, tmp_path: Path) -> None:
    config = MethodsConfig(("facility", "distinct"), (0.5,), repeats=2, inject=0.5, probe=PROBE)
    report = compare_methods(kinds, config)
    pairs = [(c.method, c.against) for c in report.comparisons]
    assert pairs == [
        ("facility", "random"),
        ("facility", "distinct"),
        ("facility", "full"),
        ("distinct", "random"),
        ("distinct", "full"),
        ("random", "full"),
    ]
    left = report.outcome("distinct", 0.5).duplicates_left
    assert left is not None
    assert left.mean < 0.1  # random leaves a quarter
    assert "once duplicates are collapsed" in report.verdict
    assert "minus distinct" in report.table()[0]
    draw_methods(report, tmp_path / "methods.png")


@pytest.mark.parametrize(
    "wrong",
    [
        {"methods": ()},
        {"methods": ("jsd", "jsd")},
        {"keeps": (1.0,)},
        {"keeps": (0.0, 0.5)},
        {"repeats": 1},
        {"inject": 1.5},
        {"probe": ProbeConfig(inputs="window")},
        {"probe": ProbeConfig(label_share=0.5)},
        {"methods": ("distinct",), "prune": PruneConfig(duplicate_score=0)},
    ],
)
def test_what_cannot_be_asked(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        MethodsConfig(**wrong)  # type: ignore[arg-type]


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(NotFound, match="facility"):
        MethodsConfig(("facilty",))
