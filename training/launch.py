"""Processes that somebody else started for one training: torchrun, Ray Train, or this program itself.

They are known by what torchrun puts into the environment, which others have taken over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..errors import UsageError

ADDRESS = ("MASTER_ADDR", "MASTER_PORT")
_PLACE = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@dataclass(frozen=True)
class Launch:
    """rank: of this process among the `world` of them, which is the first if 0; local_*: the same on its machine."""

    rank: int
    world: int
    local_rank: int
    local_world: int

    @property
    def machines(self) -> int:
        """How many machines there are, each with as many processes."""
        return self.world // self.local_world

    def environment(self, address: str, port: int) -> dict[str, str]:
        """Return what a process is told of its place, and where the first one listens."""
        place = (self.rank, self.world, self.local_rank, self.local_world)
        return dict(zip((*_PLACE, *ADDRESS), (*map(str, place), address, str(port)), strict=True))


def launched() -> Launch | None:
    """Return the place of this process in a launch of several, None where it was started alone.

    Raises UsageError where machines have different numbers of them.
    """
    if not all(os.environ.get(name) for name in (*_PLACE, *ADDRESS)):
        return None
    launch = Launch(*(int(os.environ[name]) for name in _PLACE))
    if launch.world % launch.local_world:
        raise UsageError(
            f"{launch.world} processes were started, {launch.local_world} of them on this machine; start the same "
            "number on each"
        )
    return launch if launch.world > 1 else None
