"""What processes compute is what this one does, to the bit, whatever becomes of them; and few are started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from harness.described import DIES, FAILS, HOME, describe
from harness.processes import DESCRIBER, has_ended, running, wait_for
from numpy.testing import assert_array_equal

from echodex.audio.cores import core_count
from echodex.encoders import apart, timbre
from echodex.encoders.apart import Apart
from echodex.encoders.chroma import encoder as chroma_encoder
from echodex.encoders.chroma import follow
from echodex.encoders.timbre_features import describe as describe_timbre
from echodex.schemas.arrays import Float32

pytestmark = pytest.mark.skipif(core_count() < 2, reason="one core is not shared out")

Make = Callable[[Callable[[Float32], Float32]], Apart]


@pytest.fixture(autouse=True)
def _none_of_others() -> None:
    """End those that encoders of earlier tests have left for whoever comes next."""
    timbre._APART.end()
    chroma_encoder._APART.end()
    assert not running(DESCRIBER)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Something that makes an Apart whose processes are all ready."""
    made = list[Apart]()
    monkeypatch.setenv(HOME, str(os.getpid()))

    def make(function: Callable[[Float32], Float32]) -> Apart:
        monkeypatch.setattr(apart, "START_COST_S", 0.0)
        made.append(Apart(function))
        assert wait_for(lambda: len(made[-1]._ready()) == core_count())
        return made[-1]

    yield make
    for each in made:
        each.end()
    assert not running(DESCRIBER)


def waveforms(*lengths: int) -> list[Float32]:
    return [np.random.default_rng(n).standard_normal(n).astype(np.float32) for n in lengths]


@pytest.mark.parametrize("function", [describe_timbre, follow.describe])
def test_statistics_are_the_same_to_the_bit(make: Make, function: Callable[[Float32], Float32]) -> None:
    given = waveforms(16_000, 1, 70_000, 3, 400, 160_000, 16_000)
    for found, expected in zip(make(function).each(given), map(function, given), strict=True):
        assert_array_equal(found, expected, strict=True)


def test_nothing_and_empty_waveforms(make: Make) -> None:
    ready = make(describe)
    assert ready.each([]) == []
    assert_array_equal(ready.each(waveforms(0, 0, 0)), np.zeros((3, 1)))


def test_many_threads_ask_at_once(make: Make) -> None:
    ready, given = make(describe), waveforms(*range(1, 200))
    expected = [describe(one) for one in given]
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(ready.each, [given] * 16):
            assert_array_equal(found, expected)


def test_what_kills_a_process_is_computed_here_and_others_are_started(make: Make) -> None:
    ready, before = make(describe), set(running(DESCRIBER))
    deadly = np.array([DIES, 5], np.float32)
    assert_array_equal(ready.each([deadly] * 6), [[3.0]] * 6)
    assert wait_for(lambda: all(map(has_ended, before)))
    assert not before & set(running(DESCRIBER))
    assert_array_equal(ready.each(waveforms(7, 7)), [describe(one) for one in waveforms(7, 7)])


def test_a_process_that_was_killed_is_replaced(make: Make) -> None:
    ready, before = make(describe), running(DESCRIBER)
    os.kill(before[0], signal.SIGKILL)
    assert wait_for(lambda: has_ended(before[0]))
    assert_array_equal(ready.each(waveforms(7, 7)), [describe(one) for one in waveforms(7, 7)])


def test_an_error_is_raised_as_it_is_here(make: Make) -> None:
    ready = make(describe)
    with pytest.raises(ValueError, match="no number below 0"):
        ready.each([*waveforms(5, 6), np.array([FAILS], np.float32), *waveforms(7)])
    assert_array_equal(ready.each(waveforms(7, 7)), [describe(one) for one in waveforms(7, 7)])


def test_little_work_starts_no_process() -> None:
    few = Apart(describe)
    for _ in range(20):
        few.each(waveforms(4, 5, 6))
    assert not running(DESCRIBER)


def test_one_waveform_at_a_time_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "START_COST_S", 0.0)
    for _ in range(20):
        Apart(describe).each(waveforms(4))
    assert not running(DESCRIBER)


ASKS = """
import sys
from harness.described import describe
from echodex.encoders import apart
from test_apart import waveforms
apart.START_COST_S = 0.0
each = apart.Apart(describe)
while len(each._ready()) < 2:
    pass
each.each(waveforms(4, 5, 6))
print(len(each._ready()), flush=True)
sys.stdin.read()
"""


NONE_TO_BE_HAD = """
import os, resource
from harness.described import describe
from echodex.encoders import apart
from test_apart import waveforms
apart.START_COST_S = 0.0
few = apart.Apart(describe)
given = waveforms(4, 5, 6)
open_files = len(os.listdir("/proc/self/fd")) + 1
resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
assert [one.tolist() for one in few.each(given)] == [describe(one).tolist() for one in given]
assert not few._children
"""


def test_where_no_process_can_be_started_it_is_computed_here() -> None:
    paths = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])  # noqa: PTH120
    subprocess.run([sys.executable, "-c", NONE_TO_BE_HAD], env={**os.environ, "PYTHONPATH": paths}, check=True)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_processes_end_with_the_one_that_started_them(end: signal.Signals | None) -> None:
    paths = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])  # noqa: PTH120
    pipe, environment = subprocess.PIPE, {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen([sys.executable, "-c", ASKS], stdin=pipe, stdout=pipe, env=environment) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        children = running(DESCRIBER, process.pid)
        assert len(children) == core_count()
        process.send_signal(end) if end else process.stdin.close()
        process.wait(30)
        assert wait_for(lambda: all(has_ended(child) for child in children))


def test_a_process_that_nobody_asks_ends() -> None:
    theirs, ours = os.pipe()
    code = "from echodex.encoders import apart_worker as worker; worker.IDLE_S = 0.1; worker.main()"
    words = [sys.executable, "-c", code, str(theirs), describe.__module__, describe.__name__]
    paths, pipe = os.pathsep.join(filter(None, sys.path)), subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, pass_fds=[theirs], env={**os.environ, "PYTHONPATH": paths}
    ) as process:
        assert process.wait(60) == 0
    os.close(theirs)
    os.close(ours)
