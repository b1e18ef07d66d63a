"""What runs on a node: a process that does one shard after the other, and keeps what the work caches meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from ..errors import UsageError


class EchodexWorker:
    """An actor of Ray's. version: of echodex where the work comes from; first_core, cores: those of this machine that
    it may use, counted round.
    """

    def __init__(self, version: str, first_core: int, cores: int) -> None:
        self._version = version
        self._kept: tuple[str, Callable[[Any], Any]] | None = None
        if hasattr(os, "sched_setaffinity"):
            all_cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {all_cores[at % len(all_cores)] for at in range(first_core, first_core + cores)})

    def ready(self) -> None:
        """Say that this worker is there. Raises UsageError where its echodex is another one."""
        if version() != self._version:
            raise UsageError(
                f"{os.uname().nodename} has echodex {version()}, and this is {self._version}: install the same on "
                "every node"
            )

    def do(self, name: str, work: list[Any], content: Any) -> Any:
        """Return what `work`, a list of one reference, returns for `content`; fetched once for all of that name."""
        import ray

        if self._kept is None or self._kept[0] != name:
            self._kept = None  # what it holds goes before more comes
            self._kept = name, ray.get(work[0])
        return self._kept[1](content)


def version() -> str:
    """Return which echodex this is, as its first package says, which stands above all floors."""
    return str(sys.modules[__name__.partition(".")[0]].__version__)
