"""`export onnx`: the encoder of a space, a run or a checkpoint, with a head where there is one, as an ONNX file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..encoders.base import Encoder, digest
from ..encoders.checkpoint import SUFFIXES
from ..encoders.resolve import CHECKPOINT_ENCODER
from ..encoders.samplecnn import WINDOW
from ..errors import BadInput, NotFound, UsageError
from ..progress import Progress, silent
from ..schemas.run import RUN_FILE
from ..store.files import write_atomic
from ..store.store import Store
from .finished import finished_probe
from .head import Head, load_head
from .layout import HEAD_FILE, PROBE
from .onnx_model import AUDIO, LOGITS, REPRESENTATION, onnx_model
from .published import load_published_head
from .run import load_run, run_folder
from .trained import find_encoder, load_trained

RUN_PREFIX = "run:"
"""What a run's name may have before it, and has to where a space is called like it."""

_FILES = (*SUFFIXES, ".yaml", ".yml")


@dataclass(frozen=True)
class OnnxFile:
    """What was written: takes `input` float32[1, 1, samples], gives `output` float32[1, length].

    encoder: its digest; classes: of the outputs of a head, () where they are not known or there is no head.
    """

    path: Path
    encoder: str
    sample_rate_hz: int
    samples: int
    input: str
    output: str
    length: int
    classes: tuple[str, ...]


def is_file_name(target: str) -> bool:
    """Return whether `target` means a checkpoint (a file, a URL or a YAML file), for which no store is needed."""
    return not target.startswith(RUN_PREFIX) and ("://" in target or Path(target).suffix.lower() in _FILES)


def export_onnx(
    store: Store | None,
    target: str,
    path: str | Path,
    *,
    head: str | Path | None = None,
    progress: Progress = silent,
) -> OnnxFile:
    """Write an encoder to an ONNX file at `path`.

    target: a space, a run (a probe's is the encoder of its space; where a run has a head, that is on it), or a
    checkpoint, which needs no store; head: a published head file to put on it. The model hears one window and gives h
    of it as the encoder does, or the head's logits for that h. Raises NotFound, UsageError for what is no SampleCNN,
    BadInput for a head that does not fit, Unavailable where the package onnx is not installed.
    """
    encoder, of_run = _find(store, target, progress)
    if encoder.name != CHECKPOINT_ENCODER or encoder.config.pooling == "flatten":
        what = f"encoder {encoder.name!r}" if encoder.name != CHECKPOINT_ENCODER else "pooling 'flatten'"
        raise UsageError(f"{target} has {what}; ONNX export takes 'clmr' with pooling 'mean' or 'windows'")
    if head and of_run:
        raise UsageError(f"run {target} has a head of its own; leave out --head, or name its space")
    worn = load_published_head(Path(head).expanduser(), None) if head else of_run
    if worn and worn.dim != encoder.dim:
        raise BadInput(f"the head in {head} takes vectors of length {worn.dim}, and {target} gives {encoder.dim}")
    classes = of_run.classes if of_run else ()
    identity, rate_hz = digest(encoder), int(encoder.config.sample_rate_hz)
    about = {"encoder": encoder.name, "encoder_digest": identity, "sample_rate_hz": str(rate_hz)}
    if of_run:
        about |= {"classes": json.dumps(classes, ensure_ascii=False), "multi_label": json.dumps(of_run.multi_label)}
    write_atomic(Path(path), onnx_model(encoder.weights(), WINDOW, worn, about))
    output, length = (LOGITS, len(worn.classes)) if worn else (REPRESENTATION, encoder.dim)
    return OnnxFile(Path(path), identity, rate_hz, WINDOW, AUDIO, output, length, classes)


def _find(store: Store | None, target: str, progress: Progress) -> tuple[Encoder, Head | None]:
    """Return the encoder that `target` means, and the head of a probe."""
    if is_file_name(target) or store is None:
        return find_encoder(None, target, {}, progress=progress), None
    name = target.removeprefix(RUN_PREFIX)
    if name == target and any(target in (space.name, space.encoder) for space in store.spaces()):
        return store.encoder(store.space(target)), None
    if not (run_folder(store, name) / RUN_FILE).is_file() and name == target:
        raise NotFound(f"{target!r} is no space, run or checkpoint file; `echodex status` lists the spaces")
    if load_run(store, name).objective == PROBE:
        probe = finished_probe(store, name)
        return store.encoder(probe.space), probe.head
    taught_with = run_folder(store, name) / HEAD_FILE
    return load_trained(store, name), load_head(taught_with) if taught_with.is_file() else None
