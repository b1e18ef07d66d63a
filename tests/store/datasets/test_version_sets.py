"""The layouts of data sets of musical versions: what is a clip of what, and what is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from echodex.errors import BadInput, NotFound, UsageError
from echodex.store.datasets.base import Listing
from echodex.store.datasets.clews import Clews
from echodex.store.datasets.covers80 import Covers80
from echodex.store.datasets.datacos import DaTacos
from echodex.store.datasets.discogs_vi import DiscogsVi
from echodex.store.datasets.prepare import prepare
from echodex.store.datasets.shs100k import PUBLISHED, Shs100k
from tests.store.datasets import performances
from tests.store.datasets.loopback import Server
from tests.store.datasets.miniature import put, tarred
from tests.store.datasets.performances import LIGHT, takes

WORKS = {"train": 2, "valid": 1, "test": 1}


def by_file(listing: Listing) -> dict[str, dict[str, str]]:
    """The columns and the identity of each clip, by the name of its file."""
    return {Path(s.path).name: dict(s.fields) | {"id": dict(s.extra)["dataset_id"]} for s in listing.sources}


def test_shs100k(tmp_path: Path) -> None:
    performances.shs100k(tmp_path, takes(WORKS), lists="meta")
    listing = Shs100k().listing(tmp_path)
    found = by_file(listing)
    assert len(found) == 8
    assert found["8003-1.mp3"] == {
        "title": "Song 3",
        "artist": "Band 1",
        "work": "8003",
        "rendition": "1",
        "split": "test",
        "id": "8003-1",
    }
    assert found["8002-0.mp3"]["split"] == "valid"
    assert dict(listing.sources[0].extra)["url"] == "https://y/00"
    assert (listing.split, listing.missing, listing.singles) == ("lists", (), "drop")


def test_shs100k_knows_the_published_lists_by_their_counts(tmp_path: Path) -> None:
    """Of the first lists and of the second; there is one file, which is all that is needed."""
    for name, counts in PUBLISHED.items():
        folder = tmp_path / name
        text = "".join(f"{number // 5}\t{number % 5}\n" for number in range(counts["test"]))
        put(folder, {"SHS100K-TEST": text.encode(), "11-2.flac": b"x"})
        listing = Shs100k(singles="keep").listing(folder)
        assert listing.split == name
        assert (len(listing.sources), len(listing.missing)) == (1, counts["test"] - 1)
        assert listing.missing[0] == "0-/0-0.mp3"
        assert listing.notes[1:] == (
            "no SHS100K-TRAIN, SHS100K-VAL: nothing of that part is used",
            f"{counts['test']} versions have no title: they are not in 'list', or it is not there",
        )


def test_shs100k_of_two_copies_of_the_lists(tmp_path: Path) -> None:
    put(tmp_path, {"SHS100K2/SHS100K-TEST": b"1\t0\n1\t1\n", "SHS100K/SHS100K-TEST": b"2\t0\n", "1-/1-0.wav": b"x"})
    put(tmp_path, {"2-/2-0.mp3": b"x", "2-/2-0.wav": b"x", "SHS100K2/list": b'1\t0\t"The ""A"""\tB\tC\t1\n'})
    assert by_file(Shs100k().listing(tmp_path))["1-0.wav"]["title"] == 'The "A"'
    assert by_file(Shs100k(meta="SHS100K").listing(tmp_path)).keys() == {"2-0.mp3"}


def test_a_version_in_two_parts_is_in_the_last(tmp_path: Path) -> None:
    put(tmp_path, {"SHS100K-TRAIN": b"1\t0\n1\t0\n1\t1\n", "SHS100K-TEST": b"1\t1\n", "1-0.mp3": b"x", "1-1.mp3": b"x"})
    listing = Shs100k().listing(tmp_path)
    assert {name: said["split"] for name, said in by_file(listing).items()} == {"1-0.mp3": "train", "1-1.mp3": "test"}
    assert "1 versions are in several parts; they are used in the last, the test part above all" in listing.notes


