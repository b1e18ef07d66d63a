"""compact: what it says, and that a dry run only says it."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from echodex.api import Store
from echodex.cli import cli


def run(store: Store, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--store", str(store.path), "-q", "compact", *arguments])


def rooms(store: Store, *arguments: str) -> dict[str, dict[str, Any]]:
    told = json.loads(run(store, "--json", *arguments).stdout)
    assert told["bytes_before"] == sum(room["bytes_before"] for room in told["tables"])
    return {room["table"]: room for room in told["tables"]}


def test_rows_of_removed_clips_go_but_for_those_of_a_view(kinds: Store) -> None:
    ids = kinds.clips(["clip_id"]).column(0).to_pylist()
    kinds.remove(ids[:5])
    vectors = f"vectors_{kinds.space().name}"
    assert rooms(kinds, "--dry-run")[vectors]["removed_after"] == 0
    assert rooms(kinds, "--dry-run")[vectors]["removed_before"] == 5
    kinds.prune("random", duplicate_score=0, keep=0.5).save("lean")
    kinds.remove(ids[5:7])
    found = rooms(kinds, "--keep-days", "0")
    assert (found["clips"]["removed_before"], found["clips"]["removed_after"]) == (7, 7)
    assert found["clips"]["held"] == ["view-lean.v1"]
    kinds.delete_view("lean")
    said = run(kinds, "--keep-days", "0").stdout.splitlines()
    assert said[0].split("  ")[0] == "table"
    assert next(line for line in said if line.startswith("clips ")).split()[1:6] == ["1", "7", "to", "0", "2"]
    assert said[-1].endswith("MB")
    assert "of tables are now" in said[-1]


def test_what_others_may_read_stays_and_that_is_said(kinds: Store) -> None:
    """This process has the store open twice: once in the test, once in the command."""
    assert kinds.tables.count("clips") == 72
    assert "others have the store open: what they may still read stays for a day" in run(kinds).stdout
    assert "others" not in run(kinds, "--keep-days", "0").stdout
    assert run(kinds, "--keep-days", "-1").exit_code == 2


def test_graphs_maps_and_clusterings_still_serve_after_it(kinds: Store) -> None:
    [removed, *_] = kinds.sources(kinds.clips(["clip_id"]).column(0).to_pylist())
    kinds.remove([removed.clip_id])
    kinds.add(removed.path)
    kinds.embed("dummy")
    kinds.build_index("flat")
    kinds.knn_graph(3)
    kinds.map()
    kinds.cluster(min_cluster_size=5)
    made = kinds.indexes(), kinds.graphs(), kinds.maps(), kinds.cluster_runs()
    table = f"vectors_{kinds.space().name}"
    found = rooms(kinds, "--keep-days", "0")[table]
    assert (found["fragments_before"], found["fragments_after"], found["versions_after"]) == (2, 2, 1)
    kinds.knn_graph(3)
    kinds.map()
    kinds.cluster(min_cluster_size=5)
    assert (kinds.indexes(), kinds.graphs(), kinds.maps(), kinds.cluster_runs()) == made
    kinds.remove([removed.clip_id])
    assert rooms(kinds, "--keep-days", "0")[table]["held"] == ["index-flat", "map pca"]  # the others are behind
