"""Frames in a table: what was written comes back, in pieces, in other processes; what is damaged is not handed out."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import BadInput, Damaged, NotFound, UsageError
from echodex.progress import silent
from echodex.store.frames.layout import FrameLayout, frames_tables
from echodex.store.frames.table import Frames, held_frames, open_frames
from echodex.store.frames.writing import FramesReport, write_frames

LAYOUT = FrameLayout()


def ids(store: Store) -> list[str]:
    found: list[str] = store.clips(["clip_id"]).column(0).to_pylist()
    return found


def drawn(seed: int, frames: int) -> np.ndarray:
    """Magnitudes as they come, float16: what is stored is to the bit what was given."""
    return np.random.default_rng(seed).gamma(0.5, 3, (frames, LAYOUT.bins)).astype(np.float16)


def given(clip_ids: list[str], first: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    for place, clip_id in enumerate(clip_ids[first:], start=first):
        yield clip_id, drawn(place, 40 + 100 * place)


def written(store: Store, clip_ids: list[str], name: str = "cqt") -> FramesReport:
    return write_frames(store, name, LAYOUT, given(clip_ids), progress=silent)


def test_pieces_come_back_to_the_bit(kinds: Store) -> None:
    wanted = ids(kinds)[:6]
    report = written(kinds, wanted)
    values = sum(40 + 100 * place for place in range(6))
    assert (report.table, report.written, report.known, report.layout) == ("frames_cqt", 6, 0, LAYOUT)
    assert report.size_bytes == values * 168
    assert report.hours == pytest.approx(values * 0.1 / 3600)
    backward = wanted[::-1]
    frames: Frames = pickle.loads(pickle.dumps(open_frames(kinds, "cqt", backward)))
    assert (frames.clip_ids, frames.layout) == (backward, LAYOUT)
    assert frames.lengths.tolist() == [540, 440, 340, 240, 140, 40]
    for index in range(6):
        whole = drawn(5 - index, int(frames.lengths[index])).astype(np.float32)
        found = frames.read(index, 0, len(whole))
        assert found.dtype == np.float32
        assert np.array_equal(found, whole)
        for start, count in ((0, 1), (39, 1), (17, 200), (len(whole) - 1, 5), (len(whole), 5)):
            assert np.array_equal(frames.read(index, start, count), whole[start : start + count])
    many = frames.read_many([(0, 100, 200), (5, 3, 4), (0, 530, 200)])
    assert [len(piece) for piece in many] == [200, 4, 10]
    assert np.array_equal(many[1], drawn(0, 40)[3:7])


def test_what_is_there_is_not_written_again(kinds: Store) -> None:
    wanted = ids(kinds)[:5]
    written(kinds, wanted[:3])
    version = kinds.tables.version("frames_cqt")
    assert (report := written(kinds, wanted[:3])).known == 3
    assert (report.written, kinds.tables.version("frames_cqt")) == (0, version)
    assert (report := written(kinds, wanted)).known == 3
    assert report.written == 2


def test_stopped_in_the_middle_it_goes_on(kinds: Store) -> None:
    wanted = ids(kinds)[:4]

    def stopping() -> Iterator[tuple[str, np.ndarray]]:
        yield from given(wanted[:2])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_frames(kinds, "cqt", LAYOUT, stopping(), progress=silent)
    report = written(kinds, wanted)
    assert (report.written, report.known) == (2, 2)
    assert open_frames(kinds, "cqt", wanted).lengths.tolist() == [40, 140, 240, 340]


def test_clips_without_frames_are_named(kinds: Store) -> None:
    wanted = ids(kinds)[:4]
    assert held_frames(kinds, "cqt", wanted) is None
    with pytest.raises(NotFound, match=f"4 of 4 clips have no frames in frames_cqt.*{wanted[0]}.*materialise"):
        open_frames(kinds, "cqt", wanted)
    written(kinds, wanted[:2])
    with pytest.raises(NotFound, match=f"2 of 4 clips .*{wanted[2]}"):
        open_frames(kinds, "cqt", wanted)
    some = held_frames(kinds, "cqt", wanted[::-1])
    assert some is not None
    assert (some.clip_ids, some.lengths.tolist()) == ([wanted[1], wanted[0]], [140, 40])
    assert np.array_equal(some.read(1, 0, 40), drawn(0, 40))


def test_layouts_never_mix(kinds: Store) -> None:
    wanted = ids(kinds)[:2]
    written(kinds, wanted[:1])
    other = FrameLayout(sample_rate_hz=22_050, source="discogs-vi")
    with pytest.raises(UsageError, match=r"frames_cqt holds frames of 84 .*computed.* another name"):
        write_frames(kinds, "cqt", other, given(wanted), progress=silent)
    write_frames(kinds, "dvi", other, given(wanted), progress=silent)
    assert open_frames(kinds, "dvi", wanted).layout == other
    assert frames_tables(kinds.tables) == ["frames_cqt", "frames_dvi"]
    with pytest.raises(UsageError, match="name"):
        written(kinds, wanted, "../cqt")


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (np.ones((5, 96)), r"shape \(5, 96\); it must be \(frames, 84\)"),
        (np.ones(84), "shape"),
        (np.ones((0, 84)), "shape"),
        (np.full((5, 84), -1.0), "no magnitudes"),
        (np.full((5, 84), np.nan), "no magnitudes"),
        (np.full((5, 84), 70_000.0), "no magnitudes"),
    ],
)
def test_odd_frames_are_refused_and_what_came_before_stays(kinds: Store, odd: np.ndarray, said: str) -> None:
    wanted = ids(kinds)[:2]
    with pytest.raises(BadInput, match=f"{wanted[1]}.*{said}"):
        write_frames(kinds, "cqt", LAYOUT, [(wanted[0], drawn(0, 9)), (wanted[1], odd)], progress=silent)
    assert open_frames(kinds, "cqt", wanted[:1]).lengths.tolist() == [9]


def test_a_layout_fits_an_encoder_or_says_what_is_odd() -> None:
    LAYOUT.check_fits(84, 0.1, 32.7032)
    for odd, said in (((72, 0.1, 32.7), "bins 84"), ((84, 0.02, 32.7), "hop_s 0.1"), ((84, 0.1, 27.5), "f_min 32.7")):
        with pytest.raises(BadInput, match=said):
            LAYOUT.check_fits(*odd)


def test_a_flipped_bit_is_found(kinds: Store) -> None:
    wanted = ids(kinds)[:4]
    written(kinds, wanted)
    piece = drawn(3, 340)[200:203].tobytes()
    (file,) = [
        path for path in (kinds.path / "frames_cqt.lance").rglob("*") if path.is_file() and piece in path.read_bytes()
    ]
    content = bytearray(file.read_bytes())
    content[content.index(piece) + 5] ^= 4
    file.write_bytes(content)
    frames = open_frames(kinds, "cqt", wanted)
    frames.read(3, 0, 50)
    with pytest.raises(Damaged, match=f"{wanted[3]} in frames_cqt"):
        frames.read(3, 150, 100)


def test_removed_clips_leave_the_table_and_strangers_never_enter(kinds: Store) -> None:
    wanted = ids(kinds)[:3]
    written(kinds, wanted)
    kinds.remove(wanted[:1])
    assert kinds.tables.count("frames_cqt") == 2
    report = written(kinds, wanted)
    assert (report.written, report.known) == (0, 2)
