"""Workers and object storage together: a store at a URI comes to what a local one does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from harness.cluster import run

from echodex.api import Store
from echodex.store.remote.tables import files_below
from echodex.store.spaces import table_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray: pip install 'echodex[ray]'"),
]


def test_a_store_at_a_uri_is_filled_compared_and_pruned_by_workers(remote: str, sounds: Path, local: Store) -> None:
    """On a cluster of this machine's own cores, whose workers have its environment."""
    for verb in (
        ["add", sounds],
        ["embed", "timbre"],
        ["materialise", "--rate", "8000"],
        ["index", "build", "ivf"],
        ["prune", "facility", "--eps", "0.02", "--as", "lean"],
    ):
        run("--store", remote, *verb, "--ray")
    store = Store.open(remote, create=False)
    assert store.clips(["clip_id"]).equals(local.clips(["clip_id"]))
    columns = ["clip_id", "segment", "vector"]
    found, wanted = (
        one.tables.scan(table_of(one.space()), columns).sort_by([("clip_id", "ascending"), ("segment", "ascending")])
        for one in (store, local)
    )
    assert found.select(["clip_id", "segment"]).equals(wanted.select(["clip_id", "segment"]))
    ours, theirs = (np.stack(table.column("vector").to_numpy()) for table in (found, wanted))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert store.tables.count("waveforms_8000") == len(local.clips(["clip_id"]))
    local.prune("facility", eps=0.02).save("lean-local")
    assert store.clips(["clip_id"], view="lean").equals(local.clips(["clip_id"], view="lean-local"))
    clip_id = found.column("clip_id")[7].as_py()
    assert store.similar(clip_id, k=3)[0].clip_id in local.clips(["clip_id"]).column(0).to_pylist()
    assert store.check(data=True).findings == ()
    assert not [name for name in files_below(f"{remote}/loose") if not name.startswith(".")]
