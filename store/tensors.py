"""`export tensors`: the vectors of every audio file of a folder as torch tensors, a file each, in folders like its own.

What the published CLEWS's inference does, but nothing is removed or written over, so that it can be run again to go on.
A note in the folder says whose vectors they are: another encoder does not go on among them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..audio.children.pool import Children
from ..audio.cores import core_count
from ..encoders.base import Encoder, digest
from ..errors import BadInput, NotFound, UsageError
from ..progress import Progress
from ..schemas.read_json import read_json
from ..schemas.vector import Float32
from .derived import check_hears
from .files import write_atomic
from .pipeline import in_order
from .reading import Problem
from .sources import walk

SUFFIX = ".pt"
NOTE = "echodex-tensors.json"


@dataclass
class TensorsReport:
    """folder: where the files are; encoder: its digest; dim: numbers of a vector; written: files, with so many
    segments; known: files that were there; problems: audio files without a tensor.
    """

    folder: str
    encoder: str
    dim: int
    written: int = 0
    segments: int = 0
    known: int = 0
    problems: list[Problem] = field(default_factory=list)


def write_tensors(encoder: Encoder, source: Path, folder: Path, *, progress: Progress) -> TensorsReport:
    """Write float32[segments, dim] of each audio file of `source`, a folder or one file, below `folder`.

    `a/b.mp3` becomes `a/b.pt`. A file that is there is left as it is; of several that would have one name, and of what
    cannot be read, the report tells. Raises NotFound, UsageError for an encoder that hears nothing or where the folder
    has the vectors of another, and StorageError where nothing can be written.
    """
    check_hears(encoder)
    if not source.exists():
        raise NotFound(f"{source} does not exist; give a folder of audio files, or one")
    root = source if source.is_dir() else source.parent
    files = list(walk(source)) if source.is_dir() else [str(source)]
    targets = {file: folder / Path(file).relative_to(root).with_suffix(SUFFIX) for file in files}
    sharing = Counter(targets.values())
    report = TensorsReport(str(folder), digest(encoder), encoder.dim)
    _check_note(folder, report.encoder)
    for file, target in targets.items():
        if sharing[target] > 1:
            report.problems.append(Problem(file, "ambiguous", f"other files would be {target} too; rename one"))
    wanted = [file for file, target in targets.items() if sharing[target] == 1 and not target.exists()]
    report.known = len(files) - len(report.problems) - len(wanted)
    if wanted:
        write_atomic(folder / NOTE, json.dumps({"encoder": report.encoder, "name": encoder.name}).encode())
    rate_hz: int = encoder.config.sample_rate_hz
    with Children() as children:
        heard = in_order(lambda file: _read(children, file, rate_hz), wanted, ahead=core_count() + 1)
        for done, (file, found) in enumerate(zip(wanted, heard, strict=True), start=1):
            if isinstance(found, Problem):
                report.problems.append(found)
            else:
                vectors = encoder.encode([found])[0].vectors
                _write(targets[file], vectors)
                report.written += 1
                report.segments += len(vectors)
            progress("export", done, len(wanted))
    return report


def _check_note(folder: Path, encoder: str) -> None:
    """Raise UsageError where the note in a folder is of another encoder."""
    try:
        noted = read_json((folder / NOTE).read_bytes())["encoder"]
    except (OSError, ValueError, TypeError, KeyError):  # of a folder without one nothing is known
        return
    if noted != encoder:
        raise UsageError(
            f"{folder} has the vectors of another encoder or of other settings ({str(noted)[:12]}, not "
            f"{encoder[:12]}); name another folder"
        )


def _read(children: Children, path: str, rate_hz: int) -> Float32 | Problem:
    try:
        return children.read_mono(path, rate_hz)
    except (BadInput, NotFound, OSError) as error:
        return Problem(path, "unreadable", str(error))


def _write(path: Path, vectors: Float32) -> None:
    import torch

    tensor = torch.from_numpy(vectors.copy())  # else the file would hold whatever it is a part of
    write_atomic(path, lambda place: torch.save(tensor, place))
