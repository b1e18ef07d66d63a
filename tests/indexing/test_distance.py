from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound, UsageError
from echodex.indexing import distance as module
from tests.store.features.miniature import datacos

Matrix = NDArray[np.float64]


@pytest.fixture
def study(store: Store, tmp_path: Path) -> tuple[Store, dict[str, np.ndarray], Path]:
    """A store of features, the rows in it by "work/performance", and their folder."""
    rows = datacos(tmp_path / "data", {"W_1": 3, "W_2": 2, "W_3": 1})
    store.add_features("datacos", tmp_path / "data")
    return store, rows, tmp_path / "data"


Study = tuple[Store, dict[str, np.ndarray], Path]


def test_a_clip_and_a_work(study: Study) -> None:
    store, rows, folder = study
    found = store.distance(str(folder / "W_3/P_40.h5"), "W_1", space="datacos")
    oracle = np.mean([np.linalg.norm(rows["W_3/P_40"] - rows[f"W_1/P_{number}"]) for number in range(3)])
    assert found.mean == pytest.approx(oracle, rel=1e-5)
    assert (found.space, found.a_clips, found.b_clips) == ("datacos", 1, 3)
    clip_id = store.clips(["clip_id"], where="work = 'W_3'").column(0)[0].as_py()
    assert store.distance(clip_id, "W_1").mean == found.mean


def test_two_works_are_symmetric(study: Study) -> None:
    store, rows, _ = study
    pairs = [np.linalg.norm(rows[f"W_1/P_{i}"] - rows[f"W_2/P_{j}"]) for i in range(3) for j in (20, 21)]
    assert store.distance("W_1", "W_2").mean == pytest.approx(np.mean(pairs), rel=1e-5)
    assert store.distance("W_2", "W_1").mean == pytest.approx(np.mean(pairs), rel=1e-5)


def test_a_work_and_itself_is_the_mean_within(study: Study) -> None:
    store, rows, _ = study
    pairs = [np.linalg.norm(rows[f"W_1/P_{i}"] - rows[f"W_1/P_{j}"]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert store.distance("W_1", "W_1").mean == pytest.approx(np.mean(pairs), rel=1e-5)


def test_large_works_are_compared_in_parts(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _, _ = study
    whole = [store.distance("W_1", other).mean for other in ("W_1", "W_2")]
    monkeypatch.setattr(module, "BLOCK_CELLS", 4)
    cells: list[int] = []

    def counted(a: Matrix, b: Matrix) -> Matrix:
        cells.append(len(a) * len(b))
        return np.asarray(cdist(a, b))

    monkeypatch.setattr(module, "cdist", counted)
    assert [store.distance("W_1", other).mean for other in ("W_1", "W_2")] == pytest.approx(whole)
    assert cells == [3, 3, 3, 4, 2], "a row at least at a time"


def test_what_cannot_be_compared_is_said(study: Study) -> None:
    store, _, _ = study
    with pytest.raises(UsageError, match="are one clip"):
        store.distance("W_3", "W_3")
    with pytest.raises(NotFound, match="'W_9' is no clip"):
        store.distance("W_1", "W_9")
    store.tables.delete("vectors_datacos", f"clip_id = '{_first(store)}'")
    with pytest.raises(NotFound, match="has no vector in space"):
        store.distance(_first(store), "W_1")


def test_it_is_printed(study: Study) -> None:
    store, _, _ = study
    words = ["--store", str(store.path), "distance", "W_1", "W_2"]
    shown = CliRunner().invoke(cli, words).stdout
    assert shown.split()[1:3] == ["W_1", "W_2"]
    assert float(shown.split()[0]) == pytest.approx(store.distance("W_1", "W_2").mean, rel=1e-4)
    assert "3 x 2 clips" in shown
    assert '"b_clips": 2' in CliRunner().invoke(cli, [*words, "--json"]).stdout


def _first(store: Store) -> str:
    return str(store.clips(["clip_id"]).column(0)[0].as_py())
