"""Fingerprints clip by clip, sorted by path as published: as a space has them, or made on the spot by an encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...audio.children.pool import Children
from ...audio.cores import core_count
from ...encoders.base import Encoder, digest
from ...errors import BadInput, NotFound, UsageError
from ...progress import Progress
from ...schemas.vector import Float32, Space
from ...store.keys import FEW
from ...store.pipeline import in_order
from ...store.reading import Problem, hear
from ...store.sources import walk
from ...store.spaces import table_of
from ...store.vectors import normalised, read_segments

if TYPE_CHECKING:
    from ...store.store import Store


@dataclass(frozen=True)
class Piece:
    """The fingerprints of one clip: its file, its id ("" outside a store), start_s float32[s], and unit rows
    float32[s, d].
    """

    path: str
    clip_id: str
    starts_s: Float32
    vectors: Float32


class Origin(Protocol):
    """What fingerprints come from."""

    made_by: dict[str, str]
    """What makes them, in words."""

    def encoder(self) -> Encoder:
        """Return the encoder that makes them."""

    def of_view(self, view: str, stage: str) -> Iterator[Piece | Problem]:
        """Yield the usable clips that a view keeps; a problem for each that has no fingerprints. Raises NotFound."""


class SpaceOrigin:
    """Fingerprints as a space has them."""

    def __init__(self, store: Store, space: Space, progress: Progress) -> None:
        self.made_by = {"encoder": space.digest, "space": space.name}
        self._store, self._space, self._progress = store, space, progress

    def encoder(self) -> Encoder:
        """Return the encoder of the space."""
        return self._store.encoder(self._space)

    def of_view(self, view: str, stage: str) -> Iterator[Piece | Problem]:
        """Yield the clips of a view; a problem for each that the space does not have."""
        store, space, table = self._store, self._space, table_of(self._space)
        version = store.versions(space, view=view)[table]
        held = store.tables.scan(table, ["clip_id"], version=version).column(0).unique()
        rows = store.clips(["clip_id", "uris", "offset_s"], view=view)
        there = pc.is_in(rows.column("clip_id"), value_set=held)
        for uris in sorted(rows.filter(pc.invert(there)).column("uris").to_pylist()):
            yield Problem(uris[0], "missing", f"no vector in space {space.name}; run `echodex embed {space.encoder}`")
        clips = sorted((row["uris"][0], row["offset_s"], row["clip_id"]) for row in rows.filter(there).to_pylist())
        for start in range(0, len(clips), FEW):
            chunk = clips[start : start + FEW]
            yield from self._read([(path, clip_id) for path, _, clip_id in chunk], version)
            self._progress(stage, start + len(chunk), len(clips))

    def _read(self, clips: list[tuple[str, str]], version: int) -> Iterator[Piece]:
        clip_ids = [clip_id for _, clip_id in clips]
        rows = read_segments(self._store.tables, self._space, clip_ids, version)
        places = pc.index_in(rows.clip_ids, value_set=pa.array(clip_ids, pa.string())).to_numpy()
        bounds = np.searchsorted(places, np.arange(len(clip_ids) + 1)).tolist()
        matrix = normalised(rows.matrix)
        for number, (path, clip_id) in enumerate(clips):
            own = slice(bounds[number], bounds[number + 1])
            yield Piece(path, clip_id, rows.starts_s[own], matrix[own])


class EncoderOrigin:
    """Fingerprints made on the spot. store: that views are of; None where there are none."""

    def __init__(self, store: Store | None, encoder: Encoder, progress: Progress) -> None:
        self.made_by = {"encoder": digest(encoder)}
        self._store, self._encoder, self._progress = store, encoder, progress

    def encoder(self) -> Encoder:
        """Return it."""
        return self._encoder

    def of_view(self, view: str, stage: str) -> Iterator[Piece | Problem]:
        """Yield the clips of a view; a problem for each whose file cannot be read any more."""
        if self._store is None:
            raise UsageError(f"view {view!r} is of a store; name one, or give a folder of audio files")
        clips = self._store.sources(self._store.clips(["clip_id"], view=view).column(0).to_pylist(), view=view)
        clips.sort(key=lambda clip: (clip.path, clip.offset_s))
        for heard in hear(clips, self._encoder.config.sample_rate_hz, stage=stage, progress=self._progress):
            yield from heard.problems
            for clip, made in zip(heard.clips, self._encoder.encode(heard.waveforms), strict=True):
                yield Piece(clip.path, clip.clip_id, made.start_s, normalised(made.vectors))


def pieces_of_files(encoder: Encoder, place: Path, stage: str, progress: Progress) -> Iterator[Piece | Problem]:
    """Yield the audio files of a folder, or one file; a problem for each that cannot be read."""
    rate_hz: int = encoder.config.sample_rate_hz
    files = sorted(walk(place)) if place.is_dir() else [str(place)]  # "a-b/c" before "a/c", as paths of clips are
    with Children() as children:
        waveforms = in_order(lambda file: _read(children, file, rate_hz), files, ahead=core_count() + 1)
        for done, (file, found) in enumerate(zip(files, waveforms, strict=True), start=1):
            if isinstance(found, Problem):
                yield found
            else:
                made = encoder.encode([found])[0]
                yield Piece(file, "", made.start_s, normalised(made.vectors))
            progress(stage, done, len(files))


def _read(children: Children, path: str, rate_hz: int) -> Float32 | Problem:
    try:
        return children.read_mono(path, rate_hz)
    except (BadInput, NotFound, OSError) as error:
        return Problem(path, "unreadable", str(error))
