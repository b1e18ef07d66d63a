from __future__ import annotations

import pytest

from echodex.errors import UsageError
from echodex.store.names import check_name, split_version


@pytest.mark.parametrize("name", ["lean", "lean-2", "a", "0.5_x", "x" * 64])
def test_names_that_are_fine(name: str) -> None:
    assert check_name(name, "view") == name


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "CON", "con", "con.txt", ".", "", "x" * 65, "a..b", "Ä", "a b", "all", "-x"]
)
def test_names_that_could_be_paths_or_devices_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name, "view")


def test_a_version_follows_the_at_sign() -> None:
    assert split_version("lean@2") == ("lean", 2)
    assert split_version("lean") == ("lean", None)
    with pytest.raises(UsageError):
        split_version("lean@new")
