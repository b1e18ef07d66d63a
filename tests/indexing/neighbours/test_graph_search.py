from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.indexing.cells import make_cells
from echodex.indexing.index.device import gpu_count
from echodex.indexing.neighbours import graph_search, nearest
from echodex.indexing.neighbours.graph_search import Neighbours, graph_of

Matrix = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Matrix:
    wide = rows.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norms > 0, norms, 1), dtype=np.float32)


def gaussian(n: int, dim: int, seed: int = 0) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((n, dim)))


def lumps(n: int, dim: int, seed: int = 0, spread: float = 0.3) -> Matrix:
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(1, n // 60), dim))
    return unit(centres[random.integers(len(centres), size=n)] + spread * random.standard_normal((n, dim)))


def cosines(matrix: Matrix) -> NDArray[np.float64]:
    """The oracle: all cosines in float64, a row with itself last."""
    wide = matrix.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    wide /= np.where(norms > 0, norms, 1)
    scores = wide @ wide.T
    np.fill_diagonal(scores, -np.inf)
    return np.asarray(scores)


def agrees(graph: Neighbours, matrix: Matrix, k: int, within: float = 1e-6) -> None:
    """Every list holds rows as near as the true ones, without repeats, and says how near they are."""
    n, m = len(matrix), max(0, min(k, len(matrix) - 1))
    truth = cosines(matrix)
    assert graph.ids.shape == graph.scores.shape == (n, k)
    assert graph.ids.dtype == np.int64
    assert graph.scores.dtype == np.float32
    assert (graph.ids[:, m:] == -1).all()
    assert (graph.scores[:, m:] == -np.inf).all()
    ids, scores = graph.ids[:, :m], graph.scores[:, :m]
    assert ((ids >= 0) & (ids != np.arange(n)[:, None])).all()
    assert all(len(set(row)) == m for row in ids.tolist())
    assert scores == pytest.approx(np.take_along_axis(truth, ids, axis=1), abs=within)
    assert scores == pytest.approx(-np.sort(-truth, axis=1)[:, :m], abs=within)
    assert (np.diff(scores, axis=1) <= 0).all()


@given(
    st.integers(0, 40), st.integers(1, 9), st.integers(1, 50), st.integers(0, 10_000), st.sampled_from([1, 2, 5, 30])
)
def test_exact_equals_brute_force(n: int, dim: int, k: int, seed: int, distinct: int) -> None:
    random = np.random.default_rng(seed)
    pool = random.integers(-2, 3, size=(distinct, dim)) + random.choice([0, 1e-3]) * random.standard_normal(
        (distinct, dim)
    )
    matrix = unit(pool[random.integers(distinct, size=n)])
    graph = graph_of(matrix, k, exact=True)
    agrees(graph, matrix, k)
    assert graph.exact
    assert graph.recall == 1.0
    assert graph.effort == 0


def test_exact_lists_name_the_same_rows_as_brute_force() -> None:
    matrix = gaussian(700, 24)
    graph = graph_of(matrix, 15, exact=True)
    assert graph.ids.tolist() == np.argsort(-cosines(matrix), axis=1, kind="stable")[:, :15].tolist()


def test_copies_come_first_in_row_order_and_never_the_row_itself() -> None:
    matrix = gaussian(300, 16)
    matrix[10:290:4] = matrix[3]
    copies = np.array([3, *range(10, 290, 4)])
    graph = graph_of(matrix, 15, exact=True)
    for row in copies.tolist():
        assert graph.ids[row].tolist() == copies[copies != row][:15].tolist()
        assert (graph.scores[row] == 1.0).all()
    agrees(graph, matrix, 15)


def test_few_copies_are_followed_by_others() -> None:
    matrix = gaussian(200, 16)
    matrix[[50, 51, 180]] = matrix[7]
    graph = graph_of(matrix, 6, exact=True)
    assert graph.ids[50, :3].tolist() == [7, 51, 180]
    agrees(graph, matrix, 6)


def test_rows_nearer_to_each_other_than_float32_products_can_tell_are_in_order() -> None:
    random = np.random.default_rng(3)
    matrix = unit(gaussian(1, 64) + 1e-4 * random.standard_normal((400, 64)))
    wide = matrix.astype(np.float64)
    truth = ((wide[:, None] - wide[None]) ** 2).sum(axis=2)
    np.fill_diagonal(truth, np.inf)
    ids = graph_of(matrix, 10, exact=True).ids
    assert np.take_along_axis(truth, ids, axis=1) == pytest.approx(np.sort(truth, axis=1)[:, :10], rel=1e-5)


def test_rows_at_right_angles_tie_by_row() -> None:
    graph = graph_of(np.eye(50, dtype=np.float32), 4, exact=True)
    assert graph.ids[0].tolist() == [1, 2, 3, 4]
    assert graph.ids[2].tolist() == [0, 1, 3, 4]
    assert (graph.scores == 0).all()


def test_zero_rows_are_like_nothing() -> None:
    matrix = gaussian(40, 8)
    matrix[[5, 9]] = 0
    graph = graph_of(matrix, 5, exact=True)
    assert (graph.scores[[5, 9]] == 0).all()
    agrees(graph, matrix, 5)


def approximate(monkeypatch: pytest.MonkeyPatch, matrix: Matrix, k: int = 15, recall: float = 0.99) -> Neighbours:
    monkeypatch.setattr(graph_search, "SMALL_ROWS", 0)
    return graph_of(matrix, k, recall=recall)


@pytest.mark.parametrize("spread", [0.2, 0.5])
def test_the_recall_said_is_the_recall(monkeypatch: pytest.MonkeyPatch, spread: float) -> None:
    matrix = lumps(6000, 24, spread=spread)
    graph = approximate(monkeypatch, matrix)
    assert not graph.exact
    assert graph.effort > 0
    truth = -np.sort(-cosines(matrix), axis=1)[:, :15]
    recalls = [(graph.scores[:, : j + 1] >= truth[:, j : j + 1] - 1e-6).mean() for j in range(15)]
    assert min(graph.recall, recalls[-1]) >= 0.985
    assert graph.recalls == pytest.approx(recalls, abs=0.01)
    wide = cosines(matrix)
    assert graph.scores == pytest.approx(np.take_along_axis(wide, graph.ids, axis=1), abs=1e-6)


def test_more_recall_looks_into_more_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(6000, 24, spread=1.0)
    efforts = [approximate(monkeypatch, matrix, recall=recall).effort for recall in (0.5, 0.8)]
    assert 0 < efforts[0] < efforts[1]


def test_data_without_structure_is_searched_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = gaussian(3000, 64)
    graph = approximate(monkeypatch, matrix)
    assert graph.exact
    agrees(graph, matrix, 15)


def test_a_graph_names_the_cells_it_was_found_in(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(4000, 16)
    found, made = approximate(monkeypatch, matrix).cells, make_cells(matrix)
    assert found is not None
    np.testing.assert_array_equal(found.rows, made.rows)
    np.testing.assert_array_equal(found.centroids, made.centroids)
    assert graph_of(matrix, exact=True).cells is None
    matrix[7] = matrix[8]
    assert approximate(monkeypatch, matrix).cells is None


def test_copies_in_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(4000, 16)
    matrix[1000:3000] = matrix[0]
    graph = approximate(monkeypatch, matrix)
    assert not graph.exact
    assert graph.ids[0].tolist() == list(range(1000, 1015))
    assert graph.ids[2999].tolist() == [0, *range(1000, 1014)]


def test_a_crowd_of_rows_that_are_nearly_one_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(4000, 64)
    matrix[:2000] = unit(matrix[0] + 1e-4 * np.random.default_rng(1).standard_normal((2000, 64)))
    graph = approximate(monkeypatch, matrix, k=10)
    assert not graph.exact
    crowd = matrix[:2000].astype(np.float64)
    far = (crowd**2).sum(axis=1)[:, None] + (crowd**2).sum(axis=1) - 2 * crowd @ crowd.T
    np.fill_diagonal(far, np.inf)
    found = np.take_along_axis(far, graph.ids[:2000], axis=1)
    assert (found <= np.sort(far, axis=1)[:, 9:10] * (1 + 1e-5)).mean() >= 0.985


def test_zero_rows_in_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(2000, 16)
    matrix[[5, 900]] = 0
    graph = approximate(monkeypatch, matrix)
    assert (graph.scores[[5, 900]] == 0).all()
    assert not np.isin(graph.ids[np.delete(np.arange(2000), [5, 900])], [5, 900]).any()


def test_cells_smaller_than_a_list_still_fill_it(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(500, 8)
    graph = approximate(monkeypatch, matrix, k=60, recall=0.01)
    assert (graph.ids >= 0).all()
    assert graph.scores == pytest.approx(np.take_along_axis(cosines(matrix), graph.ids, axis=1), abs=1e-6)


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = lumps(3000, 24)
    whole = approximate(monkeypatch, matrix)
    monkeypatch.setattr(nearest.CellFinder, "block_rows", 700)
    monkeypatch.setattr(nearest, "_BASE_ROWS", 17)
    monkeypatch.setattr(graph_search, "_UNFOLDED_ROWS", 99)
    cut = approximate(monkeypatch, matrix)
    assert cut.ids.tolist() == whole.ids.tolist()
    assert cut.scores.tolist() == whole.scores.tolist()


def test_progress_counts_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_search, "_UNFOLDED_ROWS", 100)
    seen: list[tuple[str, int, int | None]] = []
    graph_of(gaussian(250, 8), 3, progress=lambda *said: seen.append(said))
    assert seen == [("graph", 100, 250), ("graph", 200, 250), ("graph", 250, 250)]


@pytest.mark.parametrize("wrong", [{"k": 0}, {"recall": 0.0}, {"recall": 1.5}])
def test_what_cannot_be_asked(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        graph_of(gaussian(20, 4), **wrong)  # type: ignore[arg-type]


@pytest.mark.gpu
def test_a_gpu_agrees() -> None:
    if not gpu_count():
        pytest.skip("needs a GPU")
    matrix = lumps(5000, 64)
    agrees(graph_of(matrix, 15, device="cuda"), matrix, 15)
