"""Works of which fewer than two versions can be used: nothing can be learned from them, and nothing found.

Published data preparation drops them. Here their clips stay in the store, so that no file is read twice, and have no
split, so that no split holds them; they get it back when another version has come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...schemas.clip import Source, Status
from ..known import CLIPS_TABLE
from ..tables import Tables
from .versions import DROP, PARTS


@dataclass(frozen=True)
class WorkCount:
    """What of a split can be used. versions: usable clips of works with two or more; works: how many works these are;
    unusable: clips that are not usable; singles: the works of which one version is usable; dropped: whether that
    version is left without a split.
    """

    split: str
    versions: int
    works: int
    unusable: int
    singles: list[str]
    dropped: bool

    def __str__(self) -> str:
        said = f"{self.split or 'no split'}: {self.versions} versions of {self.works} works can be used"
        if self.unusable:
            said += f", {self.unusable} files cannot"
        if self.singles:
            said += f"; {len(self.singles)} more works have one version{', left without a split' * self.dropped}"
        return said


def read_usable(tables: Tables, sources: Sequence[Source], least_s: float) -> dict[str, str]:
    """Return of those paths of `sources` that the store knows the id of the clip, "" where it is not usable."""
    wanted = {source.path for source in sources}
    found: dict[str, tuple[int, str]] = {}
    columns = ["clip_id", "uris", "mtimes_ns", "excerpt", "status", "decoded_s"]
    for batch in tables.batches(CLIPS_TABLE, columns):
        for row in batch.to_pylist():
            if row["excerpt"]:
                continue
            usable = row["status"] != Status.BAD and row["decoded_s"] >= least_s
            for uri, mtime_ns in zip(row["uris"], row["mtimes_ns"], strict=True):
                if uri in wanted:  # a file that has changed since is in two rows: the later one counts
                    found[uri] = max(found.get(uri, (-1, "")), (mtime_ns, row["clip_id"] if usable else ""))
    return {path: clip_id for path, (_, clip_id) in found.items()}


def settle(sources: Sequence[Source], usable: Mapping[str, str], singles: str) -> tuple[list[Source], list[WorkCount]]:
    """Return `sources`, without the split of those that are alone in their work if `singles` is to drop them; and what
    of each split can be used.

    usable: path -> clip, "" where it is not usable; what is not in it counts as usable. Copies of the same bytes are
    one version.
    """
    versions = defaultdict[tuple[str, str], set[str]](set)
    bad = Counter[str]()
    groups = [_group(source) for source in sources]
    for source, group in zip(sources, groups, strict=True):
        clip = usable.get(source.path, source.path)
        versions[group] |= {clip} - {""}
        bad[group[0]] += not clip
    alone = {group for group, clips in versions.items() if len(clips) < 2}
    dropped = alone if singles == DROP else set[tuple[str, str]]()
    pairs = zip(sources, groups, strict=True)
    settled = [_without_split(source) if group in dropped else source for source, group in pairs]
    counts = []
    for split in sorted({split for split, _ in versions}, key=_place):
        sizes = [len(clips) for group, clips in versions.items() if group[0] == split and group not in alone]
        one = sorted(work for part, work in alone if part == split and versions[part, work])
        counts.append(WorkCount(split, sum(sizes), len(sizes), bad[split], one, singles == DROP))
    return settled, counts


def _group(source: Source) -> tuple[str, str]:
    fields = dict(source.fields)
    return fields.get("split", ""), fields["work"]


def _without_split(source: Source) -> Source:
    return replace(source, fields=tuple((name, "" if name == "split" else value) for name, value in source.fields))


def _place(split: str) -> tuple[int, str]:
    return (PARTS.index(split) if split in PARTS else len(PARTS), split)
