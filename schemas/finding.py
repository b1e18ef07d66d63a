"""What `check` finds wrong with a store: which kind of damage, where, and what `repair` does about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Damage(StrEnum):
    """What is wrong. Each kind has one way in which `repair` deals with it."""

    MARKER = "marker"
    """`echodex.json` is missing, torn or not what was written."""
    TABLE = "table-unreadable"
    """A table cannot be opened or read in part: what can be read of it is kept."""
    LOST = "table-lost"
    """A table that was there is gone, or its manifests are."""
    ROW = "row-changed"
    """Rows are not what was written."""
    BLOB = "blob-changed"
    """A waveform or frames are not what was written."""
    DOUBLE = "doubled"
    """Rows of one key are there twice."""
    SEAL = "seal-broken"
    """A file of a table other than its data is not what was written."""
    ORPHAN_ROWS = "rows-without-clip"
    """Vectors, waveforms or frames are there of clips that are not in the store."""
    ORPHAN_FILE = "orphan-files"
    """Files of a table are there that nothing names: left by a process that was killed."""
    TORN = "torn-file"
    """A temporary file was left by a process that was killed."""
    JOURNAL = "unfinished-removal"
    """A removal was interrupted."""
    VIEW = "view-changed"
    """A view is not what was saved, or has lost its table."""
    TAG = "tags-unreadable"
    """The tags of a table, which hold the versions that views and indexes were made from, cannot be read."""
    VIEW_BASE = "view-base-lost"
    """A version of a table that a view was made from is gone, or rows of it that the view keeps are damaged."""
    VIEW_TAG = "view-tag-lost"
    """The tag is gone that keeps a version that a view was made from; the version is still there."""
    LEFT = "left-over"
    """A table, rows or a tag are there that no registry names: left by a process that was killed."""
    CLUSTERS = "clusters-changed"
    """The rows of a clustering run are not what was saved."""
    WEIGHTS = "weights-changed"
    """The weights of a space's encoder are missing, or not those that its vectors were made with."""
    RUN = "run-damaged"
    """A file of a run is missing, torn or not what was written."""
    INDEX = "index-damaged"
    """An index, a graph or a map is missing a file, torn, not what was written, or of other vectors."""
    STALE = "index-behind"
    """An index or a graph is behind its table: it is caught up when it is next used."""
    DATASET = "dataset-note"
    """What the store notes of a data set cannot be read."""
    SOURCE_MISSING = "source-missing"
    """No file of a clip is where it was added."""
    SOURCE_CHANGED = "source-changed"
    """The file of a clip is not the one that was added."""


OF_SOURCES = frozenset({Damage.SOURCE_MISSING, Damage.SOURCE_CHANGED})
"""What is not the store's own damage: the audio is its owner's, and the store keeps what it made of it."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    kind: of Damage. where: the file, table or id, as text. what: a sentence. remedy: what `repair` does about it, ""
    where it can do nothing. grave: whether what was written is lost or altered, as opposed to untidy or behind.
    """

    kind: Damage
    where: str
    what: str
    remedy: str = ""
    grave: bool = True


@dataclass(frozen=True)
class CheckReport:
    """What checking the store at `path` came to. rows: how many were read, by table; none where only the structure was
    looked at.
    """

    path: str
    findings: tuple[Finding, ...]
    rows: dict[str, int]

    @property
    def damaged(self) -> bool:
        """Whether anything that was written is lost or altered."""
        return any(finding.grave for finding in self.findings)

    @property
    def sources(self) -> tuple[Finding, ...]:
        """What is wrong with source files, which lie outside the store."""
        return tuple(finding for finding in self.findings if finding.kind in OF_SOURCES)


@dataclass(frozen=True)
class Mended:
    """What `repair` did about a finding, in a sentence."""

    finding: Finding
    did: str


@dataclass(frozen=True)
class RepairReport:
    """What repairing the store at `path` came to.

    mended: what was done, in order; of a dry run, what would be. left: what is still wrong. quarantine: the folder that
    holds what was moved out of the way, "" where nothing was.
    """

    path: str
    mended: tuple[Mended, ...]
    left: tuple[Finding, ...]
    quarantine: str
