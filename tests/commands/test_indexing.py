from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import BadInput, NotFound, UsageError

MakeWav = Callable[..., Path]


@pytest.fixture
def run(store: Store, make_wav: MakeWav, tmp_path: Path) -> Callable[..., Result]:
    for seed in range(20):
        make_wav(f"{seed}.wav", seed=seed)
    store.add(tmp_path / "audio")
    store.embed("dummy")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--store", str(store.path), *arguments], catch_exceptions=True)

    return invoke


def by_distance(store: Store, clip: str) -> list[tuple[float, str]]:
    """Return how far the mean of each clip's segments is from that of `clip`, as they were embedded, nearest first."""
    owners, _, raw = store.segments(store.space().name, store.vectors().clip_ids)
    means = {each: raw[np.array(owners) == each].astype(np.float64).mean(axis=0) for each in set(owners)}
    return sorted((float(np.linalg.norm(mean - means[clip])), each) for each, mean in means.items())


def test_build_list_use_and_drop(run: Callable[..., Result], store: Store) -> None:
    built = json.loads(run("index", "build", "--json").stdout)
    assert (built["index"]["kind"], built["index"]["recall"], built["index"]["rows"]) == ("flat", 1.0, 20)
    assert "few enough" in built["reason"]
    run("index", "build", "hnsw", "--metric", "l2", "--set", "m=8", "--recall", "0.9")
    listed = json.loads(run("index", "list", "--json").stdout)
    assert [(index["name"], index["settings"]) for index in listed][1] == ("flat", {})
    assert listed[0]["name"] == "hnsw-l2"
    assert listed[0]["settings"] == {"m": 8}
    clip = store.vectors().clip_ids[0]
    hits = json.loads(run("similar", clip, "--index", "hnsw-l2", "-k", "5", "--json").stdout)
    far = by_distance(store, clip)[1:6]
    assert [hit["clip_id"] for hit in hits] == [other for _, other in far]
    assert [hit["score"] for hit in hits] == pytest.approx([-distance for distance, _ in far], abs=1e-4)
    assert "dropped hnsw-l2" in run("index", "drop", "hnsw-l2").stdout
    assert [index["name"] for index in json.loads(run("index", "list", "--json").stdout)] == ["flat"]


def test_a_published_preset_keeps_its_parameters(run: Callable[..., Result]) -> None:
    built = json.loads(run("index", "build", "nafp-hnsw", "--json").stdout)["index"]
    assert (built["kind"], built["metric"], built["effort"], built["settings"]["m"]) == ("hnsw", "l2", 16, 16)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("index", "build", "nonsense"), UsageError, "flat"),
        (("index", "build", "flat", "--set", "nlist=3"), (UsageError, BadInput), "nlist"),
        (("index", "build", "ivf", "--name", "../x"), UsageError, "name"),
        (("index", "drop", "ivf"), NotFound, "there is: none"),
        (("similar", "x", "--index", "ivf"), NotFound, "index build"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    run: Callable[..., Result], arguments: tuple[str, ...], error: type[Exception], says: str
) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert says in str(result.exception)


def test_segments_are_not_for_similar(run: Callable[..., Result], store: Store) -> None:
    run("index", "build", "--level", "segment")
    result = run("similar", store.vectors().clip_ids[0], "--index", "flat-segments")
    assert isinstance(result.exception, UsageError)
    assert "identify" in str(result.exception)


def test_the_graph_is_made_and_kept(run: Callable[..., Result], store: Store) -> None:
    made = json.loads(run("index", "graph", "-k", "3", "--json").stdout)
    assert made == {"space": store.space().name, "clips": 20, "k": 3, "exact": True, "recall": 1.0, "effort": 0}
    assert "recall" in run("index", "graph", "-k", "2", "--exact").stdout


def test_graphs_are_listed_after_the_indexes_and_dropped_like_them(run: Callable[..., Result], store: Store) -> None:
    run("index", "graph", "-k", "3")
    run("index", "build", "flat")
    listed = json.loads(run("index", "list", "--json").stdout)
    assert [(each["name"], each["kind"], each["rows"]) for each in listed] == [
        ("flat", "flat", 20),
        ("graph-k3-recall0.99", "graph", 20),
    ]
    shelf = store.path / "indexes" / store.space().name
    size = sum(path.stat().st_size for path in shelf.glob("graph-*/*.arrow"))
    assert listed[1] == {
        "name": "graph-k3-recall0.99",
        "space": store.space().name,
        "kind": "graph",
        "metric": "cosine",
        "settings": {"k": 3, "exact": False, "recall": 0.99},
        "level": "clip",
        "rows": 20,
        "effort": 0,
        "recall": 1.0,
        "size_mb": round(size / 1e6, 3),
        "table_version": listed[0]["table_version"],
    }
    assert run("index", "list").stdout.splitlines()[2].split()[:2] == ["graph-k3-recall0.99", "graph"]
    assert "dropped graph-k3" in run("index", "drop", "graph-k3-recall0.99").stdout
    assert [each["name"] for each in json.loads(run("index", "list", "--json").stdout)] == ["flat"]
    assert not [*shelf.glob("graph-*/*.arrow"), *shelf.glob("graph-*/*.json")]
    again = run("index", "drop", "graph-k3-recall0.99").exception
    assert isinstance(again, NotFound)
    assert "there is: flat" in str(again)
