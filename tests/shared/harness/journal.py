"""What of a store a power cut could take although the verb has said that it is done, told from the order of operations.

Of a file that is new or was changed, the content has to be synced, and after that, or after it was given its name, the
folder that has its name.
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
        fresh = {path for path, found in after.items() if before.get(path) != found}
        lost = sorted(at_risk(journal.read_text(), fresh))
        print(json.dumps([not lost, f"{verb}: {', '.join(lost) or 'kept'}"]), flush=True)


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
    for line in journal.splitlines():
        kind, path, other = line.split("\t")
        if kind == "say":
            break
        if kind in ("open", "write", "length"):
            synced.discard(path)
        elif kind == "rename":
            named.discard(other)
            synced = synced - {other} | ({other} if path in synced else set())
        elif kind == "link":
            named.discard(other)
        elif kind == "mkdir" and path not in made:  # Lance makes them again and again
            made.add(path)
            named.discard(path)
        elif kind == "sync":
            synced.add(path)
            named |= {
                file for file in fresh if str(Path(file).parent) == path and (file in synced or Path(file).is_dir())
            }
    return {path for path in fresh if path not in named or not (path in synced or Path(path).is_dir())}
