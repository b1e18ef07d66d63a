"""Pieces of clips as waveforms: out of the store's table of waveforms where it holds the clip at that rate, else out of
the source file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..audio.clip import read_mono
from ..errors import BadInput, NotFound
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from ..store.reading import why_unread
from ..store.remote.sources import at_hand
from ..store.source_files import State
from ..store.waveforms import Waveforms

_MARGIN_SAMPLES = 256
"""What is decoded before and after a piece, and dropped: more than the resampler's filter reaches."""
_GRID_HZ = 25
"""A piece is decoded from a multiple of 1/25 s on, where the samples of all usual rates coincide."""


class PieceReader:
    """Reads pieces of `clips`, mono, at `sample_rate_hz`: those in the table of waveforms all together, the others file
    by file.

    Both ways give the same samples, but for the 16 bits of the table, and for stereo files of which some passages are
    in anti-phase: the table was mixed down as a whole. Only the piece is read, or decoded, not the clip. Pickles to
    plain data.
    """

    def __init__(self, clips: Sequence[Clip], sample_rate_hz: int, waveforms: Waveforms | None) -> None:
        """Take waveforms of the same clips, in the same order; None where there is no table."""
        self.clips, self._rate_hz, self._waveforms = clips, sample_rate_hz, waveforms

    def read(
        self, rows: Sequence[int], starts: Sequence[int], out: Sequence[Float32]
    ) -> tuple[dict[int, int], dict[int, str]]:
        """Read a piece of each clip at `rows`, from the sample `starts` (>= 0) on, into the float32 arrays `out`.

        A clip may come several times. Return by position how many samples each piece got, fewer than it takes where
        the clip ends, and, for those whose clip cannot be read, why.
        """
        table = self._waveforms
        held = np.zeros(len(rows), bool) if table is None else table.held[np.asarray(rows, np.int64)]
        lengths: dict[int, int] = {}
        skipped: dict[int, str] = {}
        together = np.flatnonzero(held).tolist()
        if table is not None and together:
            wanted = [rows[k] for k in together], [starts[k] for k in together], [out[k] for k in together]
            lengths.update(zip(together, table.read(*wanted), strict=True))
        for k in np.flatnonzero(~held).tolist():
            try:
                found = self._decoded(self.clips[rows[k]], starts[k], len(out[k]))
            except (BadInput, NotFound, OSError) as error:
                skipped[k] = str(error)
            else:
                out[k][: len(found)] = found
                lengths[k] = len(found)
        return lengths, skipped

    def _decoded(self, clip: Clip, start: int, samples: int) -> Float32:
        """Return up to `samples` of a clip from the sample `start` on: those that decoding it whole would give."""
        if problem := why_unread(clip):
            raise BadInput(f"{clip.path} {'is' if problem.reason == State.MISSING else 'has'} {problem.detail}")
        grid = self._rate_hz // np.gcd(self._rate_hz, _GRID_HZ)
        first = max(start - _MARGIN_SAMPLES, 0) // grid * grid
        stop = start + samples
        first_s, stop_s = first / self._rate_hz, (stop + _MARGIN_SAMPLES) / self._rate_hz
        found = read_mono(
            at_hand(clip.path),
            self._rate_hz,
            offset_s=clip.offset_s + first_s,
            duration_s=min(stop_s, clip.duration_s) - first_s,
        )
        return found[start - first : stop - first]
