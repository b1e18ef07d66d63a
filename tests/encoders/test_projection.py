from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from echodex.encoders.projection import Projection, fit_projection
from echodex.errors import BadInput
from echodex.schemas.vector import Float32


@pytest.fixture(scope="module")
def raw() -> Float32:
    random = np.random.default_rng(0)
    common = random.standard_normal((400, 20)) @ random.standard_normal((20, 60))
    heavy = random.standard_t(2, size=(400, 60))
    return (3 * common + heavy + random.uniform(-50, 50, 60)).astype(np.float32)


def test_it_is_the_pca_of_sklearn_half_whitened(raw: Float32) -> None:
    clipped = np.clip(StandardScaler().fit_transform(raw.astype(float)), -5, 5)
    pca = PCA(16, svd_solver="full").fit(clipped)
    expected = pca.transform(clipped) / pca.explained_variance_**0.25
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    ours = fit_projection(raw, 16).apply(raw)
    signs = np.sign((ours * expected).sum(axis=0))
    np.testing.assert_allclose(ours, expected * signs, atol=2e-4)


def test_vectors_have_unit_length_and_outliers_are_clipped(raw: Float32) -> None:
    projection = fit_projection(raw, 16)
    wild = raw[:1].copy()
    wild[0, 3] = 1e30
    wilder = wild.copy()
    wilder[0, 3] = 1e35
    np.testing.assert_allclose(np.linalg.norm(projection.apply(raw), axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(projection.apply(wild), projection.apply(wilder))


def test_the_same_rows_give_the_same_bits_with_any_number_of_threads(raw: Float32) -> None:
    fits = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            fits.append(fit_projection(raw, 16).arrays())
    for name, array in fits[0].items():
        np.testing.assert_array_equal(array, fits[1][name])


def test_a_row_does_not_depend_on_its_neighbours_or_on_where_the_arrays_lie(raw: Float32) -> None:
    projection = fit_projection(raw, 16)
    together = projection.apply(raw)
    alone = np.concatenate([projection.apply(raw[i : i + 1]) for i in range(len(raw))])
    np.testing.assert_array_equal(together, alone)
    moved = {}
    for name, array in projection.arrays().items():  # four bytes off any alignment that vector instructions like
        room = np.empty(array.size + 17, np.float32)
        place = room[1 : 1 + array.size].reshape(array.shape)
        place[:] = array
        moved[name] = place
    np.testing.assert_array_equal(Projection(**moved).apply(raw), together)


def test_each_axis_points_where_its_largest_entry_is_positive(raw: Float32) -> None:
    axes = fit_projection(raw, 16).projection
    assert (axes[np.arange(16), np.abs(axes).argmax(axis=1)] > 0).all()


def test_a_statistic_that_never_changes_and_clips_that_are_all_alike_do_no_harm(raw: Float32) -> None:
    constant = raw.copy()
    constant[:, 5] = 3.25
    assert np.isfinite(fit_projection(constant, 16).apply(raw)).all()
    alike = np.repeat(raw[:1], 40, axis=0)
    assert np.isfinite(fit_projection(alike, 16).apply(raw)).all()


def test_arrays_come_back_and_wrong_ones_are_named(raw: Float32) -> None:
    arrays = fit_projection(raw, 16).arrays()
    again = Projection.from_arrays(arrays, 60, 16)
    np.testing.assert_array_equal(again.apply(raw), fit_projection(raw, 16).apply(raw))
    with pytest.raises(BadInput, match=r"std must be float32\[60\], not float64\[60\]"):
        Projection.from_arrays({**arrays, "std": arrays["std"].astype(float)}, 60, 16)
    with pytest.raises(BadInput, match=r"projection must be float32\[16, 59\]"):
        Projection.from_arrays({**arrays, "mean": arrays["mean"][:59], "std": arrays["std"][:59]}, 59, 16)
    with pytest.raises(BadInput, match="not mean, projection, std"):
        Projection.from_arrays({name: arrays[name] for name in ("mean", "std", "projection")}, 60, 16)


def test_too_few_rows_and_rows_that_are_not_finite_are_refused(raw: Float32) -> None:
    with pytest.raises(BadInput, match="more rows"):
        fit_projection(raw[:16], 16)
    broken = raw.copy()
    broken[7, 2] = np.nan
    with pytest.raises(BadInput, match="row 7"):
        fit_projection(broken, 16)


def test_nothing_projected_is_nothing(raw: Float32) -> None:
    assert fit_projection(raw, 16).apply(raw[:0]).shape == (0, 16)