def test_lists_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no SHS100K-TRAIN"):
        Shs100k().listing(tmp_path)
    with pytest.raises(NotFound, match=r"there is no Discogs.*-light\.json\.train"):
        DiscogsVi().listing(tmp_path)
    with pytest.raises(NotFound, match=r"there is no list1\.list"):
        Covers80().listing(tmp_path)
    with pytest.raises(NotFound, match="there is no da-tacos_benchmark_subset_metadata"):
        DaTacos(subset="benchmark").listing(tmp_path)
    with pytest.raises(UsageError, match=r"holds 0 files \.pt"):
        Clews().listing(tmp_path)
    put(tmp_path, {"SHS100K-TEST": b"1\t0\n", "list": b"1\t0\ttitle\n"})
    with pytest.raises(BadInput, match="the line of set '1' has 3 columns"):
        Shs100k().listing(tmp_path)
    with pytest.raises(UsageError, match="singles is drop or keep"):
        Shs100k(singles="some")


def test_discogs_vi(tmp_path: Path) -> None:
    performances.discogs_vi(tmp_path, takes(WORKS))
    (tmp_path / "AB" / "aB_1-1.meta").write_text("{torn")
    listing = DiscogsVi().listing(tmp_path)
    found = by_file(listing)
    assert len(found) == 8
    assert found["aB_3-1.mp3"] == {
        "title": "Song 3",
        "artist": "Band 1",
        "work": "C-3",
        "rendition": "V-1",
        "split": "test",
        "id": "C-3:V-1",
    }
    assert found["Cd_2-0.mp3"]["split"] == "valid"
    assert "title" not in found["aB_1-1.mp3"]
    assert dict(listing.sources[0].extra)["youtube_id"] == "Cd_0-0"
    assert listing.split == "Discogs-VI-YT-20240701"


def test_discogs_vi_takes_what_lists_there_are(tmp_path: Path) -> None:
    performances.discogs_vi(tmp_path / "meta", takes(WORKS))
    (tmp_path / "meta" / f"{LIGHT}.val").unlink()
    (tmp_path / "meta" / "Cd").rename(tmp_path / "cD")
    listing = DiscogsVi().listing(tmp_path)
    assert by_file(listing).keys() == {f"Cd_{work}-0.mp3" for work in (0, 1, 3)}
    assert listing.missing == tuple(f"aB/aB_{work}-1.mp3" for work in (0, 1, 3))
    assert listing.notes[1] == "no list of val: nothing of that part is used"
    put(tmp_path / "meta", {"DiscogsVI-YT-20250101-light.json.val": b"{}"})
    with pytest.raises(BadInput, match="lists of several kinds"):
        DiscogsVi().listing(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *("[]", "{", '{"C": 1}', '{"C": [{}]}', '{"C": [{"version_id": 1, "youtube_id": "ab"}]}'),
        *('{"C": [{"version_id": "V", "youtube_id": "a"}]}', '{"C": [{"version_id": "V", "youtube_id": "/../../ab"}]}'),
        '{"": [{"version_id": "V", "youtube_id": "ab"}]}',
    ],
)
def test_discogs_vi_lists_that_are_odd(text: str, tmp_path: Path) -> None:
    put(tmp_path, {f"{LIGHT}.test": text.encode()})
    with pytest.raises(BadInput):
        DiscogsVi().listing(tmp_path)


def test_versions_in_one_file_are_one_clip(tmp_path: Path) -> None:
    told = {"version_id": "V-1", "youtube_id": "abc", "track_title": "A title"}
    cliques = {"C-1": [told, {"version_id": "V-2", "youtube_id": "abc"}]}
    put(tmp_path, {f"{LIGHT}.test": json.dumps(cliques).encode(), "ab/abc.mp3": b"x"})
    listing = DiscogsVi().listing(tmp_path)
    said = by_file(listing)["abc.mp3"]
    assert (said["id"], said["title"]) == ("C-1:V-1", "A title")
    assert listing.notes[2:] == ("1 versions have the file of another; of those in one file the first is used",)


