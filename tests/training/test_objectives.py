from __future__ import annotations

import pytest

from echodex import train
from echodex.api import Store
from echodex.errors import UsageError
from echodex.training.objectives import find_objective


@pytest.mark.parametrize("name", ["probe", "supervised", "fingerprint", "autoencoder"])
def test_every_objective_has_a_default_of_its_kind(name: str) -> None:
    objective = find_objective(name)
    assert {type(preset) for preset in objective.presets.values()} == {objective.kind}
    assert objective.presets["default"] == objective.kind()


def test_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"'prob' does not exist; did you mean 'probe'\? .*supervised"):
        find_objective("prob")


def test_a_space_is_for_what_learns_from_vectors(kinds_store: Store) -> None:
    with pytest.raises(UsageError, match="takes no space"):
        train("supervised", store=kinds_store, space="dummy")


def test_settings_of_a_call_are_checked(kinds_store: Store) -> None:
    with pytest.raises(UsageError, match="'hiden'; did you mean 'hidden'"):
        train("probe", store=kinds_store, hiden=3)


def test_a_preset_in_a_call(kinds: Store) -> None:
    run = train("probe", store=kinds, preset="published", max_epochs=2)
    assert (run.config["inputs"], run.config["learning_rate"], run.config["max_epochs"]) == ("window", 1e-3, 2)
