"""GTZAN, ESC-50, spoken digits, LibriSpeech and the Million Song Dataset, from miniature copies."""

from __future__ import annotations

import csv
import io
import pickle
from collections import Counter
from pathlib import Path

import pytest
import torchaudio

from echodex.errors import BadInput, NotFound, UsageError
from echodex.schemas.clip import Source
from echodex.store.datasets.base import Listing
from echodex.store.datasets.esc50 import Esc50
from echodex.store.datasets.gtzan import Gtzan
from echodex.store.datasets.librispeech import SUBSETS, LibriSpeech
from echodex.store.datasets.million_song import MillionSong
from echodex.store.datasets.spoken_digit import SpokenDigit
from tests.store.datasets.miniature import hot, put


def split_of(source: Source) -> str:
    return dict(source.fields).get("split", "")


def stems(listing: Listing, split: str) -> set[str]:
    return {Path(source.path).stem for source in listing.sources if split_of(source) == split}


GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]


@pytest.mark.parametrize(("folder", "suffix"), [("genres", ".wav"), ("Data/genres_original", ".wav"), ("", ".au")])
def test_gtzan_is_what_torchaudio_filters(folder: str, suffix: str, tmp_path: Path) -> None:
    put(tmp_path / folder, {f"{g}/{g}.{n:05}{suffix}": b"x" for g in GENRES for n in range(100)})
    listing = Gtzan().listing(tmp_path)
    assert Counter(map(split_of, listing.sources)) == {"train": 443, "valid": 197, "test": 290}
    assert (listing.missing, listing.classes) == ((), tuple(GENRES))
    assert all(source.labels == (Path(source.path).name.partition(".")[0],) for source in listing.sources)
    if folder == "genres":
        for ours, theirs in (("train", "training"), ("valid", "validation"), ("test", "testing")):
            oracle = torchaudio.datasets.GTZAN(tmp_path, subset=theirs)
            assert stems(listing, ours) == set(oracle._walker)


def test_gtzan_with_gaps(tmp_path: Path) -> None:
    put(tmp_path / "genres", {"blues/blues.00029.wav": b"x", "rock/rock.00098.wav": b"x"})
    listing = Gtzan().listing(tmp_path)
    assert len(listing.sources) + len(listing.missing) == 930
    assert len(listing.missing) >= 928
    with pytest.raises(NotFound, match="there is no blues in"):
        Gtzan().listing(tmp_path / "elsewhere")


def esc50(folder: Path, **changes: str) -> None:
    rows = [
        {"filename": f"{fold}-{source}-A-{target}.wav", "fold": fold, "target": target, "category": category}
        | {"esc10": "True", "src_file": source, "take": "A"}
        for fold in "12345"
        for source, target, category in (("100", "1", "rooster"), ("200", "0", "dog"))
    ]
    rows[-1] |= changes
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    put(folder, {"meta/esc50.csv": text.getvalue().encode()})
    put(folder / "audio", {row["filename"]: b"x" for row in rows})


@pytest.mark.parametrize(("test_fold", "valid"), [(5, "4"), (1, "5"), (2, "1")])
def test_esc50_by_folds(test_fold: int, valid: str, tmp_path: Path) -> None:
    esc50(tmp_path / "ESC-50-master")
    listing = Esc50(test_fold=test_fold).listing(tmp_path)
    assert (len(listing.sources), listing.missing, listing.classes) == (10, (), ("dog", "rooster"))
    for source in listing.sources:
        fold = Path(source.path).name[0]
        part = {str(test_fold): "test", valid: "valid"}.get(fold, "train")
        assert dict(source.fields) == {"fold": fold, "split": part}
        assert source.labels == (("rooster",) if "-100-" in source.path else ("dog",))
        assert dict(source.extra)["source_file"] in source.path
    assert listing.split == f"test fold {test_fold}"


def test_esc50_refuses_what_it_has_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="test_fold is 6"):
        Esc50(test_fold=6)
    for changes in ({"fold": "6"}, {"target": "x"}, {"category": ""}):
        esc50(tmp_path, **changes)
        with pytest.raises(BadInput, match=r"esc50\.csv, line 11"):
            Esc50().listing(tmp_path)


def test_spoken_digits(tmp_path: Path) -> None:
    names = [
        f"{digit}_{speaker}_{take}" for digit in range(10) for speaker in ("jackson", "theo") for take in (0, 4, 5, 49)
    ]
    put(tmp_path / "free-spoken-digit-dataset-1.0.10/recordings", {f"{n}.wav": b"x" for n in names} | {"README": b""})
    listing = SpokenDigit().listing(tmp_path)
    assert {Path(source.path).stem for source in listing.sources} == set(names)
    assert listing.classes == tuple("0123456789")
    for source in listing.sources:
        digit, speaker, take = Path(source.path).stem.split("_")
        assert source.labels == (digit,)
        assert dict(source.fields) == {"artist": speaker, "split": "test" if int(take) < 5 else "train"}


def test_spoken_digits_of_the_real_recordings(shared_data: Path, tmp_path: Path) -> None:
    real = shared_data / "speech_digits"
    (tmp_path / "recordings").symlink_to(real / "audio")
    with (real / "labels.csv").open(newline="") as stream:
        rows = {Path(row["path"]).name: (row["digit"], row["speaker"], row["take"]) for row in csv.DictReader(stream)}
    listing = SpokenDigit().listing(tmp_path)
    assert len(listing.sources) == len(rows)
    for source in listing.sources:
        found = (*source.labels, dict(source.fields)["artist"], dict(source.extra)["take"])
        assert found == rows[Path(source.path).name]


