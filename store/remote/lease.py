"""The writer lock of a store on object storage: a lease, by objects `.lock/<number>` that are only made, not replaced.

Whoever has the highest number holds the lock, until the object is empty, which releases it. Who wants it makes the next
number by a put that fails where somebody else was first; then looks whether it is the highest, for one that dawdled
may have made a number that is long over. The holder writes to its object every RENEW_S. Who waits and sees no change
for LEASE_S, by its own clock, takes the holder for dead and makes the next number: no two clocks are ever compared.

A holder that stands still for so long (a suspended machine) may still commit what it was about to. Lance refuses it
where the two commits do not go together, and store/doubles.py takes clips out again that both added.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import StorageError, StoreLocked
from .objects import Object, Objects

FOLDER = ".lock"
LEASE_S = 30.0
RENEW_S = 5.0
_POLL_S = (0.05, 1.0)
"""How long who waits pauses between two looks: at first, and at last."""
_KEPT = 8
"""Numbers that are over are removed once there are so many."""


@contextmanager
def lease(objects: Objects, folder: str, place: str, descriptor: int, wait_s: float) -> Iterator[None]:
    """Hold the lock of a folder of `objects` for the length of the block.

    place: what to call it. descriptor: an open file that this process holds locked: of a holder that says it was this
    very file that it held locked, nobody lives. Waits up to `wait_s` seconds for a holder that lives; then raises
    StoreLocked. Raises StorageError.
    """
    taken = _Lease(objects, f"{folder}/{FOLDER}" if folder else FOLDER, _kernel(descriptor))
    taken.acquire(place, wait_s)
    try:
        with taken.renewing():
            yield
    finally:
        taken.release()


class _Lease:
    def __init__(self, objects: Objects, folder: str, kernel: str) -> None:
        self._objects, self._folder, self._kernel = objects, folder, kernel
        self._mark = secrets.token_hex(8)
        self._number = 0
        self._beat = 0

    def acquire(self, place: str, wait_s: float) -> None:
        """Make the number that holds the lock."""
        seen: tuple[int, str] | None = None
        since_s = began_s = time.monotonic()
        pause_s, asked = _POLL_S[0], False
        while True:
            numbers = self._numbers()
            last = max(numbers, default=0)
            now_s = time.monotonic()
            held = numbers[last] if last and numbers[last].size_bytes else None
            if held is None or (seen == (last, held.mark) and now_s - since_s > LEASE_S):
                if self._make(last + 1):
                    return
                continue
            if seen != (last, held.mark):
                if seen and seen[0] == last and now_s - began_s > wait_s:
                    raise _locked(place)
                seen, since_s = (last, held.mark), now_s
            elif now_s - began_s > max(wait_s, LEASE_S + RENEW_S):
                raise _locked(place)
            if not asked and self._kernel and self._told(last).startswith(f"{self._kernel} "):
                since_s = float("-inf")
            asked = True
            time.sleep(0.0 if since_s == float("-inf") else pause_s)
            pause_s = min(2 * pause_s, _POLL_S[1])

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Say every RENEW_S that the holder lives, for the length of the block."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(RENEW_S):
                with suppress(StorageError):  # it is tried again, and others wait for LEASE_S
                    self._beat += 1
                    self._objects.put(self._name(self._number), self._content())

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def release(self) -> None:
        """Let the next one have the lock; where that cannot be said, it finds out after LEASE_S."""
        with suppress(StorageError):
            self._objects.put(self._name(self._number), b"")

    def _make(self, number: int) -> bool:
        """Make a number; return whether it holds the lock."""
        if not self._objects.create(self._name(number), self._content()):
            return False
        self._number = number
        numbers = self._numbers()
        if max(numbers, default=number) > number:
            self.release()
            return False
        if len(numbers) > _KEPT:
            with suppress(StorageError):
                self._objects.remove([self._name(one) for one in numbers if one < number])
        return True

    def _numbers(self) -> dict[int, Object]:
        found = self._objects.below(self._folder)
        named = {name.rpartition("/")[2]: one for name, one in found.items()}
        return {int(name): one for name, one in named.items() if name.isdecimal()}

    def _told(self, number: int) -> str:
        return (self._objects.read(self._name(number)) or b"").decode(errors="replace")

    def _name(self, number: int) -> str:
        return f"{self._folder}/{number:016}"

    def _content(self) -> bytes:
        return f"{self._kernel} {self._mark} {self._beat}".encode()


def _kernel(descriptor: int) -> str:
    """Return what names a file that is held locked among all machines: where it lies, and since when this one is up.
    "" where the system does not tell.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    found = os.fstat(descriptor)
    return f"{boot}/{found.st_dev}/{found.st_ino}"


def _locked(place: str) -> StoreLocked:
    return StoreLocked(f"another process is writing to {place}; wait for it to finish, then run the same command again")
