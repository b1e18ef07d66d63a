"""What several processes train."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..progress import Progress
from .interrupt import InterruptFlag
from .keeper import Keeper


class Task(Protocol):
    """What to train; made of paths and plain data, so that any process can be told.

    teachers: the clips that are learned from; measured: those that the valid loss is measured on; devices: how many
    processes; steps: batches of each in all.
    """

    @property
    def teachers(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def measured(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def devices(self) -> int: ...  # noqa: D102
    @property
    def steps(self) -> int: ...  # noqa: D102
    def train(  # noqa: D102
        self, interrupt: InterruptFlag, progress: Progress, *, rank: int = 0, keeper: Callable[..., Keeper] = Keeper
    ) -> None: ...
