"""Configurations made to do harm: none runs code, reads the environment, or takes more time than its size."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from echodex.encoders.resolve import resolve
from echodex.encoders.versions.convert import CONFIGURATION, read_published
from echodex.errors import EchodexError
from echodex.training.config import PRESETS, ProbeConfig
from echodex.training.configs import read_yaml
from echodex.training.settings import read_settings

SECRET = "a-secret-of-the-environment"

RUNS_CODE = [
    "!!python/object/apply:os.system ['touch {marker}']",
    "!!python/object/new:os.system ['touch {marker}']",
    "!!python/object/apply:subprocess.check_call [['touch', '{marker}']]",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/object/apply:eval [\"__import__('os').system('touch {marker}')\"]",
]

READS_MORE = [
    "${oc.env:SECRET}",
    "${oc.env:SECRET,none}",
    "x${oc.env:SECRET}",
    "${oc.decode:${oc.env:SECRET}}",
    "${${kind}:SECRET}",
    "${oc.select:kind}",
    "${oc.dict.keys:kind}",
    "${oc.create:[1]}",
    "${oc.deprecated:kind}",
    "\\\\${oc.env:SECRET}",
    "${kind}${oc.env:SECRET}",
]

TOO_MUCH = {
    "brackets": "a: " + "[" * 20_000 + "]" * 20_000,
    "braces": "a: " + "{a: " * 5_000 + "1" + "}" * 5_000,
    "laughs": "a0: &a0 [x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 10)),
    "itself": "a: &a [*a]",
    "a number of 100,000 digits": f"a: {'9' * 100_000}",
    "a key twice over": "? [a, b]\n: 1",
    "bytes": "a: !!binary R0lGODlhDAAMAIQAAP",
    "not UTF-8": "a: \udcff",
    "a NUL": "a: \0",
}


def readers(text: str, folder: Path) -> list[Callable[[], Any]]:
    """Everything that reads YAML which somebody else may have written."""
    path = folder / "given.yaml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    encoder = folder / "encoder.yaml"
    encoder.write_bytes(b"encoder: dummy\n" + text.encode(errors="surrogateescape"))
    beside = folder / CONFIGURATION
    beside.write_bytes(path.read_bytes())
    return [
        lambda: read_yaml(path),
        lambda: read_settings(ProbeConfig, PRESETS, path, ()),
        lambda: resolve(str(encoder), {}),
        lambda: read_published(beside.with_name("none.ckpt")),
    ]


def said_by(read: Callable[[], Any]) -> str:
    """Return what a reader finds, or the sentence that it refuses with."""
    try:
        return ascii(read())
    except EchodexError as error:
        return str(error)


@pytest.mark.parametrize("value", RUNS_CODE)
def test_a_tag_runs_nothing(value: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    for read in readers("a: " + value.replace("{marker}", str(marker)), tmp_path):
        with pytest.raises(EchodexError):
            read()
    assert not marker.exists()


def test_the_tag_would_have_run(tmp_path: Path) -> None:
    """The attack above is a real one: PyYAML's own loader for what one wrote oneself falls for it."""
    marker = tmp_path / "marker"
    yaml.load(RUNS_CODE[0].replace("{marker}", str(marker)), Loader=yaml.UnsafeLoader)
    assert marker.exists()


@pytest.mark.parametrize("value", READS_MORE)
def test_nothing_reads_the_environment(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    path = tmp_path / "given.yaml"
    path.write_text(f'kind: oc.env\nname: "{value}"\n')
    with pytest.raises(EchodexError) as caught:
        read_yaml(path)
    assert SECRET not in str(caught.value)
    with pytest.raises(EchodexError) as caught:
        read_settings(ProbeConfig, PRESETS, None, (f"preset={value}",))
    assert SECRET not in str(caught.value)


def test_a_reference_in_two_halves_is_not_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    path = tmp_path / "given.yaml"
    path.write_text('open: "$"\nrest: "{oc.env:SECRET}"\nname: "${open}${rest}"\nagain: "${name}"\n')
    assert SECRET not in str(read_yaml(path))


def test_the_environment_would_have_been_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack above is a real one: OmegaConf does it by itself."""
    from omegaconf import OmegaConf

    monkeypatch.setenv("SECRET", SECRET)
    assert OmegaConf.create({"name": READS_MORE[0]}).name == SECRET


@pytest.mark.parametrize("kind", TOO_MUCH)
def test_a_file_costs_no_more_than_itself(kind: str, tmp_path: Path) -> None:
    for read in readers(TOO_MUCH[kind], tmp_path):
        found = said_by(read)
        assert len(found) < 200_000
        assert found.isprintable()


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "..", ".", "\0", "x" * 300, "https://example.org/a"])
def test_a_list_of_defaults_includes_configurations_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root:x:0:0\n")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = folder / "given.yaml"
    path.write_bytes(b"defaults:\n  - " + repr(name).encode() + b"\n")
    with pytest.raises(EchodexError) as caught:
        read_yaml(path)
    assert "root:x" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    for read in (lambda: read_yaml(path), lambda: resolve(str(path), {})):
        with pytest.raises(EchodexError):
            read()
