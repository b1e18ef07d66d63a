"""Settings that check their numbers."""

from __future__ import annotations

import math

from ..errors import UsageError


class Checked:
    """What the settings of trainings have in common: dataclasses whose fields have a least value."""

    def check_least(self, least: int, *names: str) -> None:
        """Raise UsageError for the first of these settings that is below `least`, or is no finite number."""
        for name in names:
            if not least <= getattr(self, name) < math.inf:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be at least {least}, and finite")

    def check_positive(self, *names: str) -> None:
        """Raise UsageError for the first of these settings that is not above 0, or is no finite number."""
        for name in names:
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be above 0, and finite")
