"""`embed` by an encoder that reads the vectors of another space: no audio is decoded.

Safe to interrupt and to repeat, as all embedding is: what is there is not done again.
"""

from __future__ import annotations

import numpy as np

from ..encoders.base import Encoder, RowEncoder
from ..errors import UsageError
from ..progress import Progress
from ..schemas.vector import Segments
from .embedding import COMMIT_CLIPS, Embedder, EmbedReport
from .keys import ClipIds
from .lock import writer_lock
from .spaces import find_space, table_of
from .tables import Tables
from .vectors import read_pooled


def check_hears(encoder: Encoder) -> None:
    """Raise UsageError for an encoder that reads vectors, where it is to be given audio."""
    if isinstance(encoder, RowEncoder):
        raise UsageError(
            f"encoder {encoder.name!r} reads vectors of {encoder.source!r}, not audio; run `echodex embed` by it, and "
            "name its space"
        )


def embed_rows(tables: Tables, encoder: RowEncoder, wanted: ClipIds, *, progress: Progress) -> EmbedReport:
    """Give those `wanted` clips that `encoder.source` holds a vector under `encoder`; the others are passed over.

    Raises NotFound where there is no such space, BadInput where its vectors are of another length.
    """
    source = find_space(tables, encoder.source)
    found = read_pooled(tables, source, wanted, normalise=False)
    embedder = Embedder(tables, encoder, f"from the vectors of {source.name}")
    report = EmbedReport(embedder.space)
    pending = [row for row, clip_id in enumerate(found.clip_ids) if clip_id not in embedder.writer.ids]
    report.known = len(found) - len(pending)
    zero = np.zeros(1, np.float32)
    for first in range(0, len(pending), COMMIT_CLIPS):
        rows = pending[first : first + COMMIT_CLIPS]
        vectors = encoder.encode_rows(found.matrix[rows])
        embedder.add([found.clip_ids[row] for row in rows], [Segments(zero, vector[None]) for vector in vectors])
        progress("embed", first + len(rows), len(pending))
    embedder.commit()
    report.embedded = embedder.written
    report.problems += embedder.problems({})
    with writer_lock(tables.folder):
        tables.index_keys(table_of(embedder.space))
    return report
