"""What of a store a power cut could take although the verb has said that it is done, told from the order of operations.

Of a file that is new or was changed, the content has to be synced, and the folder once it has its name. What lies in a
folder that was moved moved with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .bench import Bench

WORKER = "from harness.journal import worker; worker()"
EXCUSED = {
    ".lock": "holds nothing",
    "activity": "of processes that are at work",
    "seals": "the next writer makes up for them",
    "latest_version_hint.json": "Lance looks into the folder where it is wrong",
    "events.out.tfevents": "a copy of metrics.jsonl for TensorBoard",
}
"""Files that are not worth waiting for, by how their names begin, and why."""

State = dict[str, tuple[int, int, int]]


def worker() -> None:
    """Journal each verb; print each as a line of JSON: whether all was synced when it spoke, and what was not."""
    verbs = sys.argv[2:]
    bench = Bench(Path(sys.argv[1]), verbs)
    for verb in verbs:
        store, journal = bench.begin(verb, "journalled"), bench.folder / "journal"
        journal.unlink(missing_ok=True)
        before = state(store)
        outcome = bench.run(store, verb, journal=journal)
        assert outcome.code == 0, outcome
        after = state(store)
        lost = sorted(at_risk(journal.read_text(), changed(before, after)))
        print(json.dumps([not lost, f"{verb}: {', '.join(lost) or 'kept'}"]), flush=True)


def changed(before: State, after: State) -> set[str]:
    """Return the files and folders that are new, changed, or have another name; not what lies in a folder that has."""
    other = {path for path, found in after.items() if before.get(path) != found}
    known = set(before.values())
    moved = {path for path in other if after[path] in known}
    return {path for path in other if not (path in moved and str(Path(path).parent) in moved)}


def state(store: Path) -> State:
    """Return inode, size and time of every file, and the inode of every folder, of a store but for the EXCUSED."""
    found: State = {}
    for path in store.rglob("*"):
        about = path.lstat()
        found[str(path)] = (about.st_ino, 0, 0) if path.is_dir() else (about.st_ino, about.st_size, about.st_mtime_ns)
    return {
        path: told
        for path, told in found.items()
        if not any(part.startswith(tuple(EXCUSED)) for part in Path(path).parts)
    }


def at_risk(journal: str, fresh: set[str]) -> set[str]:
    """Return which of the files and folders `fresh` were not synced when stdout was first written to."""
    synced: set[str] = set()
    named: set[str] = set()
    made: set[str] = set()
    names: dict[str, set[str]] = {}
    for line in journal.splitlines():
        kind, path, other = line.split("\t")
        if kind == "say":
            break
        if kind in ("open", "write", "length"):
            synced.discard(path)
        elif kind == "has":
            names.setdefault(str(Path(path).parent), set()).add(path)
        elif kind == "sync":
            synced.add(path)
            named |= names.pop(path, set())
        elif kind in ("rename", "link") or (
            kind == "mkdir" and path not in made
        ):  # Lance makes folders again and again
            fresh_name = path if kind == "mkdir" else other
            made.add(fresh_name)
            named.discard(fresh_name)
            names.get(str(Path(fresh_name).parent), set()).discard(fresh_name)
            if kind == "rename":
                synced = synced - {other} | ({other} if path in synced else set())
    return {path for path in fresh if path not in named or not (path in synced or Path(path).is_dir())}
