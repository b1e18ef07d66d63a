from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from echodex.errors import NotFound, UsageError
from echodex.training.settings import read_settings, settle, write_config


@dataclass(frozen=True)
class Tuning:
    rounds: int = 3
    rate: float = 0.5
    fast: bool = False
    word: str = "plain"
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise UsageError(f"rounds is {self.rounds}")


PRESETS = {"default": Tuning(), "quick": Tuning(rounds=1, fast=True)}


def read(path: str | Path | None = None, *overrides: str) -> Tuning:
    return read_settings(Tuning, PRESETS, path, overrides)


def test_preset_then_file_then_overrides(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("rounds: 7\nrate: 1e-3\nlimit: 4\npreset: quick\n")
    assert read() == Tuning()
    assert read(None, "preset=quick", "rounds=2") == Tuning(rounds=2, fast=True)
    assert read(tmp_path / "c.yaml") == Tuning(7, 1e-3, True, "plain", 4)
    assert read(tmp_path / "c.yaml", "rounds=9", "limit=null", "preset=default") == Tuning(
        9, 1e-3, False, "plain", None
    )


@pytest.mark.parametrize(
    ("override", "field", "value"),
    [
        ("fast=1", "fast", True),
        ("fast=0", "fast", False),
        ("fast=true", "fast", True),
        ("rate=2", "rate", 2.0),
        ("rate=1e-6", "rate", 1e-6),
        ("word=5", "word", "5"),
        ("word=a=b", "word", "a=b"),
        ("limit=5", "limit", 5),
    ],
)
def test_values_become_what_their_field_is(override: str, field: str, value: Any) -> None:
    found = getattr(read(None, override), field)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("rouns=3", "'rouns'; did you mean 'rounds'"),
        ("zzz=3", "there is: preset, rounds, rate, fast, word, limit"),
        ("rounds=many", "rounds must be a whole number, not 'many'"),
        ("rounds=2.5", "rounds must be a whole number"),
        ("rounds=true", "rounds must be a whole number"),
        ("rate=true", "rate must be a number"),
        ("rate=nan", "rate must be a number"),
        ("fast=2", "fast must be true or false"),
        ("fast=maybe", "fast must be true or false"),
        ("word=true", "word must be a word"),
        ("rounds=null", "rounds must be a whole number"),
        ("rounds.first=3", "rounds must be a whole number"),
        ("limit=few", "limit must be a whole number"),
        ("rounds=0", "rounds is 0"),
        ("preset=best", "preset 'best' does not exist; there is default, quick"),
        ("preset=[quick]", "preset must be a word"),
        ("rounds", "'rounds' is not KEY=VALUE"),
        ("rounds=[", "cannot be read as KEY=VALUE"),
        ("rate=${nothing}", "cannot be read as KEY=VALUE"),
    ],
)
def test_mistakes_are_named(override: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(None, override)
    assert said in str(caught.value)


def test_the_file_is_named_where_the_mistake_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("rouns: 7\n")
    with pytest.raises(UsageError, match=r"c\.yaml: there is no setting 'rouns'; did you mean 'rounds'"):
        read(tmp_path / "c.yaml")
    with pytest.raises(NotFound, match=r"nowhere\.yaml"):
        read("nowhere.yaml")


def test_another_programs_words_are_translated_with_where_they_came_from(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("turns: 7\n")
    seen: list[str] = []

    def translate(said: dict[str, Any], origin: str) -> dict[str, Any]:
        seen.append(origin)
        return {{"turns": "rounds", "speed": "rate"}[key]: value for key, value in said.items()}

    path = tmp_path / "c.yaml"
    assert read_settings(Tuning, PRESETS, path, ["speed=2"], translate) == Tuning(rounds=7, rate=2.0)
    assert seen == [str(path), "the command line"]


def test_settings_of_a_call() -> None:
    assert settle(PRESETS, {"preset": "quick", "rate": 1}) == Tuning(rounds=1, rate=1.0, fast=True)
    with pytest.raises(UsageError, match="the call: there is no setting 'round'; did you mean 'rounds'"):
        settle(PRESETS, {"round": 1})


plain_words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8)


@given(
    st.builds(
        Tuning,
        rounds=st.integers(1, 2**40),
        rate=st.floats(allow_nan=False, allow_infinity=False),
        fast=st.booleans(),
        word=plain_words.filter(lambda word: "$" not in word),
        limit=st.none() | st.integers(),
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, config: Tuning) -> None:
    path = tmp_path_factory.mktemp("written") / "c.yaml"
    write_config(path, config)
    assert read(path) == config
    assert OmegaConf.to_container(OmegaConf.load(path)) == asdict(config)