@pytest.mark.parametrize("inside", ["", "coversongs/covers32k"])
def test_covers80(inside: str, tmp_path: Path) -> None:
    performances.covers80(tmp_path / inside, takes({"test": 3}))
    listing = Covers80().listing(tmp_path)
    found = by_file(listing)
    assert len(found) == 6
    assert found["band_1+The_Album+03-Song_2.mp3"] == {
        "title": "Song 2",
        "artist": "band 1",
        "album": "The Album",
        "work": "Song_2",
        "rendition": "list2",
        "split": "test",
        "id": "Song_2/band_1+The_Album+03-Song_2",
    }
    assert listing.notes[0] == "lists: 6 test of 3 works"
    (tmp_path / inside / "list2.list").rename(tmp_path / inside / "list2.txt")
    assert len(Covers80().listing(tmp_path).sources) == 6
    put(tmp_path / inside, {"list2.txt": b"no slash\n"})
    with pytest.raises(BadInput, match=r"list2\.txt, line 1"):
        Covers80().listing(tmp_path)


def test_covers80_is_fetched_and_unpacked(server: Server, tmp_path: Path) -> None:
    performances.covers80(tmp_path / "made", takes({"test": 1}))
    made = {str(path.relative_to(tmp_path / "made")): path for path in (tmp_path / "made").rglob("*.*")}
    server.files["covers80.tgz"] = tarred({f"coversongs/covers32k/{n}": p.read_bytes() for n, p in made.items()})
    asked: dict[str, Any] = {"download": True, "settings": {"mirror": server.url}}
    assert len(prepare("covers80", tmp_path / "data", **asked).sources) == 2
    assert len(prepare("covers80", tmp_path / "data", **asked).sources) == 2
    assert len(server.asked) == 1


def test_datacos(tmp_path: Path) -> None:
    performances.datacos(tmp_path, takes(WORKS))
    listing = DaTacos().listing(tmp_path)
    found = by_file(listing)
    assert found["P_31.mp3"] == {
        "title": "Song 3!",
        "artist": "Band 1",
        "work": "W_3",
        "rendition": "P_31",
        "split": "test",
        "id": "W_3/P_31",
    }
    assert {said["split"] for name, said in found.items() if not name.startswith("P_3")} == {"train"}
    assert {dict(source.extra)["work_title"] for source in listing.sources} == {f"Song {n}" for n in range(4)}
    assert (listing.split, listing.singles) == ("all", "keep")
    assert len(DaTacos(subset="benchmark").listing(tmp_path).sources) == 2
    with pytest.raises(UsageError, match="no subset 'test'"):
        DaTacos(subset="test")


def test_what_is_in_both_subsets_tests(tmp_path: Path) -> None:
    performances.datacos(tmp_path, takes(WORKS))
    train = tmp_path / "da-tacos_coveranalysis_subset_metadata.json"
    told = json.loads(train.read_text())
    told["W_3"] = {"P_31": {}, "P_39": {}}
    train.write_text(json.dumps(told))
    listing = DaTacos().listing(tmp_path)
    assert by_file(listing)["P_31.mp3"]["split"] == "test"
    assert listing.missing == ("W_3/P_39.mp3",)
    assert listing.notes[1] == "1 works are in both subsets: what is learned of them is no fair test"


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, '{"W": {"P": []}}', '{"": {"P": {}}}', '{"W": {"": {}}}'])
def test_datacos_metadata_that_are_odd(text: str, tmp_path: Path) -> None:
    put(tmp_path, {"da-tacos_benchmark_subset_metadata.json": text.encode(), "P.wav": b"x"})
    with pytest.raises(BadInput, match="is not JSON as da-TACOS has it"):
        DaTacos().listing(tmp_path)


