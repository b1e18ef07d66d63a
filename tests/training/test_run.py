from __future__ import annotations

from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import Damaged, NotFound, StoreLocked, UsageError
from echodex.schemas.run import Run
from echodex.training.run import finish_run, list_runs, load_run, pinned, run_folder, working_run


def draft(name: str = "", **settings: object) -> Run:
    return Run(name, "probe", "all", "dummy-1", "d1", {"lr": 1e-3, **settings}, ("a", "b"), {}, "")


def test_numbered_names_and_order(store: Store) -> None:
    for expected in ("probe-all-1", "probe-all-2"):
        with working_run(store, draft()) as run:
            assert run.name == expected
            finish_run(store, run, {"loss": 0.5})
    runs = list_runs(store)
    assert [run.name for run in runs] == ["probe-all-1", "probe-all-2"]
    assert runs[0] == load_run(store, "probe-all-1")
    assert (runs[0].metrics, runs[0].classes) == ({"loss": 0.5}, ("a", "b"))


def test_the_same_call_goes_on_with_an_unfinished_run(store: Store) -> None:
    with working_run(store, draft()) as first:
        pass
    with working_run(store, draft(lr=2e-3)) as other:
        assert other.name == "probe-all-2"
    with working_run(store, draft()) as again:
        assert again == first
    with working_run(store, draft("probe-all-1")) as named:
        assert named == first


def test_a_name_that_is_taken(store: Store) -> None:
    with working_run(store, draft("mine")) as run:
        pass
    with pytest.raises(UsageError, match="another view"), working_run(store, draft("mine", lr=2)):
        pass
    finish_run(store, run, {"loss": 1.0})
    with pytest.raises(UsageError, match="finished"), working_run(store, draft("mine")):
        pass


def test_others_that_share_a_batch_go_on_with_a_run(store: Store) -> None:
    """As long as the batch of all is as large, and what is compared in it does not depend on who holds what."""
    gathered = {"gather_negatives": True, "batch_size": 6, "devices": 2}
    with working_run(store, draft("mine", **gathered)) as run:
        pass
    with working_run(store, draft("mine", **gathered | {"batch_size": 12, "devices": 1})) as again:
        assert again == run
    for other in ({"batch_size": 6, "devices": 1}, {"batch_size": 12, "devices": 1, "gather_negatives": False}):
        with (
            pytest.raises(UsageError, match="begun with devices=2 batch_size=6"),
            working_run(store, draft("mine", **gathered | other)),
        ):
            pass


def test_two_at_once_do_not_share_a_folder(store: Store) -> None:
    with working_run(store, draft()) as one, working_run(store, draft()) as two:
        assert one.name != two.name
    with working_run(store, draft("mine")), pytest.raises(StoreLocked), working_run(store, draft("mine")):
        pass


@pytest.mark.parametrize("name", ["../up", "a/b", "", "A", "x" * 65])
def test_names_cannot_leave_the_folder(store: Store, name: str) -> None:
    with pytest.raises(UsageError):
        load_run(store, name)


def test_what_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound, match="none yet"):
        load_run(store, "mine")
    with working_run(store, draft("probe-lean")):
        pass
    with pytest.raises(NotFound, match="did you mean 'probe-lean'"):
        load_run(store, "probe-leen")
    (run_folder(store, "probe-lean") / "run.json").write_text("{}")
    with pytest.raises(Damaged, match=r"run\.json"):
        load_run(store, "probe-lean")


def test_private(store: Store) -> None:
    with working_run(store, draft("mine")):
        pass
    folder: Path = run_folder(store, "mine")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "run.json").stat().st_mode & 0o777 == 0o600


def test_all_is_not_pinned(store: Store) -> None:
    assert pinned(store, "all") == "all"
    with pytest.raises(NotFound):
        pinned(store, "lean")


def test_a_changed_run_file_is_no_run(store: Store) -> None:
    with working_run(store, draft("mine")) as run:
        assert finish_run(store, run, {"loss": 0.5}).metrics == load_run(store, "mine").metrics
    path = run_folder(store, "mine") / "run.json"
    path.write_text(path.read_text().replace("0.5", "0.4"))
    with pytest.raises(Damaged, match=r"run\.json"):
        load_run(store, "mine")
