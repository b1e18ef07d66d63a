from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from echodex.encoders.chroma.fit import COMPANIONS, DIM, ChromaFit, fit_alone, fit_in_company, shipped_fit
from echodex.encoders.chroma.follow import RAW
from echodex.encoders.chroma.invariants import INVARIANTS, invariants
from echodex.errors import BadInput
from echodex.schemas.vector import Float32


@pytest.fixture(scope="module")
def raw() -> Float32:
    return np.random.default_rng(0).standard_normal((140, RAW)).astype(np.float32)


@pytest.fixture(scope="module")
def fitted(raw: Float32) -> ChromaFit:
    return fit_alone(raw)


def test_a_fit_projects_invariants_to_unit_length(raw: Float32, fitted: ChromaFit) -> None:
    vectors = fitted.apply(raw[:5])
    assert vectors.shape == (5, DIM)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors, fitted.projection.apply(invariants(raw[:5], fitted.axes)))
    assert fitted.projection.mean.shape == (INVARIANTS,)


def test_a_fit_comes_back_from_its_arrays_to_the_bit(raw: Float32, fitted: ChromaFit) -> None:
    again = ChromaFit.from_arrays(fitted.arrays())
    np.testing.assert_array_equal(again.apply(raw[:3]), fitted.apply(raw[:3]))
    for name, array in fitted.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
        assert array.dtype == np.float32


def test_zeros_keep_their_sign(fitted: ChromaFit) -> None:
    """Or the digest of a fit that was read again is another one, and a store's space another encoder's."""
    arrays = fitted.arrays()
    arrays["axes"][:, 0, 0] = [[-0.0], [0.0]]
    arrays["axes"][:, 0, 1] = [[0.0], [-0.0]]
    for name, array in ChromaFit.from_arrays(arrays).arrays().items():
        assert array.tobytes() == arrays[name].tobytes(), name


def test_the_same_rows_give_the_same_bits(raw: Float32, fitted: ChromaFit) -> None:
    with threadpool_limits(2):
        again = fit_alone(raw.copy())
    for name, array in fitted.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)


def test_companions_are_in_every_fit_of_a_store(raw: Float32) -> None:
    few = fit_in_company(raw[:5])
    np.testing.assert_allclose(np.linalg.norm(few.apply(raw[:2]), axis=1), 1, atol=1e-5)
    count = COMPANIONS + 5
    assert count > DIM
    assert (few.projection.mean != ChromaFit.from_arrays(shipped_fit()).projection.mean).any()


def test_arrays_that_do_not_fit_are_refused_by_name(fitted: ChromaFit) -> None:
    arrays = fitted.arrays()
    with pytest.raises(BadInput, match="axes must be float32"):
        ChromaFit.from_arrays({**arrays, "axes": arrays["axes"][:1]})
    with pytest.raises(BadInput, match="axes must be float32"):
        ChromaFit.from_arrays({name: array for name, array in arrays.items() if name != "axes"})
    with pytest.raises(BadInput, match="offset"):
        ChromaFit.from_arrays({name: array for name, array in arrays.items() if name != "offset"})
