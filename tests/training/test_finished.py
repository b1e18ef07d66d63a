from __future__ import annotations

from dataclasses import replace

import pytest

from echodex.api import Store
from echodex.errors import Damaged, NotFound, Stale, UsageError
from echodex.schemas.run import Run
from echodex.training.config import ProbeConfig
from echodex.training.finished import finished_probe
from echodex.training.probe import train_probe
from echodex.training.run import finish_run, run_folder, working_run


def test_a_probe_with_its_space_and_head(kinds: Store) -> None:
    run = train_probe(kinds, config=ProbeConfig(max_epochs=1))
    found = finished_probe(kinds, run.name)
    assert (found.run, found.space) == (run, kinds.space())
    assert (found.head.dim, found.head.classes) == (kinds.space().dim, run.classes)


def test_what_is_none(kinds: Store) -> None:
    run = train_probe(kinds, config=ProbeConfig(max_epochs=1), name="mine")
    with pytest.raises(NotFound, match="did you mean 'mine'"):
        finished_probe(kinds, "mime")
    draft = Run("begun", "probe", "all", run.space, run.encoder_digest, {}, run.classes, {}, "")
    for made in (draft, replace(draft, name="other", objective="pruning")):
        with working_run(kinds, made) as begun:
            if made.objective != "probe":
                finish_run(kinds, begun, {"view Accuracy": 1.0})
    with pytest.raises(UsageError, match="not finished; give the same `echodex train probe` command again"):
        finished_probe(kinds, "begun")
    with pytest.raises(UsageError, match=r"is of 'pruning' and has no head; name one of `echodex train probe`"):
        finished_probe(kinds, "other")
    with working_run(kinds, replace(draft, name="mute", objective="clmr")) as begun:
        finish_run(kinds, begun, {"epochs": 1.0})
    with pytest.raises(UsageError, match=r"`echodex embed run:mute`, then `echodex train probe --space run:mute`"):
        finished_probe(kinds, "mute")
    with working_run(kinds, replace(draft, name="stale", encoder_digest="0" * 32)) as begun:
        finish_run(kinds, begun, {"epochs": 1.0})
    with pytest.raises(Stale, match="train it again"):
        finished_probe(kinds, "stale")
    (run_folder(kinds, "mine") / "head.safetensors").write_bytes(b"torn")
    with pytest.raises(Damaged, match=r"head\.safetensors"):
        finished_probe(kinds, "mine")
