"""echodex: an embedding store for audio. Query similar clips, keep named pruned views, train straight from them.

>>> import echodex
>>> sorted(echodex.__all__)[:4]
['BadInput', 'Damaged', 'EchodexError', 'NotFound']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    BadInput,
    Damaged,
    EchodexError,
    NotFound,
    Stale,
    StorageError,
    StoreLocked,
    Unavailable,
    UsageError,
)

if TYPE_CHECKING:
    from .api import (
        Plan,
        Run,
        Store,
        View,
        compare_methods,
        compare_views,
        diff,
        evaluate_cliques,
        evaluate_fingerprint,
        evaluate_pruning,
        evaluate_versions,
        export_memmap,
        export_onnx,
        export_tensors,
        open,  # noqa: A004  (the name users write)
        open_damaged,
        probe_from_head,
        train,
        verify_features,
    )

__version__ = "0.1.0"
__all__ = [
    "BadInput",
    "Damaged",
    "EchodexError",
    "NotFound",
    "Plan",
    "Run",
    "Stale",
    "StorageError",
    "Store",
    "StoreLocked",
    "Unavailable",
    "UsageError",
    "View",
    "compare_methods",
    "compare_views",
    "diff",
    "evaluate_cliques",
    "evaluate_fingerprint",
    "evaluate_pruning",
    "evaluate_versions",
    "export_memmap",
    "export_onnx",
    "export_tensors",
    "open",
    "open_damaged",
    "probe_from_head",
    "train",
    "verify_features",
]


def __getattr__(name: str) -> Any:
    """Load the public names on first use: `import echodex` itself loads no heavy package."""
    if name in __all__:
        return getattr(import_module(".api", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
