from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from echodex.api import Store
from echodex.store.scaling import column_scales, stored_vectors
from tests.store.features.miniature import datacos


def test_scales_are_scikit_learns(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).normal(50, [1, 20, 300], (40, 3)).astype(np.float32)
    mean, deviation = column_scales(matrix)
    oracle = StandardScaler().fit(matrix.astype(np.float64))
    assert_allclose(mean, oracle.mean_)
    assert_allclose(deviation, oracle.scale_)


def test_a_constant_column_is_only_shifted() -> None:
    matrix = np.array([[7.7, 1], [7.7, 3]], np.float32)
    mean, deviation = column_scales(matrix)
    assert_allclose(mean, [7.7, 2], rtol=1e-6)
    assert_array_equal(deviation, [1, 1])


def test_the_train_clips_alone_say_what_one_scale_is(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path / "cover", {"W_1": 2, "W_2": 2}, seed=1)
    datacos(tmp_path / "bench", {"W_5": 3}, seed=2)
    store.add_features("datacos", tmp_path / "bench")
    alone = stored_vectors(store, "datacos", standardise=True).matrix
    assert_allclose(alone.std(axis=0), 1, rtol=1e-3)
    store.add_features("datacos", tmp_path / "cover", split="train")
    raw = store.vectors("datacos", normalise=False, where="split = 'train'").matrix
    bench = "split != 'train'"
    scaler = StandardScaler().fit(raw.astype(np.float64))
    oracle = scaler.transform(store.vectors("datacos", normalise=False, where=bench).matrix.astype(np.float64))
    assert_allclose(
        stored_vectors(store, "datacos", where=bench, standardise=True).matrix, oracle, rtol=1e-3, atol=1e-4
    )
    assert_array_equal(stored_vectors(store, "datacos", where="split = 'train'").matrix, raw)
