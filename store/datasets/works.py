"""Works of which fewer than two versions can be used: nothing can be learned from them, and nothing found.

Published data preparation drops them. Here their clips stay in the store, so that no file is read twice, and have no
split, so that no split holds them; they get it back when another version has come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...schemas.clip import Source
from .held import Held
from .versions import DROP, PARTS


@dataclass(frozen=True)
class WorkCount:
    """What of a split can be used. versions: usable clips of works with two or more; works: how many works these are;
    unusable: files that are not usable, or whose bytes are a version of another work or split; singles: the works of
    which one version is usable; dropped: whether that version is left without a split.
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


def settle(sources: Sequence[Source], held: Mapping[str, Held], singles: str) -> tuple[list[Source], list[WorkCount]]:
    """Return `sources`, those that are alone in their work without their split if `singles` is to drop them; and what
    of each split can be used.

    held: what the store has of a path, whose split is taken back; what is not in it counts as usable, and says none.
    Copies of the same bytes are one version, of the work and the split that the first of them says, if the store has it
    as one of that work. The others of other works or splits say nothing of the split, which is not theirs.
    """
    groups = [_group(source) for source in sources]
    clips = [held.get(source.path, Held(source.path)) for source in sources]
    owner: dict[str, tuple[str, str]] = {}
    for clip, group in zip(clips, groups, strict=True):
        if clip.clip_id and clip.work in ("", group[1]):
            owner.setdefault(clip.clip_id, group)
    versions = defaultdict[tuple[str, str], set[str]](set)
    bad = Counter[str]()
    for clip, group in zip(clips, groups, strict=True):
        versions[group] |= {clip.clip_id} if owner.get(clip.clip_id) == group else set()
        bad[group[0]] += owner.get(clip.clip_id) != group
    alone = {group for group, of in versions.items() if len(of) < 2}
    dropped = alone if singles == DROP else set[tuple[str, str]]()
    settled = []
    for source, clip, group in zip(sources, clips, groups, strict=True):
        split: str | None = group[0]
        if clip.clip_id and owner.get(clip.clip_id) != group:
            split = None
        elif group in dropped:
            split = "" if source.path in held else None
        settled.append(source if split == group[0] else _with_split(source, split))
    counts = []
    for split in sorted({split for split, _ in versions}, key=_place):
        sizes = [len(of) for group, of in versions.items() if group[0] == split and group not in alone]
        one = sorted(work for part, work in alone if part == split and versions[part, work])
        counts.append(WorkCount(split, sum(sizes), len(sizes), bad[split], one, singles == DROP))
    return settled, counts


def splits_changed(before: Sequence[Source], after: Sequence[Source]) -> list[Source]:
    """Return of those files whose split is another one `after` than `before` what it is, and nothing else."""
    splits = [(was.path, _split(was), _split(source)) for was, source in zip(before, after, strict=True)]
    return [Source(path, fields=(("split", split),)) for path, was, split in splits if split not in (None, was)]


def _group(source: Source) -> tuple[str, str]:
    return _split(source) or "", dict(source.fields)["work"]


def _split(source: Source) -> str | None:
    return dict(source.fields).get("split")


def _with_split(source: Source, split: str | None) -> Source:
    """Return a source with another split, "" to take it back, None to say nothing of it; one without has none."""
    fields = tuple((name, split if name == "split" else value) for name, value in source.fields)
    return replace(source, fields=tuple((name, value) for name, value in fields if value is not None))


def _place(split: str) -> tuple[int, str]:
    return (PARTS.index(split) if split in PARTS else len(PARTS), split)
