"""Reading the small tables that name things: views, clustering runs, decisions, retired numbers.

All of a table is read and held against its row sums each time, so that nothing comes of a row that is not what was
written: neither an answer nor, where its name is what changed, that it is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..errors import Damaged
from .rowsum import all_right, with_row_sums
from .tables import Tables


def registered(tables: Tables, name: str, schema: pa.Schema) -> list[dict[str, Any]]:
    """Return the rows of a registry, without their sums; none where it is not there.

    Raises Damaged where one is not what was written.
    """
    if not tables.exists(name):
        return []
    rows = tables.scan(name, schema.names)
    if not all_right(rows):
        raise Damaged(
            f"a row of {name} in {tables.place} is not what was written; `echodex repair` moves it to quarantine/"
        )
    found: list[dict[str, Any]] = rows.drop_columns(["row_sum"]).to_pylist()
    return found


def registry_rows(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table of a registry's schema, row sums filled."""
    return with_row_sums(pa.Table.from_pylist(list(rows), schema=schema), schema)
