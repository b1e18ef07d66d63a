"""Verbs on disks that really are full: small ones in memory, mounted where nobody but the worker sees them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .bench import Bench
from .trials import complained_badly, completed_wrongly

WORKER = "from harness.full_disk import worker; worker()"
OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")
"""Starts a process with mounts of its own; they are gone with it."""


def can_mount() -> bool:
    """Return whether this machine lets a process have mounts of its own."""
    if shutil.which(OWN_MOUNTS[0]) is None:
        return False
    tried = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def worker() -> None:
    """Try each verb on disks of each size; print each trial as a line of JSON: whether it was kept, and what it was.

    The disk has room for `share` of what the verb writes.
    """
    verbs, cases = json.loads(sys.argv[2])
    bench = Bench(Path(sys.argv[1]), verbs)
    for verb in verbs:
        whole, _ = bench.whole(verb)
        for size_mib, share in cases:
            with _disk(bench.folder / "disk", size_mib) as disk:
                wrong = _wrong(bench, verb, disk, share, whole)
            print(json.dumps([not wrong, f"{verb}, {size_mib} MiB, {share}: {wrong or 'kept'}"]), flush=True)


def _wrong(bench: Bench, verb: str, disk: Path, share: float, whole: dict[str, Any]) -> str | None:
    store = bench.begin(verb, "library", disk)
    before = _used_bytes(disk)
    assert bench.run(store, verb).code == 0
    written = _used_bytes(disk) - before
    store = bench.begin(verb, "library", disk)
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(status.f_bavail * status.f_bsize - int(share * written), 1))
    ended = bench.run(store, verb)
    badly = complained_badly(ended, full=True)
    ballast.unlink()
    return badly or completed_wrongly(bench, verb, store, ended, whole)


def _used_bytes(disk: Path) -> int:
    status = os.statvfs(disk)
    return (status.f_blocks - status.f_bfree) * status.f_bsize


@contextmanager
def _disk(place: Path, size_mib: int) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
