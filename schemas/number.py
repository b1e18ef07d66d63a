"""Numbers that were in use once, of views and clustering runs that are gone."""

from __future__ import annotations

import pyarrow as pa

from .clip import PRIMARY_KEY

RETIRED = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("number", pa.int32()),
        pa.field("row_sum", pa.binary(16)),
    ]
)
"""`number` is the highest that was taken from anything of a kind, such as "view lean", when it was deleted."""
