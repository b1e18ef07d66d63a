"""`embed --frames`: vectors from frames that are in the store, for clips without audio or where computing them again
would take long.

Safe to interrupt and to repeat, as all embedding is: what is there is not done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...encoders.base import Encoder, FrameEncoder
from ...errors import NotFound, UsageError
from ...progress import Progress
from ..embedding import Embedder, EmbedReport
from ..joining import join_small
from ..lock import writer_lock
from ..reading import BATCH_CLIPS
from ..spaces import table_of
from .table import MADE_BY, held_frames

if TYPE_CHECKING:
    from ..store import Store


def embed_frames(
    store: Store,
    encoder: Encoder,
    name: str,
    *,
    view: str | None = None,
    where: str | None = None,
    progress: Progress,
) -> EmbedReport:
    """Give the usable clips (of a view, that `where` selects) that have frames in the table called `name` a vector.

    They come into the space that vectors from audio come into: it is one encoder. Clips without frames are counted.
    Raises UsageError for an encoder that takes none, NotFound where no clip has any, BadInput where they are of another
    layout than the encoder's.
    """
    if not isinstance(encoder, FrameEncoder):
        raise UsageError(f"encoder {encoder.name!r} takes audio alone; leave out the frames")
    wanted = store.clips(["clip_id"], view=view, where=where).column(0).to_pylist()
    frames = held_frames(store, name, wanted)
    if frames is None or not frames.clip_ids:
        raise NotFound(f"none of {len(wanted)} clips has frames called {name[:80]!r} in {store.place}: run {MADE_BY}")
    frames.layout.check_fits(encoder.config.bins, encoder.config.frame_s, encoder.config.f_min)
    embedder = Embedder(store.tables, encoder)
    pending = [row for row, clip_id in enumerate(frames.clip_ids) if clip_id not in embedder.writer.ids]
    report = EmbedReport(embedder.space, known=len(frames.clip_ids) - len(pending))
    report.without_frames = len(wanted) - len(frames.clip_ids)
    for first in range(0, len(pending), BATCH_CLIPS):
        rows = pending[first : first + BATCH_CLIPS]
        found = frames.read_many([(row, 0, int(frames.lengths[row])) for row in rows])
        embedder.add([frames.clip_ids[row] for row in rows], encoder.encode_frames([clip.T for clip in found]))
        progress("embed", first + len(rows), len(pending))
    embedder.commit()
    report.embedded = embedder.written
    report.problems += embedder.problems({})
    with writer_lock(store.path):
        join_small(store.tables, table_of(embedder.space))
        store.tables.index_keys(table_of(embedder.space))
    return report
