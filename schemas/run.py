"""A run: one training or evaluation, pinned to a view version and an encoder digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RUNS = "runs"
"""The folder of a store that holds a folder for each run."""

RUN_FILE = "run.json"

TRAINED = "run:"
"""What precedes the name of a run where the encoder that it trained is meant, or that encoder's space."""


@dataclass(frozen=True)
class Run:
    """What a run folder says of itself (`runs/<name>/run.json`).

    `view` is "name@version" (or "all"), `space` and `encoder_digest` what the vectors came from, `classes` the
    labels in the order of the outputs, `metrics` the last value of each.
    """

    name: str
    objective: str
    view: str
    space: str
    encoder_digest: str
    config: dict[str, Any]
    classes: tuple[str, ...]
    metrics: dict[str, float]
    created_at: str
