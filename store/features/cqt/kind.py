"""`add --features cqt`: clips of transforms that somebody else computed, kept as frames for networks of versions."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ....encoders.versions.config import VersionsConfig
from ....errors import NotFound, UsageError
from ....schemas.clip import Source
from ....schemas.read_json import read_json
from ...frames.layout import FrameLayout
from ...frames.writing import check_magnitudes
from ...tables import Tables
from ..base import Features, Found, Keeper
from ..hdf5 import check_h5py
from ..keeping import FrameKeeper
from ..registry import register
from .arrays import BANDS_FIRST, TIME_FIRST, upright
from .files import Chunks, read_mm
from .index import Index, Recording, told_by
from .pooling import pooled

_KEPT = VersionsConfig()
_HOP, _SHAPE, _KEY, _ID = "cqt_hop_s", "cqt_shape", "h5_key", "youtube_id"


@register("cqt")
@dataclass(frozen=True)
class ConstantQ:
    """Where the files are. h5_root, mm_root: folders of the HDF5 files and of the `.mm` files, "" for the list's own.

    What they hold. hop_s: seconds from one frame to the next, where the list does not say it; f_min: Hz of the lowest
    band; sample_rate_hz: of the audio; axes: time-first or bands-first, where the shape does not tell; source: a name
    for who computed them.

    What becomes of them. frames: the name of their table; metadata: a JSON list of cliques, "" for none: with one, what
    it lists is added and nothing else; split: what the clips' `split` says.
    """

    h5_root: str = ""
    mm_root: str = ""
    hop_s: float = 512 / 22_050
    f_min: float = 32.70
    sample_rate_hz: int = 22_050
    axes: str = ""
    source: str = "files"
    frames: str = "cqt"
    metadata: str = ""
    split: str = ""

    name: ClassVar[str]
    codec: ClassVar[str] = "cqt"

    def __post_init__(self) -> None:
        if self.axes not in ("", TIME_FIRST, BANDS_FIRST):
            raise UsageError(f"axes is {TIME_FIRST} or {BANDS_FIRST}, not {self.axes[:80]!r}")
        for name in ("hop_s", "f_min", "sample_rate_hz"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be more than 0, not {getattr(self, name)}")

    def check_installed(self) -> None:
        """Raise Unavailable without h5py, where a folder of HDF5 files is named."""
        if self.h5_root:
            check_h5py()

    def keeper(self, tables: Tables) -> Keeper:
        """Return who keeps the frames: a table."""
        layout = FrameLayout(_KEPT.bins, _KEPT.frame_s, self.f_min, self.sample_rate_hz, self.source)
        return FrameKeeper(tables, self.frames, layout)

    def find(self, paths: Sequence[Path]) -> Found:
        """Return the recordings of `paths`, lists or folders, those of a file together.

        missing: the ids of those that a list or `metadata` has and no file. Raises NotFound, BadInput.
        """
        index = Index(_folder(self.h5_root), _folder(self.mm_root))
        listed: dict[str, Recording] = {}
        for recording in chain.from_iterable(map(index.recordings, paths)):
            if recording.identity not in listed or not listed[recording.identity].path:
                listed[recording.identity] = recording
        if not listed:
            raise NotFound(
                f"{', '.join(map(str, paths))} names no recording; name folders of .mm files, or lists (JSON lines) of "
                "what HDF5 files hold"
            )
        told = told_by(Path(self.metadata).expanduser()) if self.metadata else {name: {} for name in listed}
        here = {identity: found for identity in told if (found := listed.get(identity)) and found.path}
        if not here:
            raise NotFound(
                f"no file of the {len(told)} recordings of {', '.join(map(str, paths))} is there; name the folders of "
                "their files with --h5-root and --mm-root"
            )
        if any(found.key for found in here.values()):
            check_h5py()
        ordered = sorted(here.items(), key=lambda item: str(item[1].path))  # a file's recordings together
        sources = [self._source(found, told[identity]) for identity, found in ordered]
        return Found(tuple(sources), tuple(identity for identity in told if identity not in here))

    def read(self, source: Source) -> Features:
        """Return the frames of a recording, magnitudes float32[t, 84], one each 0.1 s.

        Raises BadInput for what cannot be read, or could be read in two ways.
        """
        about = dict(source.extra)
        values, said_by = self._array(source, about)
        stored = upright(values, self.axes)
        hop_s = float(about.get(_HOP, self.hop_s))
        kept = np.asarray(stored.values[:, : _KEPT.bins], np.float32)
        check_magnitudes(kept, _KEPT.bins)
        frames = pooled(kept, hop_s, _KEPT.frame_s)
        bands = stored.values.shape[1]
        cut = f", the lowest {_KEPT.bins} of which are kept" if bands > _KEPT.bins else ""
        told = {
            "stored": f"{values.dtype} {values.shape} ({stored.axes}; the shape is by {said_by})",
            "bands": f"{bands} from {self.f_min:g} Hz{cut}",
            "hop": f"{hop_s:.6g} s ({'by the list' if _HOP in about else 'the setting hop_s'})",
            "values": f"{kept.min():.6g} to {kept.max():.6g}",
        }
        return Features(frames, len(kept) * hop_s, tuple(told.items()))

    @cached_property
    def _chunks(self) -> Chunks:
        return Chunks()

    def _array(self, source: Source, about: dict[str, str]) -> tuple[NDArray[Any], str]:
        """Return the array as it lies in the file, and what says its shape."""
        if source.part:
            return self._chunks.read(source.path, source.part), "the HDF5 file"
        told = read_json(about[_SHAPE]) if _SHAPE in about else None
        return read_mm(Path(source.path), (told[0], told[1]) if told else None)

    def _source(self, found: Recording, told: dict[str, str]) -> Source:
        shape = json.dumps(found.shape) if found.shape else ""
        hop_s = repr(found.hop_s) if found.hop_s else ""
        extra = {_ID: found.identity, _KEY: found.key, _HOP: hop_s, _SHAPE: shape}
        fields = {**told, "split": self.split}
        return Source(
            str(found.path),
            fields=tuple((name, value) for name, value in fields.items() if value),
            extra=tuple((name, value) for name, value in sorted(extra.items()) if value),
            part=found.key,
        )


def _folder(root: str) -> Path | None:
    return Path(root).expanduser().absolute() if root else None
