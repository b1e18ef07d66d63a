"""Arrays in .npy files that somebody else may have written: mapped, so that none takes more memory than it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_array(path: Path) -> NDArray[Any]:
    """Return the array of a .npy file, mapped for reading; of Python objects, which could run code, none is read.

    Raises OSError where the file cannot be opened, and ValueError, in one line, for what is no single array.
    """
    try:
        with np.errstate(over="raise"):  # the number of values, where a header lies about it
            found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, ArithmeticError, MemoryError) as error:
        raise ValueError(str(error).partition("\n")[0][:200]) from error
    if not isinstance(found, np.ndarray):
        found.close()
        raise ValueError("it holds several arrays, not one")  # noqa: TRY004  (of the file, not of an argument)
    return found
