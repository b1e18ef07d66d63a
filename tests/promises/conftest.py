"""The library that plants faults, compiled once a session."""

from __future__ import annotations

import pytest
from harness.faults import Shim, compiled


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    """The library that makes the N-th file operation of a worker fail, or kills the worker there."""
    found = compiled(tmp_path_factory.mktemp("faults"))
    if found is None:
        pytest.skip("faults.c needs Linux and a C compiler (cc)")
    return found
