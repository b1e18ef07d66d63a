"""Numbers are given once: "lean@2" in a recipe, an export or a notebook never comes to mean other rows.

What is there has its number in a registry; what was deleted leaves it here. The next number is above both.
"""

from __future__ import annotations

import pyarrow as pa

from ..schemas.number import RETIRED
from .tables import Tables
from .where import equals

TABLE = "retired"


def retire(tables: Tables, kind: str, number: int) -> None:
    """Note, before it is deleted, that `number` of a kind was in use. The caller holds the lock."""
    if number > last_retired(tables, kind):
        tables.create(TABLE, RETIRED)
        tables.upsert(TABLE, ["kind"], pa.Table.from_pylist([{"kind": kind, "number": number}], schema=RETIRED))


def last_retired(tables: Tables, kind: str) -> int:
    """Return the highest number of a kind that was retired, 0 where none was."""
    if not tables.exists(TABLE):
        return 0
    found = tables.scan(TABLE, ["number"], where=equals("kind", kind)).column(0).to_pylist()
    return int(max(found, default=0))
