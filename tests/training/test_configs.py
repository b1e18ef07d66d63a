"""YAML files that include others, and those that ship."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from echodex.errors import NotFound, UsageError
from echodex.training.configs import find_config, read_yaml, ships


def write(folder: Path, **files: str) -> Path:
    """Write files into a folder; return the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / f"{next(iter(files))}.yaml"


def test_a_file_goes_before_those_it_includes_and_later_ones_before_earlier_ones(tmp_path: Path) -> None:
    path = write(tmp_path, own="defaults: [first, parts/second.yaml]\na: own\n", first="a: 1\nb: 1\nc: 1\n")
    write(tmp_path / "parts", second="b: 2\n")
    assert read_yaml(path) == {"a": "own", "b": 2, "c": 1}


def test_the_published_way_to_include(tmp_path: Path) -> None:
    path = write(tmp_path, own="defaults:\n  - parts: base\na: own\n")
    write(tmp_path / "parts", base="defaults: [deeper]\na: base\nb: base\n", deeper="c: 3\n")
    assert read_yaml(path) == {"a": "own", "b": "base", "c": 3}


def test_what_ships_can_be_included_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, own="defaults: [clmr]\nbatch_size: 96\n")
    found = read_yaml(path)
    assert found["batch_size"] == 96
    assert found.keys() == read_yaml("clmr").keys()


def test_a_file_of_its_own_goes_before_one_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, clmr="batch_size: 7\n")
    monkeypatch.chdir(tmp_path)
    assert find_config("clmr") == Path("clmr.yaml")
    assert read_yaml("clmr") == {"batch_size": 7}


def test_which_files_ship(tmp_path: Path) -> None:
    assert ships("clmr")
    assert not ships(write(tmp_path, clmr=""))


def test_references_within_a_file(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, own="a: 5\nb: ${a}\n")) == {"a": 5, "b": 5}


def test_sections_and_lists(tmp_path: Path) -> None:
    path = write(tmp_path, own="defaults: [base]\nTRAIN: {LR: 1e-4}\nSNR: [0, 10]\n", base="TRAIN: {LR: 1, N: 2}\n")
    assert read_yaml(path) == {"TRAIN.LR": 1e-4, "TRAIN.N": 2, "SNR": [0, 10]}


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"lr": 1e-4, "model": {\t"d": 64}}')
    assert read_yaml(path) == {"lr": 1e-4, "model.d": 64}
    path.write_text("{")
    with pytest.raises(UsageError, match=r"own\.json cannot be read as JSON"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "must be a list of `key: value` lines"),
        ("a: [", "cannot be read as YAML"),
        ("a: ${b}", "cannot be read as YAML"),
        ("a: !!python/object/apply:os.system [ls]", "cannot be read as YAML"),
        ("5", "cannot be read as YAML"),
        ("defaults: own", "`defaults` must be a list"),
        ("defaults: [own]", "includes itself"),
        ("defaults: [other]", "includes itself"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, own=text, other="defaults: [own]")
    with pytest.raises(UsageError) as caught:
        read_yaml(path)
    assert said in str(caught.value)
    assert "own.yaml" in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"a: \xff\xfe\x00")
    with pytest.raises(UsageError, match=r"own\.yaml cannot be read as YAML"):
        read_yaml(tmp_path / "own.yaml")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, own="")) == {}


def test_missing_files_are_named_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, own="defaults: [bass]", base="")
    with pytest.raises(NotFound, match=r"bass does not exist; did you mean 'base'"):
        read_yaml(path)
    with pytest.raises(NotFound, match="did you mean 'clmr'"):
        read_yaml("clrm")
    with pytest.raises(NotFound, match="those that ship are clmr"):
        read_yaml(tmp_path / "quite_another")


def test_clmr_yaml_holds_every_published_key() -> None:
    """Keys and defaults as listed for the published program's config/config.yaml."""
    published = yaml.safe_load("""
        {workers: 0, dataset: magnatagatune, dataset_dir: ./data,
        seed: 42, batch_size: 48, supervised: 0, projection_dim: 64, optimizer: Adam,
        learning_rate: 0.0003, weight_decay: 0.000001, temperature: 0.5, checkpoint_path: "", finetuner_mlp: 0,
        finetuner_checkpoint_path: "", finetuner_max_epochs: 200, finetuner_batch_size: 256,
        finetuner_learning_rate: 0.001, audio_length: 59049, sample_rate: 22050, transforms_polarity: 0.8,
        transforms_noise: 0.01, transforms_gain: 0.3, transforms_filters: 0.8, transforms_delay: 0.3,
        transforms_pitch: 0.6, transforms_reverb: 0.6}
    """)
    assert read_yaml("clmr") == published
