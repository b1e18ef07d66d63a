"""add --dataset: what was used is said, what is missing is counted, and the classes reach training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import EXIT_BAD_FILES, BadInput, UsageError
from echodex.store.datasets.magnatagatune import TAGS
from echodex.store.datasets.registry import BUILT_IN
from echodex.training.labels import read_labels
from echodex.training.splits import read_splits
from tests.store.datasets.loopback import serving
from tests.store.datasets.miniature import MTT_CLIPS, magnatagatune, put


def add(folder: Path, *arguments: str) -> Result:
    root = ("--dataset", "magnatagatune", "--root", str(folder / "data"))
    return CliRunner().invoke(cli, ["--store", str(folder / "library"), "add", *root, *arguments])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    files = magnatagatune()
    put(tmp_path / "data", files.lists | files.arrays | files.audio)
    return tmp_path


def test_the_split_is_printed_and_stored(copy: Path) -> None:
    result = add(copy)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "split pons2017: 3 train, 1 valid, 2 test (published: 18706, 1825, 5329); 1 of them have none of the 50 tags"
    )
    assert "35644, 55753, 57881" in lines[1]
    assert lines[2].startswith("added 6 clips")
    rows = Store.open(copy / "library").clips(["extra", "split", "labels"]).to_pylist()
    for row in rows:
        extra = json.loads(row["extra"])
        assert extra["dataset_split"] == "pons2017"
        _, part, tags = MTT_CLIPS[extra["dataset_id"]]
        assert (row["split"], row["labels"]) == (part, sorted(tags))


def test_training_gets_the_fifty_tags_in_their_order(copy: Path) -> None:
    add(copy)
    store = Store.open(copy / "library")
    labels = read_labels(store)
    assert labels.classes == TAGS
    assert labels.multi_label
    said = dict(zip(*(store.clips(["clip_id", "labels"]).column(n).to_pylist() for n in (0, 1)), strict=True))
    for clip_id, row in zip(said, labels.targets(list(said)), strict=True):
        assert [tag for tag, value in zip(TAGS, row, strict=True) if value] == [t for t in TAGS if t in said[clip_id]]
    splits = read_splits(store, labels, seed=0)
    assert {name: len(splits.ids(name)) for name in ("train", "valid", "test")} == {"train": 3, "valid": 1, "test": 2}
    assert splits.drawn == ()


def test_missing_files_are_counted_and_not_fatal(copy: Path) -> None:
    (copy / "data/f/american_bach-aria-30-59.mp3").unlink()
    result = add(copy)
    assert result.exit_code == EXIT_BAD_FILES
    assert "1 files of the data set are missing:\nf/american_bach-aria-30-59.mp3\n" in result.stdout
    report = json.loads(add(copy, "--json").stdout)
    assert report["missing"] == ["f/american_bach-aria-30-59.mp3"]
    assert report["known"] == 5
    assert report["notes"][0].startswith("split pons2017")


def test_the_other_split_goes_to_another_store(copy: Path) -> None:
    assert add(copy).exit_code == 0
    again = add(copy, "--set", "split=12-1-3")
    assert isinstance(again.exception, UsageError)
    assert "add split '12-1-3' to another store" in str(again.exception)
    other = Store.open(copy / "other").add(dataset="magnatagatune", root=copy / "data", split="12-1-3", embed="dummy")
    assert (other.added, other.missing) == (5, [])
    assert len(Store.open(copy / "other").vectors("dummy")) == 5


def test_it_downloads_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    files = magnatagatune()
    with serving() as server:
        server.files |= files.lists | files.parts
        result = add(tmp_path, "--download", "--set", f"mirror={server.url}")
        assert result.exit_code == 0, result.output
        assert "added 6 clips" in result.stdout
        asked = len(server.asked)
        again = add(tmp_path, "--download", "--set", f"mirror={server.url}")
        assert "added 0 clips" in again.stdout
        assert len(server.asked) == asked == 7


def test_a_data_set_is_added_alone(copy: Path) -> None:
    store = Store.open(copy / "library")
    said = "a data set is added by its name and its root, without paths and labels"
    with pytest.raises(UsageError, match=said):
        store.add(copy / "data", dataset="magnatagatune", root=copy / "data")
    with pytest.raises(UsageError, match=said):
        store.add(dataset="magnatagatune")
    with pytest.raises(UsageError, match=said):
        store.add(copy / "data", download=True)
    with pytest.raises(UsageError, match=f"{said}; label, slpit can only be its settings"):
        store.add(copy / "data", label="a", slpit="pons2017")
    with pytest.raises(BadInput, match="no setting 'fold'"):
        store.add(dataset="magnatagatune", root=copy / "data", fold=1)
    clash = add(copy, "--set", "labels=a").exception
    assert isinstance(clash, UsageError)
    assert "labels is none" in str(clash)


def test_the_help_names_every_data_set() -> None:
    said = CliRunner().invoke(cli, ["add", "--help"]).stdout
    assert all(name in said for name in BUILT_IN)
