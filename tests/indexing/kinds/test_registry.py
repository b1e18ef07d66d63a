from __future__ import annotations

import subprocess
import sys

import pytest

from echodex.errors import UsageError
from echodex.indexing.kinds import registry
from echodex.indexing.kinds.flat import Flat, FlatConfig
from echodex.indexing.kinds.ivf_rabitq import IvfRabitqConfig
from echodex.indexing.kinds.registry import build_kind, kind_names


def test_built_in_kinds_are_known_without_faiss() -> None:
    assert {"flat", "ivf", "ivf-fp16", "ivf-sq8", "ivfpq", "ivfpq-rr", "ivf-rabitq", "hnsw"} <= set(kind_names())
    code = (
        "import sys; from echodex.indexing.kinds.registry import *; [build_kind(n) for n in kind_names()];"
        "print('faiss' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", kind_names())
def test_a_kind_knows_its_name(name: str) -> None:
    kind = build_kind(name)
    assert kind.name == name
    assert isinstance(kind.config, kind.config_type)


def test_settings_are_checked() -> None:
    kind = build_kind("ivf-rabitq", {"nlist": 5, "k_factor": 4})
    assert kind.config == IvfRabitqConfig(nlist=5, k_factor=4.0)
    with pytest.raises(
        UsageError, match=r"'ivf' has no setting 'n_list'; did you mean 'nlist'.*known: nlist, rows_per"
    ):
        build_kind("ivf", {"n_list": 5})
    with pytest.raises(UsageError, match=r"'flat' has no setting 'nlist'.*known: none"):
        build_kind("flat", {"nlist": 5})
    for value in ("5", 5.0, True, None):
        with pytest.raises(UsageError, match=r"setting nlist of index kind 'ivf' is of type int, not "):
            build_kind("ivf", {"nlist": value})


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"index kind 'ivf_pq' does not exist; did you mean 'ivfpq'.*known: flat, ivf"):
        build_kind("ivf_pq")


def test_a_kind_of_ones_own_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.KINDS, "classes", dict(registry.KINDS.classes))

    @registry.register("mine")
    class Mine(Flat):
        pass

    assert kind_names()[-1] == "mine"
    assert isinstance(build_kind("mine"), Mine)
    assert build_kind("mine").config == FlatConfig()
