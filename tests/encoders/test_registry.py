from __future__ import annotations

import subprocess
import sys

import pytest

from echodex.encoders import registry
from echodex.encoders.dummy import Dummy, DummyConfig
from echodex.errors import BadInput, NotFound


def test_built_in_encoders_are_known_without_being_loaded() -> None:
    assert {"timbre", "clmr", "dummy"} <= set(registry.names())
    code = "import sys; from echodex.encoders import registry; registry.names(); print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_name_builds_its_class_with_its_configuration() -> None:
    assert registry.encoder_class("dummy") is Dummy
    built = registry.build("dummy", {"bands": 5, "window_s": 1})
    assert built.config == DummyConfig(bands=5, window_s=1.0)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="encoder 'tymbre' does not exist; did you mean 'timbre'"):
        registry.build("tymbre")


@pytest.mark.parametrize(("config", "said"), [({"band": 3}, "no setting 'band'"), ({"bands": "3"}, "must be int")])
def test_a_wrong_setting_is_named(config: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        registry.build("dummy", config)


def test_registering_makes_a_class_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.ENCODERS, "classes", dict(registry.ENCODERS.classes))

    @registry.register("other")
    class Other(Dummy):
        pass

    assert Other.name == "other"
    assert "other" in registry.names()
    assert isinstance(registry.build("other"), Other)
