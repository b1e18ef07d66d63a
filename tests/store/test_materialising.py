"""Waveforms in a table: the samples of the files, each once, whatever happens; what is damaged is never handed out."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lancedb
import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.errors import Damaged, UsageError
from echodex.schemas.clip import Clip
from echodex.store.blob_writing import BlobReport, BlobWriter
from echodex.store.pcm import quantised
from echodex.store.waveforms import WAVEFORMS, Waveforms, open_waveforms
from echodex.store.where import is_in

RATE_HZ = 8000
MakeWav = Callable[..., Path]


def ids(store: Store, view: str | None = None) -> list[str]:
    found: list[str] = store.clips(["clip_id"], view=view).column(0).to_pylist()
    return found


def opened(store: Store, clip_ids: list[str] | None = None, rate_hz: int = RATE_HZ) -> Waveforms:
    found = open_waveforms(store.tables, rate_hz, ids(store) if clip_ids is None else clip_ids)
    assert found is not None
    return found


def whole(waveforms: Waveforms, row: int) -> np.ndarray:
    out = np.full(int(waveforms.samples[row]), np.nan, np.float32)
    assert waveforms.read([row], [0], [out]) == [len(out)]
    return out


def held_rows(store: Store) -> list[str]:
    return sorted(store.tables.scan(f"waveforms_{RATE_HZ}", ["clip_id"]).column(0).to_pylist())


def from_file(clip: Clip, rate_hz: int = RATE_HZ) -> np.ndarray:
    return read_mono(clip.path, rate_hz, offset_s=clip.offset_s, duration_s=clip.duration_s)


def test_files_of_16_bits_come_out_to_the_bit(kinds: Store) -> None:
    report = kinds.materialise(sample_rate_hz=RATE_HZ)
    assert (report.table, report.written, report.known, report.problems) == ("waveforms_8000", 72, 0, [])
    assert report.size_bytes == 72 * 2000 * 2
    assert report.hours == pytest.approx(72 * 0.25 / 3600)
    waveforms = opened(kinds)
    assert waveforms.held.all()
    for row, clip in enumerate(kinds.sources(ids(kinds))):
        assert np.array_equal(whole(waveforms, row), soundfile.read(clip.path, dtype="float32")[0])


def test_nothing_is_done_twice(kinds: Store) -> None:
    kinds.prune("random", duplicate_score=0, keep=0.5).save("half")
    assert kinds.materialise(view="half", sample_rate_hz=RATE_HZ).written == 36
    assert held_rows(kinds) == ids(kinds, "half")
    report = kinds.materialise(sample_rate_hz=RATE_HZ)
    assert (report.written, report.known) == (36, 36)
    version = kinds.tables.version("waveforms_8000")
    assert kinds.materialise(where="array_has(labels, 'low')", sample_rate_hz=RATE_HZ).known == 24
    assert kinds.tables.version("waveforms_8000") == version
    assert held_rows(kinds) == ids(kinds)


def test_pieces_from_anywhere_and_what_is_not_held(store: Store, make_wav: MakeWav) -> None:
    store.add(*[make_wav(f"{seed}.wav", seed=seed, seconds=3 + seed) for seed in range(3)])
    all_ids = ids(store)
    store.materialise(where=is_in("clip_id", all_ids[:2]), sample_rate_hz=RATE_HZ)
    waveforms = pickle.loads(pickle.dumps(opened(store)))
    assert waveforms.held.tolist() == [True, True, False]
    expected = [from_file(clip) for clip in store.sources(all_ids[:2])]
    last = len(expected[0]) - 1
    pieces = [np.zeros(size, np.float32) for size in (1, 8192, 9000, 7, 20)]
    rows, starts = [1, 0, 1, 0, 0], [0, 8192, 8191, last - 6, last - 9]
    lengths = waveforms.read(rows, starts, pieces)
    assert lengths == [1, 8192, 9000, 7, 10]
    for row, start, piece, length in zip(rows, starts, pieces, lengths, strict=True):
        assert np.array_equal(piece[:length], expected[row][start : start + length])
        assert not piece[length:].any()


def test_many_clips_are_picked_out_of_a_scan_few_are_looked_up(kinds: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.materialise(where="array_has(labels, 'low')", sample_rate_hz=RATE_HZ)
    wanted = ids(kinds)[::-2]
    few = opened(kinds, wanted)
    monkeypatch.setattr("echodex.store.keys.FEW", 0)
    monkeypatch.setattr("echodex.store.keys.SHARE", 0.0)
    many = opened(kinds, wanted)
    assert 0 < many.held.sum() < len(wanted)
    assert np.array_equal(many.blobs.row_ids, few.blobs.row_ids)
    assert (many.samples.tolist(), list(many.blobs.sums)) == (few.samples.tolist(), list(few.blobs.sums))
    assert len(opened(kinds, []).held) == 0


def test_other_rates_stereo_and_beyond_full_scale(store: Store, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    loud = 3 * random.uniform(-1, 1, (44_100, 2))
    soundfile.write(tmp_path / "loud.wav", loud, 44_100, subtype="FLOAT")
    soundfile.write(tmp_path / "quiet.flac", 0.01 * loud, 44_100)
    store.add(tmp_path / "loud.wav", tmp_path / "quiet.flac")
    assert store.materialise().table == "waveforms_22050"
    waveforms = opened(store, rate_hz=22_050)
    peaks = []
    for row, clip in enumerate(store.sources(ids(store))):
        expected = from_file(clip, 22_050)
        assert np.abs(whole(waveforms, row) - expected).max() <= waveforms.steps[row] / 2
        peaks.append(np.abs(expected).max())
    assert sorted(waveforms.steps.tolist()) == [2.0**-15, 2.0 ** (int(np.ceil(np.log2(max(peaks)))) - 15)]


def test_changed_and_missing_files_are_reported(store: Store, make_wav: MakeWav) -> None:
    paths = [make_wav(f"{seed}.wav", seed=seed) for seed in range(4)]
    store.add(*paths)
    paths[0].write_bytes(b"something else")
    paths[1].unlink()
    report = store.materialise(sample_rate_hz=RATE_HZ)
    assert report.written == 2
    assert {(problem.path, problem.reason) for problem in report.problems} == {
        (str(paths[0]), "changed"),
        (str(paths[1]), "missing"),
    }


def test_removed_clips_leave_the_table(kinds: Store) -> None:
    kinds.prune("random", duplicate_score=0, keep=0.5).save("half")
    kinds.materialise(sample_rate_hz=RATE_HZ)
    kinds.materialise(sample_rate_hz=4000)
    gone = ids(kinds, "half")[:3]
    before = opened(kinds, gone)
    kinds.remove(gone)
    assert held_rows(kinds) == ids(kinds)
    assert not opened(kinds, gone).held.any()
    assert not opened(kinds, gone, 4000).held.any()
    assert len(whole(before, 0)) == 2000  # who reads a version goes on reading it
    report = kinds.materialise(view="half", sample_rate_hz=RATE_HZ)
    assert (report.written, report.known) == (0, 33)


def test_a_clip_that_is_removed_before_its_commit(kinds: Store) -> None:
    report = BlobReport("waveforms_8000")
    writer = BlobWriter(kinds.tables, report, WAVEFORMS)
    stays, goes = kinds.sources(ids(kinds)[:2])
    for clip in (stays, goes):
        pcm, step = quantised(from_file(clip))
        writer.add(clip.clip_id, pcm, len(pcm) // 2, step)
    kinds.remove([goes.clip_id])
    writer.commit()
    assert (held_rows(kinds), report.written) == ([stays.clip_id], 1)


def test_rates_that_no_audio_has(kinds: Store) -> None:
    for rate_hz in (0, -22_050, 10**9):
        with pytest.raises(UsageError, match="cannot be made"):
            kinds.materialise(sample_rate_hz=rate_hz)
    assert open_waveforms(kinds.tables, RATE_HZ, ids(kinds)) is None


def test_a_flipped_bit_in_the_samples_is_found(store: Store, make_wav: MakeWav) -> None:
    path = make_wav(seconds=5.0)
    store.add(path)
    store.materialise(sample_rate_hz=RATE_HZ)
    pcm = soundfile.read(path, dtype="int16")[0]
    piece = pcm[20_000:20_032].tobytes()
    (file,) = [found for found in files(store) if piece in found.read_bytes()]
    content = bytearray(file.read_bytes())
    content[content.index(piece) + 5] ^= 4
    file.write_bytes(content)
    waveforms, out = opened(store), [np.zeros(1000, np.float32)]
    waveforms.read([0], [0], out)  # elsewhere in the clip
    with pytest.raises(Damaged, match=f"{waveforms.clip_ids[0]} in waveforms_8000"):
        waveforms.read([0], [20_000], out)


def test_a_changed_row_is_found(kinds: Store) -> None:
    kinds.materialise(sample_rate_hz=RATE_HZ)
    clip_id = ids(kinds)[5]
    table = lancedb.connect(str(kinds.path)).open_table("waveforms_8000")
    table.update(where=f"clip_id = '{clip_id}'", values={"samples": 1999})
    with pytest.raises(Damaged, match=clip_id):
        opened(kinds)
    assert opened(kinds, ids(kinds)[:5]).held.all()


def files(store: Store) -> list[Path]:
    return [path for path in (store.path / "waveforms_8000.lance").rglob("*") if path.is_file()]


def test_a_file_that_is_gone_is_said(kinds: Store) -> None:
    kinds.materialise(sample_rate_hz=RATE_HZ)
    waveforms = opened(kinds)
    for file in files(kinds):
        if "data" in file.parts[-2:] or file.suffix == ".blob":
            file.unlink()
    with pytest.raises(Damaged, match="waveforms_8000"):
        waveforms.read([0], [0], [np.zeros(100, np.float32)])


WORKER = """
import os, signal, sys
from echodex.api import Store
from echodex.store import blob_writing
blob_writing.COMMIT_BYTES = 5 * 4000  # five clips a commit
store, stop = Store.open(sys.argv[1]), int(sys.argv[2])
append, done = type(store.tables).append, 0
def counted(self, name, rows, **seen):
    global done
    if done == stop:
        os.kill(os.getpid(), signal.SIGKILL)
    version = append(self, name, rows, **seen)
    done += 1
    return version
type(store.tables).append = counted
print("READY", flush=True)
store.materialise(sample_rate_hz=8000)
"""


def start(store: Store, stop: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(store.path), str(stop)], stdout=subprocess.PIPE)


def end(worker: subprocess.Popen[bytes]) -> int:
    worker.communicate(timeout=120)
    return worker.returncode


@pytest.mark.slow
def test_killed_between_commits_the_next_call_goes_on(kinds: Store) -> None:
    for stop, held in ((0, 0), (2, 10), (3, 25)):
        assert end(start(kinds, stop)) == -signal.SIGKILL
        assert kinds.tables.count("waveforms_8000") == held
    report = kinds.materialise(sample_rate_hz=RATE_HZ)
    assert (report.written, report.known) == (47, 25)
    assert held_rows(kinds) == ids(kinds)
    waveforms = opened(kinds)
    for row, clip in enumerate(kinds.sources(ids(kinds))):
        assert np.array_equal(whole(waveforms, row), from_file(clip))


@pytest.mark.slow
def test_two_at_once_double_nothing(kinds: Store) -> None:
    assert [end(worker) for worker in [start(kinds, -1) for _ in range(2)]] == [0, 0]
    assert held_rows(kinds) == ids(kinds)
