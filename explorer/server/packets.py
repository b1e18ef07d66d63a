"""What goes to the page as raw numbers: a JSON header, then one array, so that nothing is parsed but the header.

Layout: uint32 little-endian, the length of the header in bytes; the header, JSON in UTF-8, padded with spaces so that
the array begins at a multiple of 8 bytes; the array, little-endian, row by row. The header names its type and shape as
`dtype` ("float32", "uint16", "uint8", "int8") and `shape`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from fastapi import Response
from numpy.typing import NDArray

MEDIA_TYPE = "application/octet-stream"
_ALIGNED = 8


def packet(header: Mapping[str, Any], array: NDArray[Any]) -> Response:
    """Return a response that holds `header` and `array`."""
    array = np.ascontiguousarray(array)
    text = json.dumps({**header, "dtype": array.dtype.name, "shape": array.shape}, allow_nan=False).encode()
    text += b" " * (-(4 + len(text)) % _ALIGNED)
    content = b"".join((len(text).to_bytes(4, "little"), text, array.astype(array.dtype.newbyteorder("<")).tobytes()))
    return Response(content, media_type=MEDIA_TYPE)
