"""A DataLoader over a view: vectors of a space, or waveform crops, straight from the store.

Crops come from the table that `materialise` wrote at their rate, as far as it holds the clips, else from the files.

The order of an epoch depends on (seed, epoch) alone, never on the number of workers, nor on that of ranks that share a
batch; what was consumed can be kept and gone on from. Workers are fresh processes and are given paths and plain data:
LanceDB, FAISS and OpenMP do not survive a fork. They end with the loader, or with its process. As with every such
worker, a script that uses them guards its main part with `if __name__ == "__main__":`.
"""

from __future__ import annotations

import atexit
import hashlib
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, cast, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ..errors import BadInput, NotFound, UsageError
from ..schemas.view import ALL
from ..store.store import Store
from ..store.waveforms import open_waveforms
from .crops import CropConfig, CropReader
from .fetch import Reader, chosen, fetch_batches
from .labels import LABELS, Labels, read_labels
from .lifeline import Lifeline, born_deaf, live_by
from .order import Shuffle, epoch_rows
from .shards import Shard, worker_batches
from .vectors import open_vectors

MEMORY_BYTES = 2 << 30
_BLOCK_ROWS = 256
_LANES = 8
_BUFFER_ROWS = 16_384
_GRACE_S = 1.0
_DEAF_S = 10.0
"""What a worker may still do when its loader is closed, and after SIGTERM: PyTorch, too, ends workers by that."""


class ClipIds(Sequence[str]):
    """The clips of a batch, looked up when somebody asks: many trainings never do, and have thousands a millisecond."""

    def __init__(self, ids: NDArray[np.object_], rows: NDArray[np.int64]) -> None:
        self._ids, self._rows = ids, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> list[str]: ...
    def __getitem__(self, item: int | slice) -> str | list[str]:
        found = self._ids[self._rows[item]]
        return [str(clip_id) for clip_id in found] if isinstance(item, slice) else str(found)

    def __iter__(self) -> Iterator[str]:
        return iter(self[:])

    def __repr__(self) -> str:
        return repr(self[:])


