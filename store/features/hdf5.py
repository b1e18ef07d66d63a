"""HDF5 files, and what goes wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import BadInput, Unavailable

if TYPE_CHECKING:
    import h5py

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


def own_dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return the dataset `name` of a file. Raises BadInput where it lies in another one, and one of UNREADABLE.

    HDF5 itself follows links, and reads the numbers of a dataset from whatever path it names: a file that somebody
    sends could have any other one of the user's read, or a pipe waited for.
    """
    import h5py

    found = file["/"]
    for part in filter(None, name.split("/")):
        if not isinstance(found.get(part, getlink=True), h5py.HardLink | None):
            raise BadInput(f"has {name!r} as a link, which could lead to another file")
        found = found[part]
    if found.external or found.is_virtual:
        raise BadInput(f"has the numbers of {name!r} in another file")
    return found


def first_line(error: Exception) -> str:
    """Return what an error of h5py says, short."""
    return str(error).partition("\n")[0][:200] or type(error).__name__
