"""Which recordings there are: lines of JSON, a recording each, or folders of `.mm` files; and who performs what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....errors import BadInput, NotFound
from ....schemas.read_json import read_json
from ...datasets.cliques import read_cliques
from .arrays import shape_of

_ID = ("youtube_id", "ytid", "youtubeId")
_H5 = ("h5_chunk", "h5_file")
_H5_KEY = "h5_key"
_MM = ("mm_path", "cqt_mm_path")
_HOP = ("hop_s", "hoplen_s", "frame_hop_s")
_SHAPE = ("shape", "cqt_shape")
_SUFFIX = ".mm"
_HDF5_MAGIC = b"\x89HDF"
_FOLDER_LETTERS = 2


@dataclass(frozen=True)
class Recording:
    """identity: its YouTube id; path: its file, None where none is there; key: its dataset in an HDF5 file, "" in
    others; hop_s, shape: as the index says them, None where it does not.
    """

    identity: str
    path: Path | None
    key: str = ""
    hop_s: float | None = None
    shape: tuple[int, int] | None = None


@dataclass
class Index:
    """Finds the file of each recording: the HDF5 file that a line names, else the `.mm` file that it names, else
    `<mm_root>/<first two letters>/<id>.mm`.

    h5_root, mm_root: folders; None for that of the list, where nothing is guessed. Whether an HDF5 file is there is
    asked once.
    """

    h5_root: Path | None
    mm_root: Path | None
    _there: dict[Path, bool] = field(default_factory=dict)

    def recordings(self, path: Path) -> Iterator[Recording]:
        """Yield those of a folder, sorted, the one of a `.mm` file, or those of a list, in its order.

        Raises NotFound, BadInput naming the line.
        """
        if path.is_dir():
            files = [file for file in sorted(path.rglob(f"*{_SUFFIX}")) if file.is_file() and not file.is_symlink()]
            yield from (Recording(file.stem, file) for file in files)
        elif not path.is_file():
            raise NotFound(f"{path} does not exist; name a list (JSON lines) or a folder of {_SUFFIX} files")
        elif path.suffix == _SUFFIX:
            yield Recording(path.stem, path)
        else:
            yield from self._listed(path)

    def _listed(self, path: Path) -> Iterator[Recording]:
        with path.open("rb") as lines:
            if lines.peek(len(_HDF5_MAGIC)).startswith(_HDF5_MAGIC):
                raise BadInput(
                    f"{path} is an HDF5 file; name the list (JSON lines) of the recordings in it, and its folder with "
                    "--h5-root"
                )
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        yield self._recording(_object(line), path.parent)
                    except BadInput as error:
                        raise BadInput(f"{path}, line {number}: {error}") from error

    def _recording(self, told: Mapping[str, Any], folder: Path) -> Recording:
        identity = _text(told, *_ID)
        if not identity:
            raise BadInput(f"has none of {', '.join(_ID)}")
        found, key = self._file(told, folder, identity)
        said = next((told[name] for name in _SHAPE if told.get(name) is not None), None)
        shape = None if said is None else shape_of(said, "the index")
        return Recording(identity, found, key, _seconds(told), shape)

    def _file(self, told: Mapping[str, Any], folder: Path, identity: str) -> tuple[Path | None, str]:
        chunk, key, mm = _text(told, *_H5), _text(told, _H5_KEY), _text(told, *_MM)
        if chunk and key:
            path = (self.h5_root or folder) / chunk
            if path not in self._there:
                self._there[path] = path.is_file()
            if self._there[path]:
                return path, key
        tried = [(self.mm_root or folder) / mm] if mm else []
        if self.mm_root:
            tried.append(self.mm_root / identity[:_FOLDER_LETTERS] / f"{identity}{_SUFFIX}")
        return next((path for path in tried if path.is_file()), None), ""


def told_by(path: Path) -> dict[str, dict[str, str]]:
    """Return by YouTube id the `work`, `rendition` and `title` of a list of cliques (store/datasets/cliques.py); of an
    id that comes twice, the first. Raises NotFound, BadInput.
    """
    found: dict[str, dict[str, str]] = {}
    for listed in read_cliques(path):
        said = {"work": listed.clique, "rendition": listed.version, "title": listed.title}
        found.setdefault(listed.video, {name: value for name, value in said.items() if value})
    return found


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = read_json(line)
    except ValueError as error:
        raise BadInput(f"is no JSON ({str(error)[:200]})") from error
    if not isinstance(told, dict):
        raise BadInput("is no JSON object")
    return told


def _text(told: Mapping[str, Any], *names: str) -> str:
    """Return the first of `names` that says something, "" where none does."""
    said = next((told[name] for name in names if told.get(name)), "")
    if not isinstance(said, str) or "\0" in said:
        raise BadInput(f"has {str(said)[:80]!r} as its {' or '.join(names)}, which is no text")
    return said


def _seconds(told: Mapping[str, Any]) -> float | None:
    said = next((told[name] for name in _HOP if told.get(name) is not None), None)
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said < math.inf:
        raise BadInput(f"has a hop of {str(said)[:80]!r}; it must be seconds, more than 0")
    return float(said)
