"""Names of spaces, views and runs: short, safe as file names, the same on every system."""

from __future__ import annotations

import re

from ..errors import UsageError

PATTERN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
RESERVED = {"con", "prn", "aux", "nul", "all"}


def is_name(name: str) -> bool:
    """Return whether `name` can name something."""
    return bool(PATTERN.fullmatch(name)) and name.split(".", maxsplit=1)[0] not in RESERVED and ".." not in name


def check_name(name: str, kind: str) -> str:
    """Return `name` if it can name a `kind` ("view", "run", "space"); raise UsageError otherwise."""
    if not is_name(name):
        raise UsageError(
            f"{name[:80]!r} cannot name a {kind}: use 1 to 64 of a-z 0-9 . _ - starting with a letter or digit"
            f" (and not {', '.join(sorted(RESERVED))})"
        )
    return name


def split_version(name: str) -> tuple[str, int | None]:
    """Return ("lean", 2) for "lean@2" and ("lean", None) for "lean"; raise UsageError where the version is no
    number.
    """
    base, at, version = name.partition("@")
    if not at:
        return base, None
    if not version.isdecimal():
        raise UsageError(f"{name[:80]!r}: a view's version is a whole number, as in lean@2")
    return base, int(version)
