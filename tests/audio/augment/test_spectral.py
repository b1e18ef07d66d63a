"""Masks: their sizes, places and shapes as published, and that a row stands alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.audio.augment.spectral import NAFP, PFANN, SpectralMasks
from echodex.errors import UsageError

MakeRng = Callable[[int], BatchRng]
BINS, FRAMES = 256, 32


def sides(kind: str, rng: BatchRng) -> tuple[np.ndarray, np.ndarray]:
    """The bins and the frames that each mask covers, bool[b, F] and bool[b, T]; all of them are rectangles."""
    mask = SpectralMasks((kind,)).mask(BINS, FRAMES, rng).numpy()
    high, wide = np.asarray(mask.any(axis=2)), np.asarray(mask.any(axis=1))
    assert np.array_equal(mask, high[:, :, None] & wide[:, None])
    for side in (high, wide):
        assert (np.abs(np.diff(np.pad(side, ((0, 0), (1, 1))).astype(int), axis=1)).sum(axis=1) == 2).all()  # one run
    return high, wide


def lengths(side: np.ndarray) -> np.ndarray:
    """Of the runs that touch no border: those are not cut off."""
    return np.asarray(side.sum(axis=1)[~side[:, 0] & ~side[:, -1]])


def odd(low: int, high: int) -> set[int]:
    """Half of a length on either side of the centre, rounded down, and the centre."""
    return {2 * (length // 2) + 1 for length in range(low, high + 1)}


def test_a_cutout_is_a_hole_of_the_published_sides(rng: MakeRng) -> None:
    high, wide = sides("cutout", rng(4000))
    assert set(lengths(high).tolist()) == odd(25, 101)
    assert set(lengths(wide).tolist()) == odd(3, 11)
    assert high.any(axis=0).all()
    assert wide.any(axis=0).all()
    assert high[:, 0].any()  # holes are cut off at the border, not moved inside


def test_horizontal_is_a_band_of_5_to_19_bins(rng: MakeRng) -> None:
    high, wide = sides("horizontal", rng(2000))
    assert wide.all()
    assert set(lengths(high).tolist()) == odd(5, 19)


def test_vertical_is_a_stretch_of_5_to_15_frames(rng: MakeRng) -> None:
    high, wide = sides("vertical", rng(2000))
    assert high.all()
    assert set(lengths(wide).tolist()) == odd(5, 15)


@pytest.mark.parametrize(("kind", "full"), [("rectangle", None), ("frequencies", "wide"), ("times", "high")])
def test_sides_of_pfann_are_a_tenth_to_a_half_of_the_axis(kind: str, full: str | None, rng: MakeRng) -> None:
    for name, side in zip(("high", "wide"), sides(kind, rng(6000)), strict=True):
        found, size = side.sum(axis=1), side.shape[1]
        if full == name:
            assert (found == size).all()
        else:
            assert set(found.tolist()) == set(range(int(0.1 * size), size // 2))
            starts = side.argmax(axis=1)[found == size // 4]
            assert starts.min() < 0.1 * size
            assert starts.max() > 0.65 * size


@pytest.mark.parametrize("kinds", [NAFP, PFANN, ("vertical",)])
@pytest.mark.parametrize("fill", [0.0, -3.5])
def test_only_what_is_masked_is_filled(kinds: tuple[str, ...], fill: float, rng: MakeRng) -> None:
    mels = torch.from_numpy(np.random.default_rng(0).uniform(1, 2, (9, 64, 32)).astype("float32"))
    masks = SpectralMasks(kinds, fill=fill)
    masked, mask = masks(mels, rng(9)), masks.mask(64, 32, rng(9))
    assert torch.equal(masked[mask], torch.full_like(masked[mask], fill))
    assert torch.equal(masked[~mask], mels[~mask])
    assert mask.any(dim=(1, 2)).all()
    assert not mask.all(dim=2).all(dim=1).any()


def test_kinds_are_united(rng: MakeRng) -> None:
    mask = SpectralMasks(PFANN).mask(BINS, FRAMES, rng(50))
    assert mask.all(dim=2).any(dim=1).all()
    assert mask.all(dim=1).any(dim=1).all()


def test_a_shared_mask_is_that_of_the_first_row(rng: MakeRng) -> None:
    mels = torch.ones(5, BINS, FRAMES)
    own, shared = SpectralMasks()(mels, rng(5)), SpectralMasks(shared=True)(mels, rng(5))
    assert torch.equal(shared, own[:1].expand(5, -1, -1))
    assert len({row.numpy().tobytes() for row in own}) == 5


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no spectral mask 'diagonal'; choose among cutout, horizontal"):
        SpectralMasks(("diagonal",))


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=6, unique=True), st.sampled_from([NAFP, PFANN]))
def test_a_row_stands_alone(clips: list[str], kinds: tuple[str, ...]) -> None:
    together = SpectralMasks(kinds).mask(64, 32, BatchRng(row_seeds(0, 0, clips)))
    for row, clip in enumerate(clips):
        assert torch.equal(SpectralMasks(kinds).mask(64, 32, BatchRng(row_seeds(0, 0, [clip])))[0], together[row])
