from __future__ import annotations

import signal
import threading

import pytest

from echodex.training.interrupt import Interrupted, interrupt_flag


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_press_only_raises_the_flag() -> None:
    done = []

    def work() -> None:
        with interrupt_flag() as flag:
            press()
            assert flag.raised
            done.append("the work")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the work"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_press_stops_at_once() -> None:
    def work() -> None:
        with interrupt_flag():
            press()
            press()
            pytest.fail("still running")

    with pytest.raises(KeyboardInterrupt):
        work()


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
