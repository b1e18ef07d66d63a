"""Why a file cannot be used: the errors that decoding raises."""

from __future__ import annotations

from ..errors import BadInput
from ..schemas.condition import Reason


class Unusable(BadInput):
    """A file that cannot be used; `reason` is one of those of BAD clips, `detail` a few words about this file."""

    def __init__(self, path: str, reason: Reason, detail: str) -> None:
        super().__init__(f"{path} cannot be used ({reason}): {detail}; repair the file or leave it out")
        self.reason = reason
        self.detail = detail


class Broken(Exception):
    """Decoding failed part of the way, after all blocks that came before were given out."""
