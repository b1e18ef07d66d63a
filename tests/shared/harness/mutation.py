"""Files damaged at random, by a seed."""

from __future__ import annotations

import numpy as np


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """Cut, splice, overwrite the header or flip bytes anywhere."""
    kind, changed = random.integers(4), bytearray(content)
    first, second = sorted(int(i) for i in random.integers(0, len(content), 2))
    if kind == 0:
        return content[:first]
    if kind == 1:
        return content[:first] + content[second:]
    reach = min(len(content), 200) if kind == 2 else len(content)
    for at in random.integers(0, reach, random.integers(1, 12)):
        changed[at] = random.integers(256)
    return bytes(changed)
