"""The house itself: what is packed, who imports whom, how large a file and a function may be.

The repository root is the import package (docs/decisions/0002-root-mapping.md); these are the guards of that choice.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_PACKED = {"tests", "benchmarks", "docs", "build", "dist"}
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 60
BIN = Path(sys.executable).parent


def packages() -> set[str]:
    return set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])


def source_files() -> list[Path]:
    rooms = [ROOT.joinpath(*name.split(".")[1:]) for name in packages()]
    return sorted(path for room in rooms for path in room.glob("*.py"))


def test_every_room_is_listed_in_pyproject() -> None:
    folders = {path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py") if path.parent != ROOT}
    rooms = {
        ".".join(["echodex", *f.parts])
        for f in folders
        if not f.parts[0].startswith(".") and f.parts[0] not in NOT_PACKED
    }
    assert rooms | {"echodex"} == packages()


def test_only_modules_of_the_package_lie_at_the_root() -> None:
    modules = {"__init__.py", "cli.py", "errors.py", "progress.py", "registry.py"}
    assert {path.name for path in ROOT.glob("*.py")} == modules


def test_imports_stay_on_their_floors() -> None:
    done = subprocess.run([BIN / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


def reading_orders() -> list[Path]:
    return [path for path in source_files() if path.name == "__init__.py" and "Reading order:" in path.read_text()]


@pytest.mark.parametrize("path", reading_orders(), ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_what_a_reading_order_names_is_there(path: Path) -> None:
    order = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("Reading order:")[2]
    named = set(re.findall(r"`(\w+)`", order))
    assert named
    assert {
        name for name in named if not list(path.parent.glob(f"{name}.py")) and not (path.parent / name).is_dir()
    } == set()


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "build", "--outdir", tmp_path, ROOT], check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    inside = {name for name in names if name.startswith("echodex/")}
    expected = {f"echodex/{path.relative_to(ROOT)}" for path in source_files()}
    assert {name for name in inside if name.endswith(".py")} == expected
    page = ROOT / "explorer" / "page"
    files = [path for pattern in ("*.html", "*.css", "*.js", "*.svg", "vendor/*") for path in page.glob(pattern)]
    assert {name for name in inside if not name.endswith(".py")} == {
        *(f"echodex/{path.relative_to(ROOT)}" for path in files),
        "echodex/py.typed",
        "echodex/encoders/chroma_fit.safetensors",
        "echodex/encoders/fingerprint_small.safetensors",
        "echodex/encoders/timbre_fit.safetensors",
        "echodex/training/configs/clmr.yaml",
    }
    assert all(name.startswith(("echodex/", "echodex-")) for name in names)
