"""What was decided survives pruning again, can be undone, and is lost to nobody who decides at the same time."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import Any

from echodex.api import Store
from echodex.pruning.plan import reopen
from echodex.schemas.hit import DuplicateGroup

PRUNE: dict[str, Any] = {"duplicate_score": 0.9, "min_cluster_size": 5}


def ids(store: Store) -> list[str]:
    found: list[str] = store.clips(["clip_id"]).column(0).to_pylist()
    return found


def first_group(store: Store) -> DuplicateGroup:
    return store.duplicates(min_score=0.9)[0]


def test_decide_prune_undo_prune_gives_the_first_view_again(kinds: Store) -> None:
    first = kinds.prune(**PRUNE).save("lean")
    group = [member.clip_id for member in first_group(kinds).members]
    out = next(row["clip_id"] for row in first.rows().to_pylist() if not row["kept"] and row["clip_id"] not in group)
    made = [
        kinds.decide("pin", out),
        kinds.decide("distinct", group[0], group[1]),
        kinds.decide("representative", group[2]),
    ]
    second = kinds.prune(**PRUNE).save("lean")
    assert second.content_hash != first.content_hash
    assert kinds.prune(**PRUNE).save("lean").content_hash == second.content_hash, "they survive pruning again"
    rows = {row["clip_id"]: row for row in second.rows().to_pylist()}
    assert rows[out]["reason"] == "pinned"
    assert rows[group[1]]["representative"] != group[0] or rows[group[1]]["reason"] != "duplicate"
    assert rows[group[2]]["reason"] != "duplicate"
    assert first_group(kinds).representative == group[2]
    for one in made:
        kinds.undo_decision(one.decision_id)
    third = kinds.prune(**PRUNE).save("lean")
    assert third.content_hash == first.content_hash
    assert third.rows().equals(first.rows())
    assert third.recipe == first.recipe
    assert [member.clip_id for member in first_group(kinds).members] == group
    assert reopen(kinds, "lean@2").rows.equals(second.rows().drop_columns("row_id")), "what was saved stays what it is"


def test_decisions_about_a_removed_clip_do_not_count_until_it_is_back(kinds: Store) -> None:
    clip = ids(kinds)[0]
    [source] = kinds.sources([clip])
    kinds.decide("pin", clip)
    kinds.decide("distinct", clip, ids(kinds)[1])
    kinds.remove([clip])
    assert "decisions" not in kinds.prune(**PRUNE).plan.recipe
    kinds.add(source.path)
    kinds.embed("dummy")
    assert set(kinds.prune(**PRUNE).plan.recipe["decisions"]) == {"pin", "distinct"}


DECIDE = """
import sys
from echodex.api import Store
store, clips = Store.open(sys.argv[1]), sys.argv[2:]
for one, other in zip(clips, clips[1:]):
    store.decide("pin", one)
    store.undo_decision(store.decide("distinct", one, other).decision_id)
"""


def test_processes_that_decide_at_once_lose_nothing(kinds: Store) -> None:
    clips = ids(kinds)[:12]
    parts = [clips[start : start + 6] for start in (0, 4, 6)]  # they overlap
    script = [sys.executable, "-c", DECIDE, str(kinds.path)]
    running = [subprocess.Popen([*script, *part]) for part in parts]
    assert [process.wait(timeout=240) for process in running] == [0, 0, 0]
    made = kinds.decisions(undone=True)
    assert [one.decision_id for one in made] == [f"d{number}" for number in range(1, len(made) + 1)]
    standing = kinds.decisions()
    assert sorted(one.clip_id for one in standing) == sorted({clip for part in parts for clip in part[:-1]})
    pairs = {tuple(sorted(pair)) for part in parts for pair in pairwise(part)}
    assert {(one.clip_id, one.other) for one in made if one.kind == "distinct"} == pairs
