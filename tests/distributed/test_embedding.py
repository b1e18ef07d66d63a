"""`embed --ray` comes to what `embed` comes to, whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from harness.cluster import Nodes, run, start, wait_for

from echodex.api import Store
from echodex.store.spaces import table_of

pytestmark = pytest.mark.slow


def check_same(store: Store, local: Store) -> None:
    """Fail unless a store holds each clip of the other's newest space once, with the same vectors, whole."""
    ours, theirs = store.space(), local.space()
    assert ours.digest == theirs.digest
    columns = ["clip_id", "segment", "start_s", "vector", "row_sum"]
    rows, expected = (
        one.tables.scan(table_of(space), columns).sort_by([("clip_id", "ascending"), ("segment", "ascending")])
        for one, space in ((store, ours), (local, theirs))
    )
    assert rows.select(["clip_id", "segment", "start_s"]).equals(expected.select(["clip_id", "segment", "start_s"]))
    found, wanted = (np.stack(table.column("vector").to_numpy()) for table in (rows, expected))
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert store.check(data=True).findings == ()
    assert not list((store.path / "loose").glob("*.lance"))


def data_files(store: Store) -> dict[str, int]:
    """When each data file of the newest space was written."""
    folder = store.path / f"{table_of(store.space())}.lance" / "data"
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.lance")}


def test_a_cluster_embeds_what_this_machine_does(nodes: Nodes, added: Store, local: Store) -> None:
    said = run("--store", added.path, "embed", "timbre", "--ray", nodes.address)
    assert "embedded 400 clips, 0 known" in said
    check_same(added, local)
    assert "embedded 0 clips, 400 known" in run("--store", added.path, "embed", "timbre", "--ray", nodes.address)
    wait_for(lambda: not nodes.workers())


def test_a_worker_that_is_killed_is_missed_by_nobody(nodes: Nodes, added: Store, local: Store) -> None:
    process = start("--store", added.path, "embed", "timbre", "--ray", nodes.address)
    for _ in range(2):
        wait_for(lambda: bool(nodes.at_work()))
        os.kill(nodes.at_work()[0], signal.SIGKILL)
    out, err = process.communicate(timeout=170)
    assert process.returncode == 0, err
    assert "embedded 400 clips" in out
    check_same(added, local)


def test_what_was_finished_when_the_driver_was_killed_is_not_done_again(
    nodes: Nodes, added: Store, local: Store
) -> None:
    process = start("--store", added.path, "embed", "timbre", "--ray", nodes.address)
    wait_for(lambda: bool(added.spaces()) and bool(data_files(added)))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not nodes.workers())
    before = data_files(added)
    held = added.tables.count(table_of(added.space()))
    assert 0 < held < 400
    said = run("--store", added.path, "embed", "timbre", "--ray", nodes.address)
    assert f"{held} known" in said
    assert before.items() <= data_files(added).items()
    check_same(added, local)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_as_without_a_cluster(nodes: Nodes, added: Store, number: int, code: int) -> None:
    process = start("--store", added.path, "embed", "timbre", "--ray", nodes.address)
    wait_for(lambda: bool(nodes.at_work()))
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.strip().splitlines()[-1].startswith("interrupted; what was finished is kept")
    wait_for(lambda: not nodes.workers())


def test_a_cluster_that_does_not_answer_is_said_so(nodes: Nodes, added: Store) -> None:
    process = start("--store", added.path, "embed", "timbre", "--ray", "127.0.0.1:1")
    _, err = process.communicate(timeout=170)
    assert process.returncode == 69
    assert err.startswith("error: no Ray cluster answers at 127.0.0.1:1")
    assert len(err.splitlines()) == 1
