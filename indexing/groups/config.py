"""What `duplicates` is asked: by what clips are compared, and from when on they are the same."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UsageError

VERIFIERS = ("audio", "fingerprint")
WAYS = ("segments", "clips")


@dataclass(frozen=True)
class DuplicatesConfig:
    """Raises UsageError for what does not exist.

    min_score: the lowest cosine of a member and its representative, None for that of the way in which they are
    compared; verify: "audio" or "fingerprint", which of them count; by: "segments" or "clips", None for what the space
    is for; decisions: whether to heed what people decided about clips.
    """

    min_score: float | None = None
    verify: str | None = None
    by: str | None = None
    decisions: bool = True

    def __post_init__(self) -> None:
        if self.verify not in (None, *VERIFIERS):
            raise UsageError(f"verify={self.verify!r} does not exist (known: {', '.join(VERIFIERS)})")
        if self.by not in (None, *WAYS):
            raise UsageError(f"by={self.by!r} does not exist (known: {', '.join(WAYS)})")
