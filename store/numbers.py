"""Numbers are given once: "lean@2" in a recipe, an export or a notebook never comes to mean other rows.

What is there has its number in a registry; what was deleted leaves it here. The next number is above both.
"""

from __future__ import annotations

from ..schemas.number import RETIRED
from .registries import registered, registry_rows
from .tables import Tables

TABLE = "retired"


def retire(tables: Tables, kind: str, number: int) -> None:
    """Note, before it is deleted, that `number` of a kind was in use. The caller holds the lock."""
    if number > last_retired(tables, kind):
        tables.create(TABLE, RETIRED)
        tables.upsert(TABLE, ["kind"], registry_rows([{"kind": kind, "number": number}], RETIRED))


def last_retired(tables: Tables, kind: str) -> int:
    """Return the highest number of a kind that was retired, 0 where none was."""
    return max((int(row["number"]) for row in registered(tables, TABLE, RETIRED) if row["kind"] == kind), default=0)
