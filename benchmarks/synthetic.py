"""Vectors and stores that are made up: clusters in few dimensions mapped to many, plus noise, as embeddings lie.

`clustered` are rows to index, `held_out` queries that are none of them, `write_store` a store of as many clips as
wanted, without audio.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from echodex.api import Store
from echodex.schemas.clip import CLIPS, DESCRIPTIVE
from echodex.schemas.vector import Float32, Segments, Space
from echodex.store.known import CLIPS_TABLE
from echodex.store.rowsum import with_row_sums
from echodex.store.spaces import imported_space, table_of
from echodex.store.vectors import Writer

BLOCK_ROWS = 65_536
HELD_OUT_BLOCK = 1 << 31
"""The first block of queries: far behind the last row of any set."""
SPREAD = 0.35
"""Standard deviation of a cluster in the latent space, whose centres have 1."""


def clustered(n: int, dim: int, seed: int = 0, clusters: int = 400, latent: int = 24, noise: float = 0.3) -> Float32:
    """Return float32[n, dim], rows of unit length: `clusters` gaussians in `latent` dimensions, mapped to `dim`, plus
    noise. The rows of a smaller n are the first of a larger.
    """
    return _drawn(n, Clusters(dim, seed, clusters, latent, noise), 0)


def held_out(n: int, dim: int, seed: int = 0, clusters: int = 400, latent: int = 24, noise: float = 0.3) -> Float32:
    """Return n further rows of the same clusters, float32[n, dim]: queries that no set holds."""
    return _drawn(n, Clusters(dim, seed, clusters, latent, noise), HELD_OUT_BLOCK)


class Clusters:
    """The clusters of a seed; draws rows block by block, each block from its own random stream."""

    def __init__(self, dim: int, seed: int = 0, clusters: int = 400, latent: int = 24, noise: float = 0.3) -> None:
        random = np.random.default_rng(seed)
        self.dim, self._seed, self._noise = dim, seed, np.float32(noise)
        self._map = random.standard_normal((latent, dim), dtype=np.float32) / np.float32(latent**0.5)
        self._centres = random.standard_normal((clusters, latent), dtype=np.float32)

    def block(self, number: int) -> Float32:
        """Return float32[BLOCK_ROWS, dim]."""
        random = np.random.default_rng([self._seed, number])
        centres = self._centres[random.integers(len(self._centres), size=BLOCK_ROWS)]
        inner = centres + np.float32(SPREAD) * random.standard_normal(centres.shape, dtype=np.float32)
        rows = random.standard_normal((BLOCK_ROWS, self.dim), dtype=np.float32)
        rows *= self._noise
        rows += inner @ self._map
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


def _drawn(n: int, clusters: Clusters, first_block: int) -> Float32:
    rows = np.empty((n, clusters.dim), np.float32)
    for number, start in enumerate(range(0, n, BLOCK_ROWS), start=first_block):
        rows[start : start + BLOCK_ROWS] = clusters.block(number)[: n - start]
    return rows


def clip_ids(n: int, seed: int = 0) -> list[str]:
    """Return n different ids of 32 hex digits, in no order."""
    text = np.random.default_rng([seed, n]).bytes(16 * n).hex()
    return [text[start : start + 32] for start in range(0, len(text), 32)]


def write_store(folder: str | Path, n: int, dim: int, seed: int = 0) -> Store:
    """Make a store in the new folder `folder`: n clips whose files do not exist, with the vectors `clustered(n, dim,
    seed)`. Needs the memory of a few blocks.
    """
    clusters = Clusters(dim, seed)
    return store_of(folder, n, dim, map(clusters.block, itertools.count()), seed)


def store_of(folder: str | Path, n: int, dim: int, blocks: Iterable[Float32], seed: int = 0) -> Store:
    """Make a store of n clips with the first n rows of `blocks`, each float32[rows, dim], or of segments float32[clips,
    segments, dim], one every 5 s, as the space "synthetic-DIM".
    """
    store = Store.open(folder)
    append_clips(store, imported_space(store.tables, f"synthetic-{dim}", dim, "made up"), n, blocks, seed=seed)
    return store


def append_clips(
    store: Store, space: Space, n: int, blocks: Iterable[Float32], *, seed: int = 0, hop_s: float = 5.0
) -> None:
    """Add n clips to a store, with the first n rows of `blocks` (see `store_of`) in a space; hop_s: of segments."""
    ids, writer, start = clip_ids(n, seed), Writer(store.tables, space), 0
    for block in blocks:
        here = ids[start : start + len(block)]
        sets = block[: len(here)].reshape(len(here), -1, space.dim)
        starts_s = np.float32(hop_s) * np.arange(sets.shape[1], dtype=np.float32)
        store.tables.append(CLIPS_TABLE, _clips(here))
        writer.write(here, [Segments(starts_s, rows) for rows in sets])
        start += len(here)
        if start == n:
            break
    for table in (CLIPS_TABLE, table_of(space)):  # as adding and embedding do
        store.tables.index_keys(table)


def _clips(ids: list[str]) -> pa.Table:
    """Return the clips table's rows of whole wav files of 30 s."""
    n = len(ids)
    same = {
        "size_bytes": 2_646_044,
        "offset_s": 0.0,
        "duration_s": 30.0,
        "excerpt": False,
        "expected_s": 30.0,
        "decoded_s": 30.0,
        "sample_rate_hz": 44_100,
        "channels": 1,
        "codec": "pcm_s16le",
        "status": "ok",
        "reason": "",
        "detail": "",
        "extra": "{}",
        "added_at": datetime(2026, 1, 1, tzinfo=UTC),
        **dict.fromkeys(DESCRIPTIVE, ""),
    }
    columns = {name: pa.repeat(pa.scalar(value, CLIPS.field(name).type), n) for name, value in same.items()}
    columns |= {"clip_id": pa.array(ids), "content_hash": pa.array(ids)}
    columns["uris"] = pa.array([[f"/music/{name[:2]}/{name}.wav"] for name in ids])
    columns["mtimes_ns"] = pa.array([[1_767_225_600_000_000_000]] * n)
    columns["labels"] = pa.array([[name[0]] for name in ids])
    return with_row_sums(pa.table(columns), CLIPS)
