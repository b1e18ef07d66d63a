"""The protocol on a store, against a slow reading of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.evaluation.versions import protocol
from echodex.evaluation.versions.evaluate import evaluate_versions
from echodex.evaluation.versions.material import Chosen, Material, read_material
from echodex.evaluation.versions.measures import measure
from echodex.evaluation.versions.protocol import VersionsConfig, evaluate_material
from echodex.evaluation.versions.shingles import Shingles
from echodex.indexing.segment_sets.reductions import reduce

Matrix = NDArray[np.float64]


def material_of(store: Store, **chosen: Any) -> Material:
    return read_material(store, store.space(), Chosen(**chosen))


def segments(store: Store, clip_id: str) -> Matrix:
    return unit(store.segments(None, [clip_id])[2].astype(np.float64))


def unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def slowly(store: Store, material: Material, how: str, length: int) -> dict[str, list[float]]:
    """Average precision of the pieces of every query, by clip id."""
    sets = [segments(store, clip_id) for clip_id in material.clip_ids]
    found: dict[str, list[float]] = {}
    for query in material.queries.tolist():
        rows = sets[query]
        pieces = [rows[i * length : (i + 1) * length] for i in range(len(rows) // length)] if length else [rows]
        for piece in pieces or [rows]:
            far = [float(reduce(torch.from_numpy(1 - piece @ other.T), how)) for other in sets]
            answers = material.tracks != material.tracks[query]
            right = answers & (material.works == material.works[query])
            one = measure(np.array([far], np.float32), right[None], answers[None])
            found.setdefault(material.clip_ids[query], []).append(float(one.average_precision[0]))
    return found


@pytest.fixture(params=[False, True], ids=["at once", "in parts"])
def parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With so little memory that everything is cut into parts."""
    if request.param:
        monkeypatch.setattr(protocol, "HELD_BYTES", 1200)
        monkeypatch.setattr(protocol, "QUERY_SEGMENTS", 12)
        monkeypatch.setattr(protocol, "CELLS", {"cpu": 300, "cuda": 300})


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("how", ["bpwr-3", "meanmin", "mean"])
def test_it_is_what_a_slow_reading_says(tunes: Store, how: str) -> None:
    material = material_of(tunes)
    found = evaluate_material(material, VersionsConfig(how, lengths=(0, 2), device="cpu"))
    for length, measures in zip((0, 2), found, strict=True):
        expected = slowly(tunes, material, how, length)
        assert [material.clip_ids[query] for query in material.queries] == list(expected)
        means = [np.mean(values) for values in expected.values()]
        np.testing.assert_allclose(measures.average_precision, means, atol=1e-6)


def test_shingles_are_those_that_were_asked_for(tunes: Store) -> None:
    """A query as its mean, against every other segment of what lies before 1.25 s."""
    material = material_of(tunes)
    raw = [tunes.segments(None, [clip_id])[2].astype(np.float64) for clip_id in material.clip_ids]
    candidate = Shingles(hop_s=0.5, max_s=1.25)
    config = VersionsConfig("min", Shingles(length_s=0.0), candidate, device="cpu")
    means = []
    for query in material.queries.tolist():
        far = [(1 - unit(raw[query].mean(axis=0)) @ unit(rows[:4:2]).T).min() for rows in raw]
        answers = material.tracks != material.tracks[query]
        right = answers & (material.works == material.works[query])
        means.append(measure(np.array([far], np.float32), right[None], answers[None]).average_precision[0])
    np.testing.assert_allclose(evaluate_material(material, config)[0].average_precision, means, atol=1e-6)
    assert len({len(rows) for rows in raw}) > 1


def test_a_column_may_name_the_recording(tunes: Store) -> None:
    material = material_of(tunes, by="rendition", track="work")
    same = material.tracks[:, None] == material.tracks
    assert same.sum() > len(material.clip_ids)
    assert evaluate_material(material, VersionsConfig(device="cpu"))[0].chance.max() <= 1


def test_of_one_vector_a_clip(tunes: Store) -> None:
    whole = tunes.spaces()[0].name
    report = evaluate_versions(tunes, VersionsConfig(device="cpu"), Chosen(), space=whole)
    assert (report.segments, report.candidates, report.queries, report.without) == (22, 22, 19, 3)
    vectors = tunes.vectors(whole)
    far = 1 - vectors.matrix @ vectors.matrix.T
    material = read_material(tunes, tunes.space(whole), Chosen())
    answers = material.tracks != material.tracks[:, None]
    right = answers & (material.works == material.works[:, None])
    asked = material.queries
    expected = measure(far[asked], right[asked], answers[asked]).average_precision.mean()
    assert report.rows[0].map.mean == pytest.approx(expected, abs=1e-6)
    assert report.rows[0].map.mean > 2 * report.chance_map
    assert (report.works, report.unnamed) == (8, 1)
    assert "22 clips of 8 works by 'work' and 1 of none; " in report.header()


def test_lengths_that_no_query_has(tunes: Store) -> None:
    evaluate_material(material_of(tunes), VersionsConfig(lengths=(7,), device="cpu"))
    with pytest.raises(UsageError, match="no query has 8 segments, the longest has 7"):
        evaluate_material(material_of(tunes), VersionsConfig(lengths=(1, 8), device="cpu"))


def test_lengths_that_make_no_sense() -> None:
    for wrong in ((), (-1,), (2, 2)):
        with pytest.raises(UsageError, match="lengths"):
            VersionsConfig(lengths=wrong)
    with pytest.raises(UsageError, match="does not exist"):
        VersionsConfig("bestmin")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_it_is_the_same(tunes: Store) -> None:
    material = material_of(tunes)
    found = [evaluate_material(material, VersionsConfig("bpwr-3", device=device))[0] for device in ("cpu", "cuda")]
    np.testing.assert_allclose(found[0].average_precision, found[1].average_precision, atol=1e-6)
