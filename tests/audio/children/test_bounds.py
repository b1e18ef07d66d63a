"""A child that crashes, hangs, or takes too much costs its file, and nothing else; and no child outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from harness.processes import cpu_s, decoding, has_ended, wait_for

from echodex.audio.children.pool import Children
from echodex.audio.clip import Decoded
from echodex.audio.limits import Limits
from echodex.schemas.clip import Reason, Status

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]
Endless = Callable[[], Path]


def busy() -> int:
    """Wait for a child that decodes; return its id."""
    assert wait_for(lambda: any(cpu_s(pid) > 0.6 for pid in decoding()))
    return next(pid for pid in decoding() if cpu_s(pid) > 0.6)


def fresh() -> Children:
    """End the child that is left over from before, so that the next one begins at no time at all."""
    left = decoding()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: all(map(has_ended, left)))  # one that is about to end has no command line any more
    return Children()


def judged(children: Children, path: Path, *signals: int, limits: Limits | None = None) -> Decoded:
    """Decode a file in a child that gets a signal while it does; of several the next goes to the next child."""
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(lambda: children.decode_clip(path, limits=limits or Limits())[0])
        for number in signals:
            pid = busy()
            os.kill(pid, number)
            if number != signal.SIGSTOP:
                assert wait_for(partial(has_ended, pid))
        return found.result()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_file_that_its_child_dies_of_is_bad_and_the_next_is_not(
    endless: Endless, write: Write, sound: Make, number: int
) -> None:
    with fresh() as children:
        found = judged(children, endless(), number)
        assert (found.status, found.reason) == (Status.BAD, Reason.CRASHED)
        assert signal.Signals(number).name in found.detail
        assert children.decode_clip(write("a.wav", sound(0.5, 8000), 8000))[0].status == Status.OK


def test_a_child_that_somebody_ends_is_replaced_once(endless: Endless) -> None:
    with fresh() as children:
        found = judged(children, endless(), signal.SIGKILL, signal.SIGKILL)
    assert (found.status, found.reason) == (Status.BAD, Reason.CRASHED)
    assert "SIGKILL" in found.detail


def test_a_child_that_was_ended_while_it_waited_is_replaced(write: Write, sound: Make) -> None:
    path = write("a.wav", sound(0.5, 8000), 8000)
    with fresh() as children:
        for _ in range(3):
            assert children.decode_clip(path)[0].status == Status.OK
            [pid] = decoding()
            os.kill(pid, signal.SIGKILL)
            assert wait_for(partial(has_ended, pid))


def test_a_child_that_stands_still_is_given_up(endless: Endless) -> None:
    with fresh() as children:
        found = judged(children, endless(), signal.SIGSTOP, limits=Limits(wait_s=1.0))
        assert (found.status, found.reason) == (Status.BAD, Reason.TIMEOUT)
        assert "1 s" in found.detail
        assert decoding() == []


def test_decoding_for_longer_than_a_file_is_worth_is_given_up(endless: Endless) -> None:
    with fresh() as children:
        found = children.decode_clip(endless(), limits=Limits(cpu_s=0.001))[0]
    assert (found.status, found.reason) == (Status.BAD, Reason.TIMEOUT)
    assert "processor" in found.detail


def test_memory_ends_where_the_limit_says(endless: Endless, write: Write, sound: Make) -> None:
    path = write("a.flac", sound(1.0, 44_100), 44_100)
    with fresh() as children:
        found = children.decode_clip(endless(), limits=Limits(memory_bytes=8 << 20))[0]  # a block of it is 16 MB
        assert (found.status, found.reason) == (Status.BAD, Reason.TOO_LARGE)
        assert "8 MiB" in found.detail
        assert children.decode_clip(path)[0].status == Status.OK


def test_a_child_holds_no_more_than_its_pipes_and_may_write_nothing(write: Write, sound: Make, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as mine, fresh() as children:
        os.set_inheritable(mine.fileno(), True)
        children.decode_clip(write("a.wav", sound(0.5, 8000), 8000))
        [pid] = decoding()
        held = {str(place.readlink()) for place in Path(f"/proc/{pid}/fd").iterdir()}
        limits = Path(f"/proc/{pid}/limits").read_text()
    assert {name.partition(":")[0] for name in held} == {"pipe", "/dev/null"}
    for name in ("Max core file size", "Max file size"):
        [line] = [line for line in limits.splitlines() if line.startswith(name)]
        assert line.split()[-3:-1] == ["0", "0"]
    [line] = [line for line in limits.splitlines() if line.startswith("Max address space")]
    assert int(line.split()[3]) < 4 << 30


def test_what_comes_while_it_decodes_does_not_end_a_child(endless: Endless) -> None:
    """Of a request the kernel may tell it once it has read it, and works on it."""
    with fresh() as children, ThreadPoolExecutor(1) as thread:
        found = thread.submit(children.decode_clip, endless())
        pid = busy()
        Path(f"/proc/{pid}/fd/0").write_bytes(b"\n")
        before_s = cpu_s(pid)
        assert wait_for(lambda: cpu_s(pid) > before_s + 0.3)
        os.kill(pid, signal.SIGSEGV)
        assert found.result()[0].reason == Reason.CRASHED


PARENT = """
import sys, threading
from echodex.audio.children.pool import Children
children = Children()
children.decode_clip(sys.argv[1])
if len(sys.argv) > 2:
    threading.Thread(target=children.decode_clip, args=[sys.argv[2]], daemon=True).start()
print("decoding", flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("at_work", [True, False])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_child_outlives_its_parent(endless: Endless, write: Write, sound: Make, at_work: bool, number: int) -> None:
    files = [write("a.wav", sound(0.5, 8000), 8000), *([endless()] if at_work else [])]
    command = [sys.executable, "-c", PARENT, *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "decoding\n"
        [pid] = decoding(parent.pid)
        assert not at_work or wait_for(lambda: cpu_s(pid) > 0.6)
        parent.send_signal(number)
        parent.wait()
        assert wait_for(partial(has_ended, pid), 5.0)
