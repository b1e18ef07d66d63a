from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from echodex.errors import BadInput, NotFound, UsageError
from echodex.store.datasets.base import Listing
from echodex.store.datasets.magnatagatune import DROPPED, TAGS, MagnaTagATune
from tests.store.datasets.miniature import MTT_CLIPS, hot, magnatagatune, npy, put


def said(listing: Listing) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By path without its suffix: the part and the tags."""
    return {
        "/".join(Path(source.path).with_suffix("").parts[-2:]): (dict(source.fields)["split"], source.labels)
        for source in listing.sources
    }


def expected(*, untagged: bool) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        path: (part, tuple(sorted(tags)))
        for identity, (path, part, tags) in MTT_CLIPS.items()
        if identity not in DROPPED and (tags or untagged)
    }


def test_the_tags_are_the_published_ones_in_their_order() -> None:
    assert len(set(TAGS)) == 50
    assert (
        hashlib.sha256("\n".join(TAGS).encode()).hexdigest()
        == "983776603edbe7e9b6bf7ac7b0ff21a13fbe3c8488aa77f17fd137e888e227eb"
    )
    assert (TAGS[21], TAGS[28], TAGS[44], TAGS[49]) == ("no vocals", "no vocal", "no voice", "choral")


@pytest.mark.parametrize("inside", ["", "magnatagatune"])
@pytest.mark.parametrize("lists", ["", "magnatagatune", "downloads"])
def test_pons2017_wherever_lists_and_audio_lie(inside: str, lists: str, tmp_path: Path) -> None:
    copy = magnatagatune()
    put(tmp_path / lists, copy.lists)
    put(tmp_path / inside, copy.audio)
    listing = MagnaTagATune().listing(tmp_path)
    assert said(listing) == expected(untagged=True)
    assert (listing.split, listing.missing, listing.classes) == ("pons2017", (), TAGS)
    assert listing.notes == (
        "split pons2017: 3 train, 1 valid, 2 test (published: 18706, 1825, 5329); 1 of them have none of the 50 tags",
        "left out by the split, as missing or corrupt: 35644, 55753, 57881",
    )
    extra = dict(listing.sources[0].extra)
    assert (extra["dataset"], extra["dataset_split"]) == ("magnatagatune", "pons2017")
    assert MTT_CLIPS[extra["dataset_id"]][0] in listing.sources[0].path


def test_pons2017_drops_its_three_even_if_a_list_has_them(tmp_path: Path) -> None:
    copy = magnatagatune()
    put(tmp_path, copy.lists | copy.audio)
    with (tmp_path / "train_gt_mtt.tsv").open("a") as stream:
        stream.write(f"35644\t{json.dumps(hot(('rock',)))}\n")
    listing = MagnaTagATune().listing(tmp_path)
    assert said(listing) == expected(untagged=True)
    assert listing.missing == ()


def test_the_other_split_has_no_untagged_clips_and_names_tags_by_its_own_order(tmp_path: Path) -> None:
    copy = magnatagatune()
    put(tmp_path, copy.arrays | copy.audio)
    listing = MagnaTagATune(split="12-1-3").listing(tmp_path)
    assert said(listing) == expected(untagged=False)
    assert (listing.split, listing.classes) == ("12-1-3", TAGS)
    assert listing.notes == ("split 12-1-3: 3 train, 1 valid, 1 test; 0 of them have none of the 50 tags",)


def test_missing_files_are_listed_and_wav_copies_taken(tmp_path: Path) -> None:
    copy = magnatagatune()
    put(tmp_path, copy.lists | copy.audio)
    first, second, *_ = sorted(copy.audio)
    (tmp_path / first).rename((tmp_path / first).with_suffix(".wav"))
    (tmp_path / second).unlink()
    listing = MagnaTagATune().listing(tmp_path)
    assert listing.missing == (second,)
    assert str((tmp_path / first).with_suffix(".wav")) in {source.path for source in listing.sources}


def test_lists_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"index_mtt\.tsv is in none of"):
        MagnaTagATune().listing(tmp_path)
    with pytest.raises(NotFound, match=r"tags\.npy is in none of"):
        MagnaTagATune(split="12-1-3").listing(tmp_path)


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(UsageError, match="no split '80-20'; there is pons2017 and 12-1-3"):
        MagnaTagATune(split="80-20")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tags.npy", npy(np.array([{"a": 1}], dtype=object))),
        ("tags.npy", b""),
        ("tags.npy", b"not an array"),
        ("tags.npy", npy([*TAGS[:49], "other"])),
        ("tags.npy", npy([1.0, 2.0])),
        ("binary.npy", npy(["a", "b"])),
        ("binary.npy", npy([[0.0, 1.0]] * 9)),
        ("binary.npy", npy([[0.5] * 50] * 9)),
        ("train.npy", npy(["99\tf/a.mp3"])),
        ("train.npy", npy(["-1\tf/a.mp3"])),
        ("train.npy", npy(["f/a.mp3"])),
        ("train.npy", npy(["0\t../../a.mp3"])),
        ("train.npy", npy(["0\t/etc/passwd"])),
    ],
)
def test_arrays_that_are_something_else_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    copy = magnatagatune()
    put(tmp_path, copy.audio | copy.arrays | {name: content})
    with pytest.raises(BadInput):
        MagnaTagATune(split="12-1-3").listing(tmp_path)


def test_a_clip_that_the_index_lacks_is_named(tmp_path: Path) -> None:
    put(tmp_path, magnatagatune().lists | {"index_mtt.tsv": b"2\tf/a.mp3\n"})
    with pytest.raises(BadInput, match=r"train_gt_mtt\.tsv has clip '10', which index_mtt\.tsv has not"):
        MagnaTagATune().listing(tmp_path)
