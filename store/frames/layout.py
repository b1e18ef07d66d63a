"""What the frames of a table are: kept in its metadata, so that no network is given frames that it cannot read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ...errors import BadInput, Damaged
from ...schemas.read_json import read_json
from ..names import check_name
from ..tables import Tables

PREFIX = "frames_"
_METADATA = b"echodex.frames"
_NEAR = 0.01
"""Frequencies and hops that differ by less than this share are the same: 32.70 Hz is what others call 32.7032."""


@dataclass(frozen=True)
class FrameLayout:
    """Frames of `bins` magnitudes, twelve bands an octave from `f_min` (Hz) up, one frame each `hop_s` seconds.

    sample_rate_hz: of the audio that they were made from; source: who made them, "computed" where echodex did.
    """

    bins: int = 84
    hop_s: float = 0.1
    f_min: float = 32.70
    sample_rate_hz: int = 16_000
    source: str = "computed"

    def __str__(self) -> str:
        made = f"of audio at {self.sample_rate_hz} Hz ({self.source})"
        return f"frames of {self.bins} bins from {self.f_min:g} Hz each {self.hop_s:g} s, {made}"

    def check_fits(self, bins: int, hop_s: float, f_min: float) -> None:
        """Raise BadInput, naming the odd one, where frames for a network must be of other bands or another hop."""
        mine = (self.bins, self.hop_s, self.f_min)
        for what, found, asked in zip(("bins", "hop_s", "f_min"), mine, (bins, hop_s, f_min), strict=True):
            if abs(found - asked) > _NEAR * asked:
                raise BadInput(f"these frames have {what} {found:g}, but the encoder takes frames of {what} {asked:g}")

    def to_metadata(self) -> dict[bytes, bytes]:
        """Return the table metadata that says all this."""
        return {_METADATA: json.dumps(asdict(self), sort_keys=True).encode()}


def frames_table(name: str) -> str:
    """Return the name of the table of the frames called `name`. Raises UsageError for what can be no name."""
    return PREFIX + check_name(name, "table of frames")


def frames_tables(tables: Tables) -> list[str]:
    """Return the names of all tables of frames."""
    return [name for name in tables.names() if name.startswith(PREFIX)]


def layout_of(tables: Tables, table: str) -> FrameLayout:
    """Return what the frames of a table are. Raises NotFound where it is not there, Damaged where it does not say."""
    try:
        return FrameLayout(**read_json((tables.schema(table).metadata or {})[_METADATA]))
    except (KeyError, ValueError, TypeError) as error:
        raise Damaged(
            f"table {table} in {tables.place} does not say what its frames are; remove the folder "
            f"{tables.place}/{table}.lance and make it again"
        ) from error
