"""Every error that echodex raises on purpose, and the exit code of each.

    EchodexError                1   something of ours went wrong
    ├── UsageError              2   the call itself is off: a bad name, filter or option
    ├── StoreLocked             4   another process is writing
    ├── Damaged                 5   what is on disk is not what was written
    ├── Stale                   6   a cache no longer fits its table; the message names the command that rebuilds it
    ├── BadInput               65   audio, vectors, labels or a checkpoint that cannot be used
    ├── NotFound               66   a path, store, clip, space, view or run that does not exist
    ├── Unavailable            69   a download that failed, an optional package that is not installed
    └── StorageError           74   the disk is full, or reading or writing failed

Exit code 0 is success, 3 "finished, but some files are not ok", 130 an interrupt and 143 a SIGTERM.
A message is one sentence: what happened, to which file or id, and what to do about it.
"""

from __future__ import annotations

EXIT_BAD_FILES = 3
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, by `timeout`, Slurm, systemd or a container's end; what heeds Ctrl-C heeds it as well."""


class EchodexError(Exception):
    """Root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(EchodexError):
    """The call is off: a bad name, filter, option or combination of them."""

    exit_code = 2


class StoreLocked(EchodexError):
    """Another process holds the writer lock of the store."""

    exit_code = 4


class Damaged(EchodexError):
    """A file of the store is torn, altered, or of a newer format."""

    exit_code = 5


class Stale(EchodexError):
    """A cache or a view no longer fits the tables it was made from."""

    exit_code = 6


class BadInput(EchodexError):
    """Audio, vectors, labels or a checkpoint that cannot be used."""

    exit_code = 65


class NotFound(EchodexError):
    """A path, store, clip, space, view or run that does not exist."""

    exit_code = 66


class Unavailable(EchodexError):
    """A download that failed, or an optional package that is not installed."""

    exit_code = 69


class StorageError(EchodexError):
    """The disk is full, or reading or writing failed."""

    exit_code = 74
