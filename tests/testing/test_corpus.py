"""The corpus: what it promises about files, labels, splits and planted duplicates."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.errors import UsageError
from echodex.testing.alter import add_noise, crop, relevel
from echodex.testing.corpus import COLUMNS, Corpus, dummy_corpus, make_corpus
from echodex.testing.files import SUBTYPES, with_serial, write_audio
from echodex.testing.plan import KINDS, TAKES, plan_corpus
from echodex.testing.recordings import LABELS
from echodex.testing.tones import tone


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make_corpus(tmp_path_factory.mktemp("corpus"), clips=60, seed=3)


def test_every_file_is_labelled_and_opens(corpus: Corpus) -> None:
    rows = rows_of(corpus.labels_csv)
    assert tuple(rows[0]) == COLUMNS
    assert corpus.clips == len(rows) == 60
    assert {row["path"] for row in rows} == {
        file.relative_to(corpus.folder).as_posix() for file in (corpus.folder / "audio").rglob("*.*")
    }
    seconds = 0.0
    for row in rows:
        samples, rate_hz = sf.read(corpus.folder / row["path"], dtype="float32")
        assert 1.7 < len(samples) / rate_hz < 5.0
        assert 0.01 < np.max(np.abs(samples)) <= 1.0
        seconds += len(samples) / rate_hz
    assert corpus.hours == pytest.approx(seconds / 3600, rel=0.02)


def test_formats_and_rates_are_mixed(corpus: Corpus) -> None:
    files = [corpus.folder / row["path"] for row in rows_of(corpus.labels_csv)]
    assert {file.suffix for file in files} == set(SUBTYPES)
    assert {sf.info(file).subtype for file in files} == set(SUBTYPES.values())
    assert len({sf.info(file).samplerate for file in files}) >= 4
    assert {sf.info(file).channels for file in files} == {1, 2}


def test_planted_groups_are_files_with_the_labels_of_their_originals(corpus: Corpus) -> None:
    about = {row["path"]: row for row in rows_of(corpus.labels_csv)}
    assert len(corpus.kinds) == round(0.16 * 60)
    assert set(corpus.kinds.values()) == set(KINDS)
    for original, *copies in corpus.planted:
        assert original not in corpus.kinds
        for copy in copies:
            assert (corpus.folder / copy).is_file()
            assert {k: v for k, v in about[copy].items() if k != "path"} == {
                k: v for k, v in about[original].items() if k != "path"
            }
    truth = rows_of(corpus.folder / "duplicates.csv")
    assert [row["path"] for row in truth] == [path for group in corpus.planted for path in group]
    assert Counter(row["kind"] for row in truth) == Counter(
        {"original": len(corpus.planted), **Counter(corpus.kinds.values())}
    )


def test_copies_are_what_their_kind_says(corpus: Corpus) -> None:
    for original, *copies in corpus.planted:
        source, source_hz = sf.read(corpus.folder / original, always_2d=True)
        for copy in copies:
            kind = corpus.kinds[copy]
            samples, rate_hz = sf.read(corpus.folder / copy, always_2d=True)
            same_bytes = (corpus.folder / original).read_bytes() == (corpus.folder / copy).read_bytes()
            share = (len(samples) / rate_hz) / (len(source) / source_hz)
            assert same_bytes == (kind == "exact")
            assert (rate_hz == source_hz) == (kind != "reencoded")
            assert (0.70 < share < 0.95) == (kind == "cropped"), (copy, kind, share)


def test_the_same_seed_gives_the_same_bytes_in_every_format(tmp_path: Path, corpus: Corpus) -> None:
    again = make_corpus(tmp_path / "again", clips=60, seed=3)
    assert again.planted == corpus.planted
    for row in rows_of(corpus.labels_csv):
        assert (again.folder / row["path"]).read_bytes() == (corpus.folder / row["path"]).read_bytes(), row["path"]


def test_a_second_corpus_in_the_same_folder_is_refused(corpus: Corpus) -> None:
    with pytest.raises(UsageError, match="holds a corpus already"):
        make_corpus(corpus.folder, clips=60)


def test_a_corpus_too_small_for_its_promises_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ask for 40 or more"):
        make_corpus(tmp_path, clips=39)


@settings(max_examples=20, deadline=None)
@given(clips=st.integers(40, 900), seed=st.integers(0, 50))
def test_a_plan_never_straddles_splits(clips: int, seed: int) -> None:
    plan = plan_corpus(clips, seed)
    assert len(plan.clips) + len(plan.copies) == clips
    assert len({clip.path for clip in plan.clips} | {copy.path for copy in plan.copies}) == clips
    split_of: dict[str, set[str]] = {}
    for clip in plan.clips:
        if clip.work:
            split_of.setdefault(clip.work, set()).add(clip.split)
    assert all(len(splits) == 1 for splits in split_of.values())
    assert {copy.kind for copy in plan.copies} == set(KINDS)
    assert all(len({copy.kind for copy in plan.copies if copy.source is clip}) <= 3 for clip in plan.clips)


def test_the_full_plan_is_the_mix_it_claims() -> None:
    plan = plan_corpus(500, 0)
    test = Counter(clip.label for clip in plan.clips if clip.split == "test")
    assert set(test) == {*LABELS, "melody"}
    assert min(test[label] for label in LABELS) >= 5
    sessions = Counter(clip.path.rpartition("_take")[0] for clip in plan.clips if "_take" in clip.path)
    assert len(sessions) == 11
    assert set(sessions.values()) == {TAKES}
    works = Counter(clip.work for clip in plan.clips if clip.work)
    assert set(works.values()) == {3}
    in_train = [copy for copy in plan.copies if copy.source.split == "train"]
    assert len(in_train) > 0.7 * len(plan.copies)


def test_alterations() -> None:
    sine = tone(440.0, 1.0, 8000, amplitude=0.5)
    assert np.max(np.abs(relevel(sine, -6.0))) == pytest.approx(0.5 * 10 ** (-6 / 20), rel=1e-3)
    assert np.max(np.abs(relevel(sine, 20.0))) == pytest.approx(0.98)
    np.testing.assert_array_equal(crop(sine, 0.25, at_start=True), sine[2000:])
    np.testing.assert_array_equal(crop(sine, 0.25, at_start=False), sine[:6000])
    noisy = add_noise(sine, 20.0, np.random.default_rng(0))
    assert 10 * np.log10(np.sum(sine**2) / np.sum((noisy - sine) ** 2)) == pytest.approx(20.0, abs=0.05)
    assert add_noise(sine[:, None], 20.0, np.random.default_rng(0)).shape == (8000, 1)


def test_a_dummy_corpus(tmp_path: Path) -> None:
    made = dummy_corpus(tmp_path, 5)
    rows = rows_of(made.labels_csv)
    assert [row["label"] for row in rows] == ["label_0", "label_1", "label_2", "label_3", "label_0"]
    assert all(sf.info(made.folder / row["path"]).frames == 4000 for row in rows)
    assert made.hours == pytest.approx(5 * 0.5 / 3600)


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="formats are"):
        write_audio(tmp_path / "a.aiff", tone(440.0, 0.1), 16_000)


def test_quality_sets_the_bit_rate(tmp_path: Path) -> None:
    for suffix in (".mp3", ".ogg"):
        sizes = []
        for quality in (0.1, 0.9):
            path = tmp_path / f"{quality}{suffix}"
            write_audio(
                path, add_noise(tone(440.0, 2.0, 44_100), 10.0, np.random.default_rng(0)), 44_100, quality=quality
            )
            sizes.append(path.stat().st_size)
        assert sizes[1] > 2 * sizes[0]


def test_ogg_checksums_agree_with_those_of_libsndfile(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.ogg", tone(440.0, 1.0), 16_000, subtype="VORBIS")
    written = (tmp_path / "a.ogg").read_bytes()
    serial = int.from_bytes(written[14:18], "little")
    assert with_serial(written, serial) == written
    assert with_serial(with_serial(written, 1), serial) == written