class Batch(NamedTuple):
    """inputs: float32[b, d] unit vectors, float32[b, samples] crops or, with several of each clip, float32[b, crops,
    samples]; clip_ids: the b clips.

    targets: float32[b, c] of zeros and ones where clips have several labels, int64[b] classes (-1: none) elsewhere,
    float32[b, 0] where there are none. skipped: clips of this batch whose audio could not be read, and why; b is
    smaller by as many.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    clip_ids: Sequence[str]
    skipped: dict[str, str]


def view_loader(  # noqa: PLR0913  (what a DataLoader takes)
    store: Store,
    view: str = ALL,
    *,
    batch_size: int,
    clip_ids: Sequence[str] | None = None,
    seconds: float | None = None,
    sample_rate_hz: int = 22_050,
    pad: str = "repeat",
    crops: int = 1,
    space: str | None = None,
    labels: str | None = LABELS,
    seed: int = 0,
    workers: int = 0,
    rank: int = 0,
    world_size: int = 1,
    drop_last: bool = False,
    strict: bool = False,
    memory_bytes: int = MEMORY_BYTES,
) -> ViewLoader:
    """Return a loader over the clips that `view` keeps (of `clip_ids`, if given), in a new order every epoch.

    seconds: length of waveform crops at `sample_rate_hz`, of each clip and epoch as many as `crops` from random places,
    short clips filled up by `pad` ("repeat" or "zero"); None for the vectors of `space` (None: the newest). labels: the
    clips column that gives the targets, None for no targets. Every rank gets the same number of batches: with
    `drop_last` the odd rows are left out, otherwise the first ones come again; see shards.Shard. strict: unreadable
    audio stops with BadInput instead of being skipped. Vectors above `memory_bytes` are shuffled in blocks of rows and
    read from a file; below, rows are permuted one by one.
    """
    shard = Shard(batch_size, rank, world_size, drop_last)
    shuffle = Shuffle(seed)
    if seconds is None:
        source = open_vectors(store, view, space, memory_bytes=memory_bytes, shared=workers > 0)
        found, reader = chosen(source.clip_ids, cast(Reader, source.reader), clip_ids)
        if not source.in_memory:
            shuffle = Shuffle(seed, _BLOCK_ROWS, _LANES, max(1, _BUFFER_ROWS // shard.step))
    else:
        found = store.clips(["clip_id"], view=view, clip_ids=clip_ids).column(0).to_pylist()
        config = CropConfig(seconds, sample_rate_hz, pad, seed, crops)
        waveforms = open_waveforms(store.tables, sample_rate_hz, found)
        reader = CropReader(store.sources(found, view=view), config, waveforms)
    if not found:
        raise UsageError(f"view {view!r} of {store.place} keeps no clip that could be loaded")
    feed = _Feed(reader, len(found), shuffle, shard)
    return ViewLoader(feed, found, _labels(store, labels, view), workers=workers, strict=strict)


def reader_loader(
    reader: Reader,
    names: list[str],
    *,
    shard: Shard,
    seed: int = 0,
    workers: int = 0,
    strict: bool = False,
) -> ViewLoader:
    """Return a loader over the rows that `reader` reads, without targets; their names are its `clip_ids`.

    The rest is as in `view_loader`.
    """
    return ViewLoader(_Feed(reader, len(names), Shuffle(seed), shard), names, None, workers=workers, strict=strict)


_Delivery = tuple[NDArray[np.int64], torch.Tensor, dict[str, str]]
"""Rows that were read, their inputs, and what was skipped."""


@dataclass
class _Feed(IterableDataset[_Delivery]):
    """The batches of an epoch as they are read; runs in each worker. `position` is shared with the loader."""

    reader: Reader
    count: int
    shuffle: Shuffle
    shard: Shard

    def __post_init__(self) -> None:
        self.position = torch.zeros(2, dtype=torch.int64)  # epoch, first batch
        self.batches = self.shard.batches(self.count)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[_Delivery]:
        epoch, start = self.position.tolist()
        info = get_worker_info()
        mine = worker_batches(self.batches, start, info.id if info else 0, info.num_workers if info else 1)
        rows, size = epoch_rows(self.count, self.shuffle, self.shard, epoch), self.shard.batch_size
        batches = {number: rows[number * size : (number + 1) * size] for number in mine}
        for found in fetch_batches(self.reader, batches, self.shuffle.lanes, self.shuffle.buffer_batches, epoch):
            yield found.rows, found.inputs, found.skipped


class ViewLoader(DataLoader[Any]):
    """Yields Batches. `for` over it is one epoch; the next `for` is the next.

    clip_ids: all clips, n of them; classes: the labels in the order of the targets; skipped: every clip whose audio
    could not be read so far, and why. `close` ends its workers; a next `for` starts others.
    """

    def __init__(self, feed: _Feed, clip_ids: list[str], labels: Labels | None, *, workers: int, strict: bool) -> None:
        self._feed, self._strict = feed, strict
        self._ids = np.array(clip_ids, dtype=object)
        self.classes = labels.classes if labels else ()
        targets: NDArray[Any] = labels.targets(clip_ids) if labels else np.zeros((len(clip_ids), 0), np.float32)
        self._targets = torch.from_numpy(targets)
        self.skipped: dict[str, str] = {}
        self._next, self._now = (0, 0), (0, 0)
        self._lifeline: Lifeline | None = None
        if workers:
            feed.position.share_memory_()  # type: ignore[no-untyped-call]
            atexit.register(_close, weakref.ref(self))
        super().__init__(
            feed,
            batch_size=None,
            num_workers=workers,
            collate_fn=_as_it_is,
            multiprocessing_context="spawn" if workers else None,
            persistent_workers=workers > 0,
        )

    def close(self) -> None:
        """End the workers, in a second at most."""
        workers: Any = self._iterator
        self._iterator = None
        if self._lifeline:
            self._lifeline.cut()
            self._lifeline = None
        if workers is not None:  # which has no length
            workers._shutdown_workers()  # what PyTorch does when it is garbage, which a traceback may put off

    @property
    def clip_ids(self) -> list[str]:
        """The clips of the view, in the order that rows are counted in."""
        return list(self._ids)

    def set_epoch(self, epoch: int) -> None:
        """Make the next `for` the epoch `epoch`, from its start."""
        self._next = (epoch, 0)

    def state_dict(self) -> dict[str, Any]:
        """Return where the loader is: epoch, batches consumed of it, and what it runs over."""
        epoch, batches = self._now
        return {"epoch": epoch, "batches": batches, "order": self._order()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Make the next `for` go on exactly behind the batches that `state` says were consumed.

        Raises UsageError where this loader runs over other clips, or in another order. The number of workers may
        differ, and that of ranks, where they share batches of the same size.
        """
        if state["order"] != self._order():
            raise UsageError(
                "the loader's state is of another view, seed or batch size; make the same loader again (with other "
                "ranks, one whose batch_size times world_size is the same)"
            )
        self._next = self._now = (int(state["epoch"]), int(state["batches"]))

    def __iter__(self) -> Any:
        epoch, start = self._next
        if start >= len(self._feed):
            epoch, start = epoch + 1, 0
        self._next, self._now = (epoch + 1, 0), (epoch, start)
        self._feed.position.copy_(torch.tensor([epoch, start]))
        # without workers there is nothing for PyTorch's own iterator to do but to take its time
        return self._batches(self._worked() if self.num_workers else iter(self._feed))

    def _worked(self) -> Iterator[_Delivery]:
        """Let the workers begin an epoch, and start them where there are none."""
        if self._lifeline:
            return super().__iter__()
        self._lifeline = Lifeline()
        self.worker_init_fn = partial(_work, self._lifeline.end)
        with born_deaf():
            return super().__iter__()

    def _batches(self, deliveries: Iterator[_Delivery]) -> Iterator[Batch]:
        for rows, inputs, skipped in deliveries:
            self.skipped.update(skipped)
            if skipped and (self._strict or not len(rows)):
                what, reason = "a clip" if self._strict else "every clip of a batch", next(iter(skipped.values()))
                raise BadInput(f"{what} cannot be read, so the loader stops: {reason}")
            self._now = (self._now[0], self._now[1] + 1)
            yield Batch(inputs, self._targets[torch.from_numpy(rows)], ClipIds(self._ids, rows), skipped)

    def _order(self) -> str:
        shard = self._feed.shard
        together = Shard(shard.step, drop=shard.drop)
        state = hashlib.blake2b(repr((self._feed.shuffle, together)).encode(), digest_size=16)
        state.update("\n".join(self._ids).encode())
        return state.hexdigest()


def _labels(store: Store, column: str | None, view: str) -> Labels | None:
    if column is None:
        return None
    try:
        return read_labels(store, column, view)
    except NotFound:
        if column == LABELS:  # the default asks for what there is
            return None
        raise


def _as_it_is(delivery: Any) -> Any:
    return delivery


def _work(end: Connection, _: int) -> None:
    live_by(end, grace_s=_GRACE_S, deaf_s=_DEAF_S)


def _close(reference: weakref.ref[ViewLoader]) -> None:
    loader = reference()
    if loader:
        loader.close()
