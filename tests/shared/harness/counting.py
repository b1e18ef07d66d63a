"""The fixture of every test that is marked as one of a promise; tests/conftest.py makes it known to pytest."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from .promise import Promise

ENDED_WELL = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how the test's own lines ended: a skipped one tried nothing; without the fixture a test is one trial."""
    report = yield
    if report.when == "call" and not report.skipped:
        item.stash[ENDED_WELL] = report.passed
        marker = item.get_closest_marker("promise")
        if marker and "promise" not in item.fixturenames:
            single = Promise(marker.args[0], item.nodeid)
            single.trial(report.passed, "the test itself")
            single.write_down()
    return report


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Iterator[Promise]:
    """The promise that `@pytest.mark.promise("P1")` names: the test counts its trials, and fails if one is broken."""
    marker = request.node.get_closest_marker("promise")
    assert marker is not None, "mark the test with the promise that it tries"
    counted = Promise(marker.args[0], request.node.nodeid)
    yield counted
    ended_well = request.node.stash.get(ENDED_WELL, None)
    if ended_well is False:
        counted.trial(False, "the test itself ended in an error")
        counted.write_down()
    if ended_well:
        counted.judge()
