from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.audio.augment.fingerprint import ReplicaConfig
from echodex.encoders.fingerprint.encoder import Fingerprint
from echodex.errors import NotFound, UsageError
from echodex.evaluation.fingerprint.asking import Place, among, ask
from echodex.evaluation.fingerprint.cuts import CONTEXT_S, draw_cuts
from echodex.evaluation.fingerprint.live import LiveConfig, evaluate_live
from echodex.evaluation.fingerprint.replicas import live_replicas
from echodex.indexing.sequence.finder import Asked, open_finder
from echodex.schemas.clip import Source

RATE_HZ = 8000
UNHARMED = ReplicaConfig(
    room=0, noise=0, speech=0, telephone=0, other_band=0, overdrive=0, codec=0, gain_db=(-6.0, -6.0)
)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, store_of: Callable[[Path, Fingerprint], Store]) -> Store:
    """A store as `melodies` is, under the weights that ship. For reading only."""
    return store_of(tmp_path_factory.mktemp("taught"), Fingerprint.build({}, None))


def test_a_cut_is_what_the_clip_holds_there(melodies: Store, melody: Callable[[int], np.ndarray]) -> None:
    clips = melodies.sources(melodies.clips(["clip_id"]).column(0).to_pylist())
    cuts = draw_cuts(clips, 20, 3.0, 1.0, seed=1)
    assert len({cut.clip.clip_id for cut in cuts[:6]}) == 6  # each clip once before any again
    assert [cut.start_s for cut in cuts] == [cut.start_s for cut in draw_cuts(clips[::-1], 20, 3.0, 1.0, seed=1)]
    for cut in cuts[:8]:
        waveform, context = cut.read(RATE_HZ)
        whole = melody(int(cut.clip.path[-5]))
        begin = round(cut.start_s * RATE_HZ)
        assert context == round(min(CONTEXT_S, cut.start_s) * RATE_HZ)
        apart = min(
            np.abs(waveform[: context + 3 * RATE_HZ - 2] - whole[at : at + context + 3 * RATE_HZ - 2]).max()
            for at in (begin - context - 1, begin - context, begin - context + 1)
            if at >= 0
        )
        assert apart < 1e-3
    [long] = draw_cuts(clips[:1], 1, 60.0, 1.0, seed=1)
    assert long.start_s == 0.0
    assert long.seconds == pytest.approx(8.0)
    with pytest.raises(UsageError, match="no clip is 9 s long"):
        draw_cuts(clips, 1, 60.0, 9.0, seed=1)


def test_a_query_is_placed_and_a_clip_that_is_left_out_is_not_found(
    melodies: Store, melody: Callable[[int], np.ndarray]
) -> None:
    finder = open_finder(melodies, melodies.space(), Asked())
    paths = {clip.path[-5]: clip.clip_id for clip in melodies.sources(finder.songs)}
    reply = ask(finder, melody(3)[round(2.25 * RATE_HZ) : round(6.25 * RATE_HZ)])
    assert reply.best is not None
    assert reply.best.is_at(paths["3"], 2.25)
    assert reply.told is not None
    assert reply.told.is_at(paths["3"], 2.25)
    others = among(finder, [clip_id for clip_id in finder.songs if clip_id != paths["3"]])
    missed = ask(others, melody(3)[2 * RATE_HZ : 6 * RATE_HZ])
    assert missed.best is not None
    assert missed.best.clip_id != paths["3"]
    assert not Place("a", 1.0).is_at("a", 1.6)
    assert not Place("b", 1.0).is_at("a", 1.0)


def test_replicas_by_seed_and_name(melody: Callable[[int], np.ndarray]) -> None:
    damage = live_replicas(ReplicaConfig(), RATE_HZ, 2.0, seed=5)
    waveform = melody(0)[: 2 * RATE_HZ]
    before = waveform.copy()
    first = damage(waveform, "known:0")
    np.testing.assert_array_equal(waveform, before)
    assert first.shape == waveform.shape
    np.testing.assert_array_equal(first, damage(waveform, "known:0"))
    assert np.abs(first - damage(waveform, "known:1")).max() > 1e-3


