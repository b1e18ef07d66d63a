"""Which files of tests try which promise."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def files_by_promise() -> dict[str, list[Path]]:
    """Return by promise the files, from the root, that hold tests marked with it."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        marks = {number for node in ast.walk(ast.parse(path.read_text())) if (number := _promise(node))}
        for number in sorted(marks):
            found[number].append(path.relative_to(ROOT))
    return found


def _promise(node: ast.AST) -> str | None:
    """Return the number in `pytest.mark.promise("P1")`, None for any other node."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "promise"):
        return None
    first: Any = node.args[0] if node.args else None
    return str(first.value) if isinstance(first, ast.Constant) else None