def test_lists_that_begin_with_a_mark_of_their_encoding(tmp_path: Path) -> None:
    """As editors on Windows write UTF-8."""
    mark = "\ufeff".encode()
    put(tmp_path / "shs", {"SHS100K-TEST": mark + b"1\t0\n", "1-0.mp3": b"x"})
    put(
        tmp_path / "covers",
        {"list1.list": mark + b"S/a\n", "list2.list": mark + b"S/b\n", "S/a.mp3": b"x", "S/b.mp3": b""},
    )
    told = json.dumps({"W_1": {"P_1": {}}}).encode()
    put(tmp_path / "datacos", {"da-tacos_benchmark_subset_metadata.json": mark + told, "P_1.mp3": b"x"})
    for dataset, works in ((Shs100k(), {"1"}), (Covers80(), {"S"}), (DaTacos(), {"W_1"})):
        listing = dataset.listing(tmp_path / {"shs100k": "shs", "covers80": "covers"}.get(dataset.name, "datacos"))
        assert not listing.missing
        assert {said["work"] for said in by_file(listing).values()} == works


def test_clews(tmp_path: Path) -> None:
    performances.clews(tmp_path, takes(WORKS))
    listing = Clews().listing(tmp_path)
    found = by_file(listing)
    assert len(found) == 8
    assert found["8003-1.mp3"] == {
        "artist": "Band 1",
        "work": "8003",
        "rendition": "1",
        "split": "test",
        "id": "8003-1",
    }
    assert (listing.split, listing.missing) == ("metadata-shs", ())
    info, parts = torch.load(tmp_path / "metadata-shs.pt")
    torch.save({"info": info, "split": parts}, tmp_path / "metadata-shs.pt")
    assert Clews("metadata-shs.pt").listing(tmp_path) == listing


def test_clews_has_every_version_in_one_part(tmp_path: Path) -> None:
    performances.clews(tmp_path, takes(WORKS))
    info, parts = torch.load(tmp_path / "metadata-shs.pt")
    info["8009-0"] = info["8000-0"]
    torch.save([info, {"train": parts["train"], "test": parts["train"]}], tmp_path / "metadata-shs.pt")
    listing = Clews().listing(tmp_path)
    assert {said["split"] for said in by_file(listing).values()} == {"test"}
    assert listing.notes[1:] == (
        "5 versions are in no part and are not used",
        "4 times a version is in another part as well; the last counts, test above all",
    )


def test_clews_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Odd:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (mark,)

    torch.save([{}, {"test": Odd()}], tmp_path / "odd.pt")
    with pytest.raises(BadInput, match=r"odd\.pt are refused"):
        Clews().listing(tmp_path)
    (tmp_path / "odd.pt").write_bytes(pickle.dumps(Odd()))
    with pytest.raises(BadInput, match=r"odd\.pt are refused"):
        Clews().listing(tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("held", [[{}], {"info": {}}, [{}, {"test": []}], [{}, {"test": {"a": [1]}}], 3])
def test_clews_files_of_something_else(held: object, tmp_path: Path) -> None:
    torch.save(held, tmp_path / "odd.pt")
    with pytest.raises(BadInput, match="hold no pair of versions and parts"):
        Clews().listing(tmp_path)


def test_clews_versions_that_lack_something(tmp_path: Path) -> None:
    for told in (None, {"clique": "a", "version": "b", "filename": ""}):
        torch.save([{"v": told}, {"test": {"a": ["v"]}}], tmp_path / "odd.pt")
        with pytest.raises(BadInput, match="'v' is without clique, version, filename"):
            Clews().listing(tmp_path)
    for name in (".", "/"):
        told = {"clique": "a", "version": "b", "filename": name}
        torch.save([{"v": told}, {"test": {"a": ["v"]}}], tmp_path / "odd.pt")
        with pytest.raises(BadInput, match="which names no file"):
            Clews().listing(tmp_path)
    torch.save(
        [{"v": {"clique": "a", "version": "b", "filename": "../v.mp3"}}, {"test": {"a": ["v"]}}], tmp_path / "odd.pt"
    )
    with pytest.raises(BadInput, match="not a path below a folder"):
        Clews().listing(tmp_path)
