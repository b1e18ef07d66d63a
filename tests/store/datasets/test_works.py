from __future__ import annotations

from pathlib import Path

from echodex.api import Store
from echodex.schemas.clip import Source
from echodex.store.datasets.adding import add_listing
from echodex.store.datasets.base import Listing
from echodex.store.datasets.versions import DROP, KEEP
from echodex.store.datasets.works import WorkCount, settle
from tests.store.datasets.miniature import put, sound


def source(path: str, work: str, split: str = "test") -> Source:
    return Source(path, fields=(("work", work), ("rendition", path), ("split", split)))


def split_of(found: Source) -> str:
    return dict(found.fields)["split"]


def test_a_work_needs_two_versions_in_a_split() -> None:
    sources = [source("a", "1"), source("b", "1"), source("c", "2"), source("d", "2", "train"), source("e", "3")]
    settled, counts = settle(sources, {"e": ""}, DROP)
    assert [split_of(s) for s in settled] == ["test", "test", "", "", ""]
    assert counts == [WorkCount("train", 0, 0, 0, ["2"], True), WorkCount("test", 2, 1, 1, ["2"], True)]
    assert settle(sources, {"e": ""}, KEEP)[0] == sources


def test_copies_of_the_same_bytes_are_one_version() -> None:
    sources = [source("a", "1"), source("b", "1"), source("c", "2"), source("d", "2")]
    settled, (count,) = settle(sources, {"a": "x", "b": "x", "c": "y", "d": "z"}, DROP)
    assert [split_of(s) for s in settled] == ["", "", "test", "test"]
    assert (count.versions, count.works, count.singles) == (2, 1, ["1"])


def test_how_it_is_told() -> None:
    assert str(WorkCount("test", 6, 3, 0, [], True)) == "test: 6 versions of 3 works can be used"
    assert str(WorkCount("", 0, 0, 2, ["a"], False)) == (
        "no split: 0 versions of 0 works can be used, 2 files cannot; 1 more works have one version"
    )


def listing_of(folder: Path, names: dict[str, str]) -> Listing:
    sources = tuple(source(str(folder / name), work) for name, work in names.items())
    return Listing("any", "lists", sources, min_s=0.2, singles=DROP)


def test_too_short_for_the_data_set_is_not_usable(store: Store, tmp_path: Path) -> None:
    """Files of a quarter of a second, of which one is cut; what was added before by itself counts by its length."""
    short = sound(4)[: 44 + 2 * 1000]
    put(tmp_path, {"a.wav": sound(1), "b.wav": sound(2), "c.wav": sound(3), "d.wav": short, "e.wav": short + b"1234"})
    store.add_sources([Source(str(tmp_path / "e.wav"))])
    names = {"a.wav": "1", "b.wav": "1", "c.wav": "2", "d.wav": "2", "e.wav": "2"}
    report = add_listing(store, listing_of(tmp_path, names))
    assert {Path(problem.path).name: problem.reason for problem in report.problems} == {"d.wav": "short"}
    assert report.works == [WorkCount("test", 2, 1, 2, ["2"], True)]
    rows = store.clips(["uris", "split"]).to_pylist()
    splits = {Path(row["uris"][0]).name: row["split"] for row in rows}
    assert {name: splits[name] for name in ("a.wav", "b.wav", "c.wav")} == {
        "a.wav": "test",
        "b.wav": "test",
        "c.wav": "",
    }


def test_excerpts_of_a_file_say_nothing_of_the_whole(store: Store, tmp_path: Path) -> None:
    put(tmp_path, {"a.wav": sound(1), "b.wav": sound(2)})
    store.add_sources([Source(str(tmp_path / "a.wav"), 0.1, 0.06)])
    report = add_listing(store, listing_of(tmp_path, {"a.wav": "1", "b.wav": "1"}))
    assert (report.added, report.works) == (2, [WorkCount("test", 2, 1, 0, [], True)])
