from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from echodex.encoders.chroma.follow import RAW
from echodex.encoders.chroma.invariants import (
    AXES,
    HARMONICS,
    INVARIANTS,
    ROWS,
    Complex,
    fit_axes,
    harmonics,
    invariants,
)
from echodex.schemas.vector import Float32


@pytest.fixture(scope="module")
def raw() -> Float32:
    """60 clips' tables: noise that has more variance in some rows than in others."""
    random = np.random.default_rng(0)
    mixing = random.standard_normal((ROWS, 30)) @ random.standard_normal((30, ROWS)) / 30
    tables = np.einsum("rs,nsi->nri", mixing, random.standard_normal((60, ROWS, 12)))
    return np.asarray(tables.reshape(60, RAW), np.float32)


@pytest.fixture(scope="module")
def axes(raw: Float32) -> Complex:
    return fit_axes(raw)


@pytest.mark.parametrize("up", range(1, 12))
def test_another_key_changes_nothing(raw: Float32, axes: Complex, up: int) -> None:
    turned = np.roll(raw.reshape(60, ROWS, 12), up, axis=2).reshape(60, RAW)
    found = invariants(raw, axes)
    assert found.shape == (60, INVARIANTS)
    np.testing.assert_allclose(invariants(turned, axes), found, atol=2e-4 * np.abs(found).max())


def test_another_key_for_some_rows_changes_much(raw: Float32, axes: Complex) -> None:
    """Magnitudes alone would not hear that."""
    tables = raw.reshape(60, ROWS, 12).copy()
    tables[:, ::2] = np.roll(tables[:, ::2], 3, axis=2)
    magnitudes = np.abs(harmonics(tables.reshape(60, RAW)))
    np.testing.assert_allclose(magnitudes, np.abs(harmonics(raw)), atol=1e-4)
    found, changed = (invariants(rows, axes) for rows in (raw, tables.reshape(60, RAW)))
    assert np.linalg.norm(found - changed) > 0.3 * np.linalg.norm(found)


def test_two_axes_by_hand() -> None:
    """Axes that are the first two rows: products of their Fourier coefficients, magnitudes under a root."""
    axes = np.zeros((HARMONICS - 1, ROWS, AXES), np.complex128)
    axes[:, 0, 0] = axes[:, 1, 1] = 1
    raw = np.zeros((1, RAW), np.float32)
    raw[0, 5] = 4.0  # row 0: 4 at root 5
    raw[0, 12 + 6] = 9.0  # row 1: 9 at root 6
    found = invariants(raw, axes)[0]
    assert found[:2].tolist() == [4.0, 9.0]
    assert not found[2:ROWS].any()
    real = found[ROWS : ROWS + 6 * AXES * (AXES + 1) // 2].reshape(6, -1)
    imaginary = found[ROWS + real.size :].reshape(5, -1)
    k = np.arange(1, 7)
    product = 36 * np.exp(2j * np.pi * k / 12)  # exp(-2 pi i k 5 / 12) times the conjugate of exp(-2 pi i k 6 / 12)
    np.testing.assert_allclose(real[:, 0], 4, rtol=1e-6)
    np.testing.assert_allclose(real[:, 1], product.real / 6, atol=1e-5)
    np.testing.assert_allclose(imaginary[:, 0], product.imag[:5] / 6, atol=1e-5)


def test_axes_are_the_directions_of_most_variance(raw: Float32, axes: Complex) -> None:
    spectrum = harmonics(raw)[:, 3]
    scale = np.sqrt((np.abs(spectrum) ** 2).mean(axis=0))
    values = np.linalg.svd(spectrum / scale, compute_uv=False)
    along = np.abs(spectrum @ axes[2])
    np.testing.assert_allclose(np.sqrt((along**2).sum(axis=0)), values[:AXES], rtol=1e-6)


def test_the_same_rows_give_the_same_axes_to_the_bit(raw: Float32, axes: Complex) -> None:
    with threadpool_limits(2):
        np.testing.assert_array_equal(fit_axes(raw.copy()), axes)


def test_a_harmonic_that_is_but_rounding_has_no_say(raw: Float32) -> None:
    """At lag 0 a tritone up is a tritone down: the row repeats after six, and has no odd harmonics."""
    tables = raw.reshape(60, ROWS, 12).copy()
    tables[:, 6, 6:] = tables[:, 6, :6] + np.float32(1e-9)
    axes = fit_axes(tables.reshape(60, RAW))
    assert not axes[0::2, 6].any()
    assert axes[1::2, 6].any()