def test_cuts_are_found_and_told_and_strangers_are_not(taught: Store) -> None:
    config = LiveConfig(queries=12, lengths_s=(2.0, 5.0), replicas=UNHARMED, seed=2)
    report = evaluate_live(taught, config)
    assert (report.clips, report.left_out) == (5, 1)
    assert [row.seconds for row in report.rows] == [2.0, 5.0]
    for row in report.rows:
        assert (row.queries, row.strangers) == (12, 12)
        assert row.hits >= 90
        assert row.told >= 90  # of strangers nothing is told, although of these nearly all are
        assert row.wrong == row.false_positives == 0
        assert row.ms > 0
    again = evaluate_live(taught, config).rows
    assert [replace(row, ms=0.0) for row in again] == [replace(row, ms=0.0) for row in report.rows]
    header, rows = report.table()
    assert all(len(row) == len(header) for row in rows)


def test_a_copy_that_stays_in_the_search_counts_as_false(
    taught: Store, melody: Callable[[int], np.ndarray], tmp_path: Path
) -> None:
    shutil.copytree(taught.path, tmp_path / "library")
    store = Store.open(tmp_path / "library")
    for number in range(6):
        soundfile.write(tmp_path / f"copy{number}.wav", 0.8 * melody(number), RATE_HZ)
    store.add_sources([Source(str(tmp_path / f"copy{number}.wav")) for number in range(6)])
    store.embed_with(store.encoder(store.space()))
    config = LiveConfig(queries=10, lengths_s=(5.0,), replicas=UNHARMED, seed=2)
    [row] = evaluate_live(store, config).rows
    assert row.false_positives >= 90
    assert row.told + row.wrong <= 100
    assert row.wrong > 0  # a copy of the right clip is another clip


def test_relatives_of_what_is_left_out_are_left_out_too(
    taught: Store, melody: Callable[[int], np.ndarray], tmp_path: Path
) -> None:
    """Copies of one work, of which nothing else tells that they are the same sound; excerpts of one file."""
    store = Store.open(tmp_path / "library")
    sources = []
    for number in range(6):
        for gain in (1.0, 0.8):
            path = tmp_path / f"{number}-{gain}.wav"
            soundfile.write(path, gain * melody(number), RATE_HZ)
            work = (("work", f"w{number}"),) if number % 2 else ()
            if work:
                sources.append(Source(str(path), fields=work))
            elif gain == 1.0:
                sources += [Source(str(path), 0.0, 6.0), Source(str(path), 0.5, 6.0)]
    store.add_sources(sources)
    store.embed_with(taught.encoder(taught.space()))
    for seed in range(3):
        report = evaluate_live(store, LiveConfig(queries=3, lengths_s=(5.0,), replicas=UNHARMED, seed=seed))
        [row] = report.rows
        assert (report.clips, report.left_out) == (10, 2)
        assert row.false_positives == 0
        assert row.told + row.wrong >= 90


def test_a_moved_file_is_passed_over_and_told(copied: Store, caplog: pytest.LogCaptureFixture) -> None:
    store, config = copied, LiveConfig(queries=5, lengths_s=(2.0,), replicas=UNHARMED, seed=2)
    whole = evaluate_live(store, config)
    [row] = whole.rows
    assert (whole.lost, row.queries, row.strangers) == (0, 5, 5)
    assert whole.header().endswith("rates in %")
    paths = sorted(clip.path for clip in store.sources(store.clips(["clip_id"]).column(0).to_pylist()))
    counts = []
    for path in paths[:2]:
        Path(path).rename(path + ".moved")
        [row] = evaluate_live(store, config).rows
        counts.append((row.queries, row.strangers))
    report = evaluate_live(store, config)
    assert report.lost == 2
    assert report.header().endswith("2 files left out that cannot be read any more")
    # five clips are asked once each, and the one that is left out of the search five times
    assert counts in ([(4, 5), (3, 5)], [(5, 0), (4, 0)], [(4, 5), (4, 0)])
    assert f"{paths[0]} is no longer where it was added" in caplog.text
    Path(paths[2]).write_text("no audio")
    assert evaluate_live(store, config).lost == 3
    for path in paths[2:]:
        Path(path).unlink()
    with pytest.raises(NotFound, match="none of 6 files can be read any more"):
        evaluate_live(store, config)


def test_too_little_to_evaluate(melodies: Store) -> None:
    with pytest.raises(UsageError, match="two at least"):
        evaluate_live(melodies, LiveConfig(queries=2, lengths_s=(30.0,)))
    with pytest.raises(UsageError, match="some length"):
        LiveConfig(queries=0)
