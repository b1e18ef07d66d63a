from __future__ import annotations

import signal
import threading

import pytest

from echodex.errors import Terminated
from echodex.training.interrupt import Interrupted, interrupt_flag


def press() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_the_first_signal_only_raises_the_flag(number: signal.Signals, kind: type[KeyboardInterrupt]) -> None:
    before = signal.getsignal(number)
    done = []

    def work() -> None:
        with interrupt_flag() as flag:
            signal.raise_signal(number)
            assert flag.raised
            done.append("the work")

    with pytest.raises(KeyboardInterrupt) as caught:
        work()
    assert (caught.type, done) == (kind, ["the work"])
    assert signal.getsignal(number) is before


def test_the_second_press_stops_at_once() -> None:
    def work() -> None:
        with interrupt_flag():
            press()
            press()
            pytest.fail("still running")

    with pytest.raises(KeyboardInterrupt):
        work()


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_one_of_each_stops_at_once(first: signal.Signals) -> None:
    def work() -> None:
        with interrupt_flag():
            signal.raise_signal(first)
            press()
            pytest.fail("still running")

    with pytest.raises(Terminated if first == signal.SIGTERM else KeyboardInterrupt):
        work()


def test_sigterm_twice_in_a_row_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `timeout` sends it; later, it is somebody who will not wait."""
    now_s = [100.0]
    monkeypatch.setattr("echodex.training.interrupt.time.monotonic", lambda: now_s[0])
    done = []

    def work() -> None:
        with interrupt_flag():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            done.append("the work")
            now_s[0] += 1.0
            signal.raise_signal(signal.SIGTERM)
            pytest.fail("still running")

    with pytest.raises(Terminated):
        work()
    assert done == ["the work"]


def test_a_heeded_flag_leaves_as_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt), interrupt_flag():
        raise Interrupted


def test_without_a_press_nothing_happens() -> None:
    with interrupt_flag() as flag:
        pass
    assert not flag.raised


def test_in_another_thread_there_is_no_handler() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with interrupt_flag():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_job_in_the_background_stays_deaf() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupt_flag() as flag:
            press()
        assert not flag.raised
    finally:
        signal.signal(signal.SIGINT, before)
