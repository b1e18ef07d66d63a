"""P15, P17: calls by which a file, a name or an address of somebody else's could run code or change a filter are
nowhere in the library.

The attacks themselves are in tests/attacks/; this test keeps the doors shut that they did not try.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.marked import ROOT
from harness.promise import Promise

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__", "execfile"),
    *("os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "pty.spawn", "subprocess.getoutput"),
    *("subprocess.getstatusoutput", "commands.getoutput", "tempfile.mktemp", "runpy.run_path", "code.interact"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "yaml.full_load_all"),
    *("torch.hub.load", "torch.hub.load_state_dict_from_url", "torch.jit.load", "torch.package.PackageImporter"),
    *("np.fromregex", "pd.read_pickle", "pandas.read_pickle", "np.memmap.dump", "shutil.unpack_archive"),
    *("logging.config.listen", "importlib.util.spec_from_file_location"),
}
FORBIDDEN_NAMES = {"UnsafeLoader", "FullLoader", "Unpickler", "load_pickle", "register_new_resolver", "extractall"}
ONLY_IN = {
    "json.loads": {"schemas/read_json.py"},  # which takes a text that is nested too deep for one that is no JSON
    "json.load": {"schemas/read_json.py"},
    "np.load": {"store/arrays.py"},
    "torch.load": {"encoders/checkpoint.py"},
    "faiss.read_index": {"indexing/index/mapped.py", "indexing/index/opened.py"},  # of a file whose seal was checked
    "ctypes.CDLL": {"training/memory.py"},  # of the process itself
}
FILTERING = {"where", "filter", "delete", "count_rows", "to_batches", "scanner", "count"}
"""Calls that take a filter, first or by a keyword of these names."""
FILTERS = {"where", "filter", "predicate"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every file that is part of the package, by its path from the root."""
    rooms = (path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] not in NOT_PACKED)
    for path in sorted(path for path in rooms if not path.relative_to(ROOT).parts[0].startswith(".")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


NOT_PACKED = {"tests", "benchmarks", "docs", "build", "dist"}


def dotted(node: ast.AST) -> str:
    """Return "a.b.c" for that expression, "" where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def odd_imports(node: ast.AST) -> Iterator[str]:
    """Yield the modules that must not be imported."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
    yield from (f"import {name}" for name in names if name.partition(".")[0] in FORBIDDEN_MODULES)


def odd_calls(node: ast.Call, path: str) -> Iterator[str]:
    """Yield what must not be called, or not so, or not here."""
    name = dotted(node.func)
    said = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in FORBIDDEN_CALLS or name.rpartition(".")[2] in FORBIDDEN_NAMES:
        yield name
    if path not in ONLY_IN.get(name, {path}):
        yield f"{name} outside {', '.join(sorted(ONLY_IN[name]))}"
    for keyword, allowed in (("allow_pickle", False), ("weights_only", True), ("shell", False)):
        if keyword in said and getattr(said[keyword], "value", None) is not allowed:
            yield f"{name}({keyword}=...)"
    if name in ("np.load", "numpy.load") and "allow_pickle" not in said:
        yield f"{name} without allow_pickle=False"
    if name == "torch.load" and "weights_only" not in said:
        yield "torch.load without weights_only=True"


def is_text_with_values(node: ast.AST) -> bool:
    """Whether an expression puts a text together: an f-string, "..." % x, "..." + x, "...".format(x)."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and not is_constant(part.value) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return any(isinstance(side, ast.JoinedStr) or is_text(side) for side in (node.left, node.right))
    return isinstance(node, ast.Call) and dotted(node.func).endswith(("format", "join"))


def compares(node: ast.AST) -> bool:
    """Whether a text that is put together reads like a filter, and not like a sentence."""
    texts = [str(part.value) for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return is_text_with_values(node) and any(sign in text for text in texts for sign in ("=", "<", ">", " IN "))


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_constant(node: ast.AST) -> bool:
    """Whether a value stands in the source: an enum's member, a constant in capitals."""
    last = dotted(node).rpartition(".")[2]
    return bool(last) and last.isupper() and not isinstance(node, ast.Call)


def odd_filters(node: ast.Call, path: str) -> Iterator[str]:
    """Yield the filters that are not built by store/where.py."""
    if path == "store/where.py":
        return
    name = dotted(node.func).rpartition(".")[2]
    given = [keyword.value for keyword in node.keywords if keyword.arg in FILTERS]
    if name in FILTERING and "np." not in dotted(node.func):
        given += node.args
    yield from (f"a filter that is put together in {name}" for value in given if is_text_with_values(value))


def found_in(tree: ast.Module, path: str) -> list[str]:
    """Return what a file does that it must not, with the line."""
    found = []
    for node in ast.walk(tree):
        odd = [*odd_imports(node)]
        if isinstance(node, ast.Call):
            odd += [*odd_calls(node, path), *odd_filters(node, path)]
        if isinstance(node, ast.Assign) and compares(node.value):
            odd += [f"the filter {t.id}" for t in node.targets if isinstance(t, ast.Name) and t.id in FILTERS]
        found += [f"{path}:{getattr(node, 'lineno', 0)}: {what}" for what in odd]
    return found


@pytest.mark.promise("P15")
def test_nothing_that_could_run_a_strangers_code_is_called(promise: Promise) -> None:
    for path, tree in sources():
        found = [what for what in found_in(tree, path) if "filter" not in what]
        promise.trial(not found, "; ".join(found))


@pytest.mark.promise("P17")
def test_filters_are_built_in_one_place_only(promise: Promise) -> None:
    for path, tree in sources():
        found = [what for what in found_in(tree, path) if "filter" in what]
        promise.trial(not found, "; ".join(found))


CAUGHT = [
    "import pickle",
    "from joblib import load",
    "eval(x)",
    "os.system('ls')",
    "np.load(path)",
    "np.load(path, allow_pickle=True)",
    "np.load(path, allow_pickle=anything)",
    "torch.load(path)",
    "torch.load(path, weights_only=False)",
    "torch.load(path, weights_only=not strict)",
    "torch.hub.load('a/b', 'c')",
    "yaml.load(text, Loader=yaml.SafeLoader)",
    "yaml.unsafe_load(text)",
    "subprocess.run(line, shell=True)",
    "tempfile.mktemp()",
    "archive.extractall(folder)",
    "json.loads(text)",
    "OmegaConf.register_new_resolver('x', f)",
    "table.delete(f'id = {x}')",
    "table.delete('id = ' + x)",
    "table.count_rows('id = %s' % x)",
    "table.search().where('id = {}'.format(x))",
    "tables.scan(name, columns, where=f\"id = '{x}'\")",
    "dataset.to_batches(filter=f'id = {x}')",
    "where = f\"id = '{x}'\"",
]


@pytest.mark.parametrize("text", CAUGHT)
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert found_in(ast.parse(text), "store/anything.py")


@pytest.mark.parametrize("text", ["table.delete(equals('id', x))", "where = f'status != {Status.BAD}'", "a = f'{x}'"])
def test_the_search_lets_pass_what_is_sound(text: str) -> None:
    assert not found_in(ast.parse(text), "store/anything.py")


def test_the_whole_library_is_looked_through() -> None:
    paths = {Path(path).parts[0] for path, _ in sources()}
    assert {"audio", "encoders", "store", "indexing", "pruning", "training", "evaluation", "api", "cli.py"} <= paths
