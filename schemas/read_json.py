"""Reading JSON that somebody else may have written."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: str | bytes) -> Any:
    """Return what JSON text says. Raises ValueError for what is none, and for what is nested too deep to be meant."""
    try:
        return json.loads(text)
    except RecursionError as error:  # no ValueError, so that a file of brackets would pass every reader's net
        raise ValueError("it is nested too deep") from error
