"""`add` by workers: each reads, hashes and decodes shards of files; what they find is committed here, as ever.

What is committed is what is finished: a driver that comes after one that was killed passes over it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..audio.children.pool import Children
from ..audio.limits import Limits
from ..errors import BadInput, NotFound
from ..schemas.clip import Source
from .identity import content_hash
from .ingest import COMMIT_CLIPS, Examined, decode_audio, examine
from .known import Known
from .pipeline import in_order
from .reading import AHEAD_CLIPS, BATCH_CLIPS, Problem
from .shards import Shard, Workers, cut
from .tables import Tables


@dataclass(frozen=True)
class ExamineShard:
    """Work: say of each source whether it is known, or how decoding it came out."""

    tables: Tables
    limits: Limits

    @cached_property
    def known(self) -> Known:
        """What the store knew when this worker began: what was added since is united when it is committed."""
        return Known(self.tables)

    def __call__(self, sources: Sequence[Source]) -> list[Examined]:
        """Return the sources in their order, without waveforms."""
        with Children() as children:
            decode = decode_audio(children)
            known = self.known
            work = in_order(
                lambda source: examine(source, known, lambda new: decode(new, self.limits, None)),
                sources,
                ahead=AHEAD_CLIPS,
            )
            return list(work)


def examined_by(
    workers: Workers, tables: Tables, sources: Sequence[Source], limits: Limits
) -> Generator[list[Examined], None, None]:
    """Yield all sources, a shard at a time, in any order.

    Raises NotFound for a file that can be read here, and not by a worker: a node does not see it.
    """
    pieces = cut(sources, workers.count, COMMIT_CLIPS, BATCH_CLIPS)
    shards = (Shard(f"{len(piece)} files from {piece[0].path} on", piece) for piece in pieces)
    for _, examined in workers.each(ExamineShard(tables, limits), shards):
        for item in examined:
            if item.problem:
                _check_seen(item.source.path, item.problem)
        yield examined


def _check_seen(path: str, problem: Problem) -> None:
    try:
        path.encode()
        content_hash(Path(path))
    except (OSError, ValueError, BadInput):
        return
    raise NotFound(
        f"a worker cannot read {path} ({problem.detail}), and here it can be read: every node must see the files under "
        "the same paths, on a file system that they share"
    )
