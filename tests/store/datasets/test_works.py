from __future__ import annotations

import os
from pathlib import Path

from echodex.api import Store
from echodex.schemas.clip import Source
from echodex.store.datasets.adding import add_listing
from echodex.store.datasets.base import Listing
from echodex.store.datasets.held import Held
from echodex.store.datasets.versions import DROP, KEEP
from echodex.store.datasets.works import WorkCount, settle
from echodex.store.identity import content_hash
from tests.store.datasets.miniature import put, sound


def source(path: str, work: str, split: str = "test") -> Source:
    return Source(path, fields=(("work", work), ("rendition", path), ("split", split)))


def split_of(found: Source) -> str | None:
    return dict(found.fields).get("split")


def test_a_work_needs_two_versions_in_a_split() -> None:
    sources = [source("a", "1"), source("b", "1"), source("c", "2"), source("d", "2", "train"), source("e", "3")]
    settled, counts = settle(sources, {"e": Held("")}, DROP)
    assert [split_of(s) for s in settled] == ["test", "test", None, None, ""]
    assert counts == [WorkCount("train", 0, 0, 0, ["2"], True), WorkCount("test", 2, 1, 1, ["2"], True)]
    assert settle(sources, {"e": Held("")}, KEEP)[0] == sources


def test_copies_of_the_same_bytes_are_one_version() -> None:
    sources = [source("a", "1"), source("b", "1"), source("c", "2"), source("d", "2")]
    held = {"a": Held("x"), "b": Held("x", "1"), "c": Held("y"), "d": Held("z")}
    settled, (count,) = settle(sources, held, DROP)
    assert [split_of(s) for s in settled] == ["", "", "test", "test"]
    assert (count.versions, count.works, count.singles) == (2, 1, ["1"])


def test_copies_that_are_said_to_be_of_several_works_are_of_the_first() -> None:
    """b is a copy of c, and f of e; what d is was said before, by something else than the list."""
    works = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3"}
    sources = [*(source(path, work) for path, work in works.items()), source("f", "3", "train")]
    held = {"a": Held("A"), "b": Held("B"), "c": Held("B"), "d": Held("D", "other"), "e": Held("E"), "f": Held("E")}
    settled, counts = settle(sources, held, DROP)
    assert [split_of(found) for found in settled] == ["test", "test", None, None, "", None]
    assert counts == [WorkCount("train", 0, 0, 1, [], True), WorkCount("test", 2, 1, 2, ["3"], True)]


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


def splits(store: Store) -> dict[tuple[str, ...], str]:
    """The split of each clip, by the names of its files."""
    rows = store.clips(["uris", "split"]).to_pylist()
    return {tuple(Path(uri).name for uri in row["uris"]): row["split"] for row in rows}


def test_the_split_of_copies_that_are_alone_is_taken_back_and_given_again(store: Store, tmp_path: Path) -> None:
    """b is a copy of a, and the list has it in another rendition; d, of another work, one of c."""
    put(tmp_path, {"a.wav": sound(1), "b.wav": sound(1), "c.wav": sound(2), "d.wav": sound(2), "e.wav": sound(3)})
    names = {"a.wav": "1", "b.wav": "1", "c.wav": "2", "d.wav": "3", "e.wav": "2"}
    alone = {("a.wav", "b.wav"): "", ("c.wav", "d.wav"): "test", ("e.wav",): "test"}
    for number in range(3):
        report = add_listing(store, listing_of(tmp_path, names))
        assert report.works == [WorkCount("test", 2, 1, 1, ["1"], True)]
        assert splits(store) == alone
        assert sorted({(conflict.column, conflict.ignored) for conflict in report.conflicts}) == [
            ("rendition", str(tmp_path / "b.wav")),
            ("rendition", str(tmp_path / "d.wav")),
            ("work", "3"),
        ]
        assert len(report.conflicts) == 3
        assert report.updated <= 2 if number == 0 else not report.updated
    put(tmp_path, {"f.wav": sound(4)})
    report = add_listing(store, listing_of(tmp_path, names | {"f.wav": "1"}))
    assert report.works == [WorkCount("test", 4, 2, 1, [], True)]
    assert splits(store) == dict.fromkeys([*alone, ("f.wav",)], "test")


def test_what_a_file_was_before_it_was_replaced_is_in_no_split(store: Store, tmp_path: Path) -> None:
    """b is fetched again, and then put back as it was; d, which is one with c, is replaced as well."""
    put(tmp_path, {"a.wav": sound(1), "b.wav": sound(2), "c.wav": sound(3), "d.wav": sound(3)})
    names = dict.fromkeys(["a.wav", "b.wav", "c.wav", "d.wav"], "1")
    add_listing(store, listing_of(tmp_path, names))
    old = (tmp_path / "b.wav").stat()
    put(tmp_path, {"b.wav": sound(4), "d.wav": sound(5)})
    report = add_listing(store, listing_of(tmp_path, names))
    assert report.works == [WorkCount("test", 4, 1, 0, [], True)]

    def by_bytes() -> dict[str, str]:
        hashes = {content_hash(put_one(tmp_path / "x", sound(seed))): str(seed) for seed in range(1, 6)}
        return {hashes[row["clip_id"]]: row["split"] for row in store.clips(["clip_id", "split"]).to_pylist()}

    assert by_bytes() == {"1": "test", "2": "", "3": "test", "4": "test", "5": "test"}
    put(tmp_path, {"b.wav": sound(2)})
    os.utime(tmp_path / "b.wav", ns=(old.st_atime_ns, old.st_mtime_ns))
    report = add_listing(store, listing_of(tmp_path, names))
    assert report.works == [WorkCount("test", 4, 1, 0, [], True)]
    assert by_bytes() == {"1": "test", "2": "test", "3": "test", "4": "", "5": "test"}


def put_one(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_excerpts_of_a_file_say_nothing_of_the_whole(store: Store, tmp_path: Path) -> None:
    put(tmp_path, {"a.wav": sound(1), "b.wav": sound(2)})
    store.add_sources([Source(str(tmp_path / "a.wav"), 0.1, 0.06)])
    report = add_listing(store, listing_of(tmp_path, {"a.wav": "1", "b.wav": "1"}))
    assert (report.added, report.works) == (2, [WorkCount("test", 2, 1, 0, [], True)])
