from __future__ import annotations

from echodex.api import Store
from echodex.store.numbers import TABLE, last_retired, retire


def test_the_highest_number_of_each_kind_is_remembered(store: Store) -> None:
    tables = store.tables
    assert last_retired(tables, "view lean") == 0
    for kind, number in (("view lean", 2), ("view it's", 1), ("view lean", 5), ("view lean", 3)):
        retire(tables, kind, number)
    assert [last_retired(tables, kind) for kind in ("view lean", "view it's", "view")] == [5, 1, 0]
    assert tables.count(TABLE) == 2
