from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from echodex.errors import NotFound, UsageError
from echodex.explorer.server.jobs import AT_ONCE, KEPT, MAX_WAITING, Asked, Job, Jobs
from echodex.progress import Progress


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    found = Jobs()
    yield found
    found.close()


def ended(job: Job) -> Job:
    until = time.monotonic() + 10
    while job.state == "running":
        assert time.monotonic() < until
        time.sleep(0.001)
    return job


def endless(progress: Progress) -> None:
    while True:
        progress("working", 1, 4)
        time.sleep(0.001)


def test_a_result_is_kept_and_the_same_question_not_worked_on_again(jobs: Jobs) -> None:
    worked: list[int] = []

    def work(progress: Progress) -> str:
        worked.append(1)
        progress("halfway", 1, 2)
        return "found"

    job = ended(jobs.start(Asked("plan", ("a", 1)), work))
    assert jobs.start(Asked("plan", ("a", 1)), work) is job
    assert jobs.result(job.name, "plan") == "found"
    assert worked == [1]
    told = job.told()
    assert (told["state"], told["stage"], told["done"], told["total"]) == ("done", "halfway", 1, 2)
    assert ended(jobs.start(Asked("plan", ("a", 2)), work)) is not job
    with pytest.raises(UsageError, match="of kind 'plan'"):
        jobs.result(job.name, "duplicates")


def test_it_tells_how_far_it_is_and_how_long_it_takes(jobs: Jobs) -> None:
    heard, go = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        progress("reading", 0, 10)
        time.sleep(0.05)
        progress("reading", 5, 10)
        heard.set()
        go.wait(10)

    job = jobs.start(Asked("plan", 1), work)
    assert heard.wait(10)
    told = job.told()
    assert (told["state"], told["stage"], told["done"], told["total"]) == ("running", "reading", 5, 10)
    assert 0 < told["left_s"] < 5
    with pytest.raises(UsageError, match="is running"):
        jobs.result(job.name, "plan")
    go.set()
    assert ended(job).told()["left_s"] is None


def test_a_cancelled_job_ends_at_its_next_step(jobs: Jobs) -> None:
    job = jobs.start(Asked("plan", 1), endless)
    jobs.cancel(job.name)
    assert ended(job).told()["state"] == "cancelled"
    again = jobs.start(Asked("plan", 1), endless)
    assert again is not job  # asked again, it is begun again
    jobs.cancel(again.name)
    ended(again)


def test_one_that_waits_for_its_turn_need_not_wait_to_be_cancelled(jobs: Jobs) -> None:
    go = threading.Event()
    busy = [jobs.start(Asked("plan", number), lambda _: go.wait(10)) for number in range(AT_ONCE)]
    waiting = [jobs.start(Asked("diff", number), endless) for number in range(MAX_WAITING - AT_ONCE)]
    for job in waiting:
        jobs.cancel(job.name)
    assert {ended(job).told()["state"] for job in waiting} == {"cancelled"}
    assert {job.state for job in busy} == {"running"}
    more = jobs.start(Asked("diff", "more"), lambda _: "found")  # which would be one too many
    go.set()
    assert ended(more).result == "found"


def test_few_run_at_once(jobs: Jobs) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(progress: Progress) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    for job in [jobs.start(Asked("plan", number), work) for number in range(6)]:
        assert ended(job).state == "done"
    assert most == AT_ONCE


def test_too_many_are_refused(jobs: Jobs) -> None:
    for number in range(MAX_WAITING):
        jobs.start(Asked("plan", number), endless)
    with pytest.raises(UsageError, match="waiting already"):
        jobs.start(Asked("plan", "more"), endless)


def test_a_failure_keeps_its_sentence(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    def refused(progress: Progress) -> None:
        raise NotFound("there is no such thing")

    def broken(progress: Progress) -> None:
        raise ZeroDivisionError("secret detail")

    assert ended(jobs.start(Asked("plan", 1), refused)).told()["error"] == "there is no such thing"
    told = ended(jobs.start(Asked("plan", 2), broken)).told()
    assert (told["state"], told["error"]) == ("failed", "internal: ZeroDivisionError; the terminal says more")
    assert "secret detail" in caplog.text


def test_what_breaks_once_it_is_cancelled_is_not_a_failure(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    begun, go = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        go.wait(10)
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    job = jobs.start(Asked("plan", 1), work)
    assert begun.wait(10)
    jobs.cancel(job.name)
    go.set()
    assert ended(job).told()["state"] == "cancelled"
    assert caplog.text == ""


def test_only_the_last_results_of_a_kind_are_kept(jobs: Jobs) -> None:
    other = ended(jobs.start(Asked("map", 0), lambda progress: 0))
    made = [ended(jobs.start(Asked("plan", number), lambda progress: 0)) for number in range(KEPT + 2)]
    for job in made[:2]:
        with pytest.raises(NotFound, match="ask again"):
            jobs.find(job.name)
    assert [jobs.find(job.name) for job in [*made[2:], other]] == [*made[2:], other]


def test_closing_ends_what_runs() -> None:
    jobs = Jobs()
    made = [jobs.start(Asked("plan", number), endless) for number in range(AT_ONCE + 1)]
    jobs.close()
    assert {job.told()["state"] for job in made} == {"cancelled"}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("explorer-j")]
