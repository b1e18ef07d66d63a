"""Waveforms of a store on object storage are read once by a machine, and are right whatever becomes of its copies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from harness.flaky import Flaky
from numpy.testing import assert_array_equal

from echodex.api import Store
from echodex.errors import Damaged
from echodex.schemas.vector import Float32
from echodex.store.blocks import BLOCK_BYTES, block_sums
from echodex.store.remote import pieces
from echodex.store.remote.bounded import Bounded
from echodex.store.remote.pieces import Pieces, pieces_of
from echodex.store.waveforms import Waveforms, open_waveforms

SECONDS, RATE_HZ = 6.0, 8000
SAMPLES = int(SECONDS * RATE_HZ)


@pytest.fixture
def waveforms(remote: str, flaky: Flaky, tmp_path: Path, make_wav: Callable[..., Path]) -> Waveforms:
    """Those of three clips of six blocks each, and nothing of them here."""
    for number in range(3):
        make_wav(f"{number}.wav", seed=number, seconds=SECONDS)
    store = Store.open(remote)
    store.add(tmp_path / "audio")
    store.materialise(sample_rate_hz=RATE_HZ)
    opened = open_waveforms(store.tables, RATE_HZ, store.clips(["clip_id"]).column(0).to_pylist())
    assert opened is not None
    opened.read([0], [0], [np.zeros(1, np.float32)])  # a handle on the version
    shutil.rmtree(tmp_path / "cache" / "pieces")
    flaky.forget()
    return opened


def read(waveforms: Waveforms, starts: list[int], length: int) -> list[Float32]:
    out = [np.zeros(length, np.float32) for _ in starts]
    assert waveforms.read(range(len(starts)), starts, out) == [min(length, SAMPLES - start) for start in starts]
    return out


def copies(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "cache" / "pieces").rglob("*") if path.is_file()]


def test_what_was_read_is_not_asked_for_again(waveforms: Waveforms, tmp_path: Path, flaky: Flaky) -> None:
    whole = read(waveforms, [0, 0, 0], SAMPLES)
    assert sum(flaky.requests.values())
    flaky.forget()
    assert_array_equal(read(waveforms, [0, 0, 0], SAMPLES), whole)
    assert_array_equal(
        read(waveforms, [9000, 3, 40_000], 8000), [whole[0][9000:17_000], whole[1][3:8003], whole[2][40_000:]]
    )
    assert not sum(flaky.requests.values())
    assert len(copies(tmp_path)) == 3
    assert {path.stat().st_mode & 0o777 for path in copies(tmp_path)} == {0o600}


def test_pieces_come_together_in_any_order(waveforms: Waveforms, tmp_path: Path, flaky: Flaky) -> None:
    parts = [read(waveforms, [start] * 3, 6000) for start in (24_000, 0, 42_000, 12_000)]
    flaky.forget()
    again = [read(waveforms, [start] * 3, 6000) for start in (0, 12_000, 24_000, 42_000)]
    assert not sum(flaky.requests.values())
    shutil.rmtree(tmp_path / "cache" / "pieces")
    whole = np.stack(read(waveforms, [0, 0, 0], SAMPLES))
    for found, start in [
        *zip(parts, (24_000, 0, 42_000, 12_000), strict=True),
        *zip(again, (0, 12_000, 24_000, 42_000), strict=True),
    ]:
        assert_array_equal(found, whole[:, start : start + 6000])


def test_what_is_over_a_hole_or_damaged_is_read_from_the_store(
    waveforms: Waveforms, tmp_path: Path, flaky: Flaky
) -> None:
    whole = read(waveforms, [0, 0, 0], SAMPLES)
    for path in copies(tmp_path):
        content = bytearray(path.read_bytes())
        content[5 * BLOCK_BYTES + 7] ^= 1
        content[BLOCK_BYTES : 2 * BLOCK_BYTES] = bytes(BLOCK_BYTES)
        path.write_bytes(content[:-100])
    flaky.forget()
    assert_array_equal(read(waveforms, [0, 0, 0], 8192), [one[:8192] for one in whole])
    assert not sum(flaky.requests.values())
    assert_array_equal(read(waveforms, [0, 0, 0], SAMPLES), whole)
    assert sum(flaky.requests.values())
    flaky.forget()
    assert_array_equal(read(waveforms, [0, 0, 0], SAMPLES), whole)
    assert not sum(flaky.requests.values())


def test_a_folder_that_cannot_be_written_to_is_done_without(waveforms: Waveforms, tmp_path: Path) -> None:
    (tmp_path / "cache" / "pieces").write_text("in the way")
    assert_array_equal(read(waveforms, [0, 0, 0], SAMPLES), read(waveforms, [0, 0, 0], SAMPLES))


def test_without_room_nothing_is_kept(waveforms: Waveforms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_bounded", lambda folder: Bounded(folder, 1, 60.0))
    assert_array_equal(read(waveforms, [0, 0, 0], SAMPLES), read(waveforms, [0, 0, 0], SAMPLES))
    assert not copies(tmp_path)


def test_what_is_damaged_in_the_store_is_told_and_not_kept(waveforms: Waveforms, tmp_path: Path) -> None:
    sums = block_sums(waveforms.clip_ids[1], bytes(SAMPLES * 2))
    waveforms.blobs.sums[1] = sums  # type: ignore[index]
    with pytest.raises(Damaged, match=waveforms.clip_ids[1]):
        read(waveforms, [0, 0, 0], SAMPLES)
    assert len(copies(tmp_path)) == 1


def test_another_table_store_or_content_is_another_blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path))
    blob = bytes(range(256)) * 64
    sums = block_sums("a", blob)
    Pieces("s3://one", "w").keep("a", 0, blob, sums)
    assert Pieces("s3://one", "w").read("a", 0, len(blob), sums) == blob
    for other in (Pieces("s3://two", "w"), Pieces("s3://one", "v")):
        assert other.read("a", 0, len(blob), sums) is None
    assert Pieces("s3://one", "w").read("a", 0, len(blob), block_sums("a", blob[::-1])) is None


def test_a_local_store_keeps_none(tmp_path: Path) -> None:
    assert pieces_of(str(tmp_path), "waveforms_8000") is None
