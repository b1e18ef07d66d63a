"""What `import echodex` promises, and what it costs."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

import echodex
from echodex import errors

HEAVY = (
    "torch",
    "lancedb",
    "lance",
    "faiss",
    "sklearn",
    "hdbscan",
    "scipy",
    "lightning",
    "matplotlib",
    "pyarrow",
    "av",
)


@pytest.mark.parametrize("name", echodex.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(echodex, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        echodex.nonsense  # noqa: B018


@pytest.mark.parametrize("statement", ["import echodex", "import echodex.cli"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_drawn_tree_names_every_error_with_its_code() -> None:
    drawn = errors.__doc__ or ""
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.EchodexError)]
    for error in classes:
        assert any(f"{error.__name__} " in line and f" {error.exit_code} " in line for line in drawn.splitlines())
    codes = [error.exit_code for error in classes]
    assert len(codes) == len(set(codes))


def test_the_examples_in_the_docstring_hold() -> None:
    assert doctest.testmod(echodex).failed == 0


def test_decoders_are_loaded_before_threads_open_files() -> None:
    code = "import sys, echodex.audio.clip, echodex.audio.tags; print('av' in sys.modules, 'soundfile' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
