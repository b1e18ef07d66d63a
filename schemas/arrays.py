"""The arrays that all rooms hand on. Apart from the tables, so that what only decodes need not load Arrow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