def librispeech(folder: Path) -> list[str]:
    names = []
    for subset, speaker in (("train-clean-100", "19"), ("train-clean-100", "26"), ("test-clean", "61")):
        for chapter in ("198", "227"):
            stems = [f"{speaker}-{chapter}-{number:04}" for number in range(3)]
            put(folder / subset / speaker / chapter, {f"{stem}.flac": b"x" for stem in stems})
            text = "".join(f"{stem} CHAPTER ONE\n" for stem in stems)
            put(folder / subset / speaker / chapter, {f"{speaker}-{chapter}.trans.txt": text.encode()})
            names += stems
    return names


@pytest.mark.parametrize("inside", ["LibriSpeech", ""])
def test_librispeech_by_speaker(inside: str, tmp_path: Path) -> None:
    names = librispeech(tmp_path / inside)
    listing = LibriSpeech().listing(tmp_path)
    assert {Path(source.path).stem for source in listing.sources} == set(names)
    assert listing.missing == ()
    for source in listing.sources:
        speaker, chapter, _ = Path(source.path).stem.split("-")
        assert source.labels == (speaker,)
        assert split_of(source) == ("test" if speaker == "61" else "train")
        assert dict(source.extra)["chapter"] == chapter
    if inside:
        oracle = torchaudio.datasets.LIBRISPEECH(tmp_path, "train-clean-100")
        assert stems(listing, "train") == set(oracle._walker)


def test_librispeech_says_what_is_missing(tmp_path: Path) -> None:
    librispeech(tmp_path)
    gone = "test-clean/61/198/61-198-0001.flac"
    (tmp_path / gone).unlink()
    listing = LibriSpeech(subsets="test-clean, dev-clean", split="drawn").listing(tmp_path)
    assert listing.missing == (gone, "dev-clean")
    assert {split_of(source) for source in listing.sources} == {""}
    with pytest.raises(UsageError, match="no subset 'train'; it has train-clean-100"):
        LibriSpeech(subsets="train")
    with pytest.raises(UsageError, match="no split 'random'"):
        LibriSpeech(split="random")


def test_librispeech_has_a_checksum_for_every_subset() -> None:
    downloads = LibriSpeech(subsets=",".join(SUBSETS)).downloads
    assert [download.urls[0].partition("#")[0].rpartition("/")[2] for download in downloads] == [
        f"{subset}.tar.gz" for subset in SUBSETS
    ]
    assert all(len(download.urls[0].partition("#sha256=")[2]) == 64 for download in downloads)


MSD_TAGS = ("rock", "female vocalists", "Hip-Hop")
MSD = {"TRA": ("123456", "train", ("rock",)), "TRB": ("7", "train", ()), "TRC": ("99", "valid", ("Hip-Hop", "rock"))}


def million_song(folder: Path, **changes: bytes) -> None:
    lists = dict.fromkeys(("train", "val", "test"), "") | {"test": f"TRX\t{[0, 1, 0]}\n"}
    for track, (_, part, tags) in MSD.items():
        lists[part.removesuffix("id")] += f"{track}\t{[int(value) for value in hot(tags, MSD_TAGS)]}\n"
    files = {f"{name}_gt_msd.tsv": text.encode() for name, text in lists.items()}
    files["output_labels_msd.txt"] = f"# Output labels\nMSD_LABELS = {list(MSD_TAGS)}\n\n".encode()
    files["MSD_id_to_7D_id.pkl"] = pickle.dumps({track: clip for track, (clip, _, _) in MSD.items()}, 2)
    put(folder / "processed_annotations", files | changes)
    put(folder, {"preprocessed/1/2/123456.clip.mp3": b"x", "9/9/99.clip.wav": b"x"})


@pytest.mark.parametrize("inside", ["", "million_song_dataset"])
def test_the_million_song_lists(inside: str, tmp_path: Path) -> None:
    million_song(tmp_path / inside)
    listing = MillionSong().listing(tmp_path)
    found = {Path(source.path).name: (split_of(source), source.labels) for source in listing.sources}
    assert found == {"123456.clip.mp3": ("train", ("rock",)), "99.clip.wav": ("valid", ("Hip-Hop", "rock"))}
    assert listing.missing == ("TRB", "TRX")
    assert listing.classes == MSD_TAGS
    assert listing.notes == ("split by the lists: 2 train, 1 valid, 1 test; 2 of them have no clip",)
    assert MillionSong().downloads == ()


@pytest.mark.parametrize(
    "text", [b"", b"one line", b"\nMSD = [1, 2]", b"\nMSD = [open('x')]", b"\nMSD = []", b"\n\xff["]
)
def test_million_song_tags_that_are_none(text: bytes, tmp_path: Path) -> None:
    million_song(tmp_path, **{"output_labels_msd.txt": text})
    with pytest.raises(BadInput, match=r"output_labels_msd\.txt"):
        MillionSong().listing(tmp_path)


def test_a_million_song_clip_cannot_lie_outside(tmp_path: Path) -> None:
    million_song(tmp_path, **{"MSD_id_to_7D_id.pkl": pickle.dumps({"TRA": "/../../etc", "TRC": "99"}, 2)})
    with pytest.raises(BadInput, match="not a path below a folder"):
        MillionSong().listing(tmp_path)
