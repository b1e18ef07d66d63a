"""Whether a clip can be used, and why not. Apart from the tables, so that what only decodes need not load Arrow."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Whether a clip can be used."""

    OK = "ok"
    WARN = "warn"
    """Usable, but not what the file promised: `reason` says how."""
    BAD = "bad"
    """Not usable: never embedded, never in a view."""


class Reason(StrEnum):
    """Why a clip is not simply ok."""

    NONE = ""
    TRUNCATED = "truncated"
    """WARN: fewer seconds decoded than the header promises."""
    CORRUPT = "corrupt"
    """WARN: decoding failed part of the way; what came before is kept."""
    NO_LENGTH = "no-length"
    """WARN: a streamed file whose header does not say how long it is, so that a missing end would not show."""
    CLIPPED = "clipped"
    """WARN: float samples beyond full scale."""
    SILENT = "silent"
    """BAD: digital silence."""
    SHORT = "short"
    """BAD: less audio than the shortest window."""
    EMPTY = "empty"
    """BAD: no samples at all."""
    NON_FINITE = "non-finite"
    """BAD: NaN or infinite samples."""
    UNREADABLE = "unreadable"
    """BAD: no decoder opens it."""
    TOO_LONG = "too-long"
    """BAD: more decoded audio than the limit."""
    BAD_RATE = "bad-rate"
    """BAD: sample rate outside the limits."""
    BAD_CHANNELS = "bad-channels"
    """BAD: channel count outside the limits."""
    CRASHED = "crashed"
    """BAD: the process that decoded it died of it."""
    TIMEOUT = "timeout"
    """BAD: decoding it took more time than the limit, or stood still."""
    TOO_LARGE = "too-large"
    """BAD: decoding it takes more memory than the limit."""


UNDECIDED = frozenset({Reason.CRASHED, Reason.TIMEOUT})
"""What may have been the machine's doing as well as the file's: `add` tries such a clip anew."""
