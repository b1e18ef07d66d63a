"""HDF5 files, and what goes wrong with them."""

from __future__ import annotations

from ...errors import Unavailable

UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError)
"""What h5py raises for a file that is none, or torn, or for a dataset that is not there or is a group."""


def check_h5py() -> None:
    """Raise Unavailable without h5py."""
    try:
        import h5py  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            "reading HDF5 files needs h5py, which is not installed: `pip install 'echodex[features]'`"
        ) from error


def first_line(error: Exception) -> str:
    """Return what an error of h5py says, short."""
    return str(error).partition("\n")[0][:200] or type(error).__name__
