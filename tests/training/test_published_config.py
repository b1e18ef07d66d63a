"""A config.yaml of the published program, as its users have it, in each of the trainings that it serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from echodex.errors import UsageError
from echodex.training.config import PRESETS as PROBE_PRESETS
from echodex.training.config import ProbeConfig
from echodex.training.configs import find_config
from echodex.training.contrastive.config import PRESETS as CLMR_PRESETS
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.published_config import for_clmr, for_probe, for_supervised
from echodex.training.settings import read_settings
from echodex.training.supervised.config import PRESETS as SUPERVISED_PRESETS
from echodex.training.supervised.config import SupervisedTraining


def contrastive(path: Path | str | None, *overrides: str) -> ClmrTraining:
    return read_settings(ClmrTraining, CLMR_PRESETS, path, overrides, for_clmr)


def supervised(path: Path | str | None, *overrides: str) -> SupervisedTraining:
    return read_settings(SupervisedTraining, SUPERVISED_PRESETS, path, overrides, for_supervised)


def probe(path: Path | str | None, *overrides: str) -> ProbeConfig:
    return read_settings(ProbeConfig, PROBE_PRESETS, path, overrides, for_probe)


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(f"defaults: [clmr]\n{text}")
    return path


def test_the_file_that_ships_gives_the_published_settings() -> None:
    found = contrastive("clmr")
    assert (found.batch_size, found.projection_dim, found.temperature) == (48, 64, 0.5)
    assert (found.optimizer, found.learning_rate, found.weight_decay) == ("Adam", 3e-4, 1e-6)
    assert (found.transforms_noise, found.transforms_reverb) == (0.01, 0.6)
    assert supervised("clmr") == SUPERVISED_PRESETS["published"]
    assert probe("clmr") == PROBE_PRESETS["published"]


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "batch_size: 96\nsupervised: 1\nfinetuner_mlp: 1\nfinetuner_max_epochs: 20\nfinetuner_learning_rate: 0.01\n"
        "learning_rate: 0.002\ntransforms_pitch: 0\nmax_epochs: 500\ngpus: 0\nprecision: 16\n",
    )
    found = supervised(path, "max_epochs=3")
    assert (found.batch_size, found.learning_rate, found.max_epochs) == (96, 0.002, 3)
    assert (found.transforms_pitch, found.precision) == (0.0, "16-mixed")
    head = probe(path)
    assert (head.hidden, head.max_epochs, head.learning_rate, head.batch_size) == (512, 20, 0.01, 96)
    assert (head.inputs, head.standardise) == ("window", False)
    with pytest.raises(UsageError, match=r"config\.yaml: 'supervised' .* `echodex train supervised`"):
        contrastive(path)


def test_flags_of_lightning(tmp_path: Path) -> None:
    found = contrastive(own(tmp_path, "gpus: 2\naccumulate_grad_batches: 4\nprecision: 32\n"))
    assert (found.devices, found.accumulate, found.precision) == (2, 4, "32-true")
    assert contrastive(None, "gpus=0", "precision=bf16").precision == "bf16-mixed"


@pytest.mark.parametrize("read", [contrastive, supervised, probe])
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sync_batchnorm: true", "share their statistics anyway"),
        ("resume_from_checkpoint: last.ckpt", "the same command again"),
        ("indices_file: keep.npy", "`echodex prune`"),
        ("checkpoint_path: clmr.pt", "`echodex embed clmr --checkpoint FILE`"),
        ("finetuner_checkpoint_path: head.pt", "`echodex train probe --from-head FILE`"),
    ],
)
def test_what_has_no_place_here_is_refused_with_what_to_use(tmp_path: Path, read: object, line: str, said: str) -> None:
    assert callable(read)
    with pytest.raises(UsageError) as caught:
        read(own(tmp_path, line))
    assert said in str(caught.value)
    assert "config.yaml" in str(caught.value)


@pytest.mark.parametrize("read", [contrastive, supervised])
def test_a_key_misspelt(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(UsageError, match=r"config\.yaml: .*'transforms_pich'; did you mean 'transforms_pitch'"):
        read(own(tmp_path, "transforms_pich: 0.5"))


def test_all_lines_to_take_out_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.yaml has 'indices_file', 'accelerator': .*; take it out"):
        contrastive(own(tmp_path, "indices_file: keep.npy\naccelerator: gpu\n"))


@pytest.mark.parametrize("read", [contrastive, supervised, probe])
def test_a_published_file_is_taken_as_it_is(tmp_path: Path, read: object, caplog: pytest.LogCaptureFixture) -> None:
    """With its data set, which the store and the view stand in for: one line says so."""
    assert callable(read)
    path = tmp_path / "config.yaml"
    path.write_text(find_config("clmr").read_text().replace("magnatagatune", "gtzan"))
    assert read(path) == read("clmr")
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: the store and --view stand in for dataset and dataset_dir"
    ]


@pytest.mark.parametrize("read", [contrastive, supervised, probe])
@pytest.mark.parametrize("key", ["dataset=gtzan", "dataset_dir=./data"])
def test_a_data_set_on_the_command_line_is_a_mistake(read: object, key: str) -> None:
    assert callable(read)
    with pytest.raises(UsageError, match="`echodex add --dataset NAME --root DIR` puts it into a store, and --view"):
        read(None, key)


def test_on_the_command_line_a_key_of_another_training_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="'finetuner_mlp' is a setting of `echodex train probe`"):
        contrastive(None, "finetuner_mlp=1")
    with pytest.raises(UsageError, match="'temperature' is a setting of `echodex train clmr`"):
        supervised(None, "temperature=0.1")
    with pytest.raises(UsageError, match="'gpus' is a setting of `echodex train clmr`"):
        supervised(None, "gpus=2")
    for override in ("transforms_pitch=0", "optimizer=LARS", "workers=2"):
        for path in (None, "clmr"):
            with pytest.raises(UsageError, match="is a setting of `echodex train clmr`, not of `echodex train probe`"):
                probe(path, override)
    assert probe("clmr", "learning_rate=0.25", "max_epochs=3").learning_rate == 0.25
    assert probe(None, "finetuner_mlp=1", "finetuner_learning_rate=0.1", "batch_size=8") == ProbeConfig(
        hidden=512, learning_rate=0.1, batch_size=8
    )


def test_our_own_file_of_a_probe_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "probe.yaml").write_text("learning_rate: 0.25\n")
    assert probe(tmp_path / "probe.yaml") == ProbeConfig(learning_rate=0.25)
