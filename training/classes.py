"""The classes of a head's outputs, in their order, which published head files do not say."""

from __future__ import annotations

from pathlib import Path

from ..errors import BadInput, NotFound, UsageError
from ..store.datasets.magnatagatune import TAGS
from .labels import Labels

STORE = "store"
KNOWN = {"magnatagatune": TAGS}
"""Data sets whose published heads have one output per name here, in this order; their clips have several labels."""

_MAX_BYTES = 2**20


def read_classes(said: str, labels: Labels) -> tuple[tuple[str, ...], bool]:
    """Return the classes that `said` means, and whether a clip may have several of them.

    said: "magnatagatune" for its 50 tags, "store" for the labels of the store in alphabetical order (as the published
    program orders genres), or a text file with one name a line. Raises NotFound where there is no such file, BadInput
    where it does not hold names, UsageError where no clip of the store has any of them.
    """
    classes = KNOWN.get(said) or (labels.classes if said == STORE else _read(Path(said)))
    if not set(classes) & set(labels.classes):
        raise UsageError(
            f"none of the {len(classes)} classes of {said!r} ({classes[0]!r}, ...) is a label of the store's clips "
            f"({labels.classes[0]!r}, ...); label the clips, or name other --classes"
        )
    return classes, said in KNOWN or labels.multi_label


def _read(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        raise NotFound(f"{path} is no file of class names, nor one of {', '.join((*KNOWN, STORE))}")
    if path.stat().st_size > _MAX_BYTES:
        raise BadInput(f"{path} is larger than {_MAX_BYTES >> 20} MiB, which no list of class names is")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not a text file of class names, one a line") from error
    names = [line for line in lines if line]
    twice = next((name for name in names if names.count(name) > 1), None)
    if not names or twice is not None:
        what = f"has {twice!r} twice" if twice is not None else "holds no names"
        raise BadInput(f"{path} {what}; it must name the classes of the head, one a line, in the order of its outputs")
    return tuple(names)
