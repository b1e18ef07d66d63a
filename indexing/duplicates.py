"""`duplicates`: groups of clips that are the same recording, with the evidence for each member."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..audio.cores import core_count
from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.decision import UNDECIDED, Decided
from ..schemas.hit import Alignment, DuplicateGroup, Member, SharedStretch
from ..schemas.vector import Float32, Space, Vectors
from ..store.decisions import standing
from ..store.reading import with_audio
from ..store.where import all_of
from .fingerprinted import FINGERPRINT, fingerprint_verifier
from .groups import originals
from .groups.config import DuplicatesConfig
from .groups.distinct import UnbarredPairs, distinct_among
from .groups.fingerprints import FingerprintVerifier
from .groups.pairs import near_pairs
from .groups.stars import Confirm, Pairs, stars_of
from .groups.turns import turns_of
from .groups.verify import Verifier
from .identical import equal_rows
from .near import blocks
from .shared_aligned import aligned
from .shared_audio import Sharing, shared_audio

if TYPE_CHECKING:
    from ..store.store import Store

Rows = NDArray[np.int64]

MIN_SCORE = 0.98
"""Cosine from which clips count as duplicates when nothing but vectors is compared."""

VERIFIED_MIN_SCORE = 0.60
"""Cosine from which clips are compared by ear: a crop or added noise moves the vector, and the waveforms decide."""

Evidence = Alignment | SharedStretch


_MANY = 1000
"""Clips of a group from which it pays to compare equal vectors only once."""

_IN_SEVERAL_PLACES = "array_length(uris) > 1"


def duplicates(
    store: Store,
    config: DuplicatesConfig | None = None,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    progress: Progress = silent,
) -> list[DuplicateGroup]:
    """Return the duplicate groups of a space, the largest first; config: None for all as it comes.

    by="segments" compares clips segment by segment and groups those that share audio, with the stretches that they
    share (`shared_audio`), with verify="audio" those alone whose waveforms align; by="clips" compares one vector a
    clip, as follows. None is "segments" in a space of fingerprints, where nothing else is to verify them, else "clips".

    min_score: lowest cosine of a member and its representative; None is MIN_SCORE, or VERIFIED_MIN_SCORE with
    verify="audio", which aligns the waveforms and keeps only members whose residual is at most
    verify.MAX_RESIDUAL_DB, or verify="fingerprint", which keeps those of whose fingerprints most lie on those of the
    representative (groups/fingerprints.py). The representative is the clip with the most others near it, among equals
    the better original (groups/originals.py), then the one of smallest id; with `verify` the better original goes
    first. decisions: heeds what people decided (schemas/decision.py): a pinned clip goes before all others, as `prune`
    has it, then one that was chosen to be the representative, the last that was chosen first; and two clips that were
    said to be distinct are never a member and its representative.
    Byte-identical copies are one clip with several paths: each further path is an exact member, of a group of its own
    if need be. Raises UsageError for a score or a verification that does not exist, NotFound for an unknown space or
    view.
    """
    found, config = store.space(space), config or DuplicatesConfig()
    verify = config.verify
    by = config.by or ("segments" if found.encoder == FINGERPRINT and not verify else "clips")
    _check(by, verify, found)
    ways = {"segments": _sharing, "clips": _alike}
    decided = standing(store.tables) if config.decisions else UNDECIDED
    groups = ways[by](store, found, _Narrowed(view, where, config.min_score, decided), verify, progress)
    return sorted(groups, key=lambda group: (-len(group.members), -group.lowest_pair_score, group.representative))


@dataclass(frozen=True)
class _Narrowed:
    """What is asked: among which clips, from which score on, and what people decided about them."""

    view: str | None
    where: str | None
    min_score: float | None
    decided: Decided


def _check(by: str, verify: str | None, space: Space) -> None:
    if by == "segments" and verify == FINGERPRINT:
        raise UsageError(
            f"segments of space {space.name!r} are compared as fingerprints already; leave out verify, or use 'audio'"
            if space.encoder == FINGERPRINT
            else "fingerprints verify whole clips: use by='clips', verify='audio', or a space of fingerprints"
        )


def _check_audio(store: Store, space: Space, clip_ids: list[str], view: str | None) -> None:
    """Raise UsageError where there are clips, and none that could be heard."""
    if clip_ids and not with_audio(store.clips(["clip_id", "channels"], view=view, clip_ids=clip_ids)):
        raise UsageError(f"the clips of space {space.name!r} are of features, not of audio; leave out verify='audio'")


def _alike(
    store: Store, space: Space, asked: _Narrowed, verify: str | None, progress: Progress
) -> list[DuplicateGroup]:
    """Return the groups of clips whose vectors are near, and byte-identical copies that are in none."""
    view, where, min_score = asked.view, asked.where, asked.min_score
    if min_score is None:
        min_score = VERIFIED_MIN_SCORE if verify else MIN_SCORE
    if not -1 <= min_score <= 1:
        raise UsageError(f"a score is a cosine from -1 to 1, not {min_score}")
    progress("reading", 0, None)
    vectors = store.vectors(space.name, view=view, where=where)
    pairs: Pairs = near_pairs(vectors.matrix, min_score, progress, store.workers)
    distinct = distinct_among(vectors.clip_ids, asked.decided.distinct)
    if distinct is not None:
        pairs = UnbarredPairs(pairs, distinct)
    near = np.flatnonzero(pairs.counts)
    near_ids = [vectors.clip_ids[row] for row in near]
    prefer = np.zeros(len(vectors), dtype=np.int64)
    prefer[near] = _preference(store, near_ids, view)
    evidence: dict[str, Evidence] = {}
    confirm = None
    with contextlib.ExitStack() as stack:
        if verify == "audio":
            _check_audio(store, space, near_ids, view)
            sources = store.sources(near_ids, view=view)
            verifier = stack.enter_context(Verifier(sources, threads=core_count()))
            confirm = _by_ear(near, near_ids, verifier, evidence, progress)
        elif verify:
            prints = fingerprint_verifier(store, near_ids, vectors.clip_ids)
            confirm = _by_ear(near, near_ids, prints, evidence, progress)
        turns = turns_of(vectors.clip_ids, asked.decided)
        stars = stars_of(vectors.matrix, pairs, prefer, confirm, turns)
    several = store.clips(["clip_id"], view=view, where=all_of(where, _IN_SEVERAL_PLACES)).column(0).to_pylist()
    starred = {vectors.clip_ids[row] for star in stars for row in star}
    copied = [clip_id for clip_id in several if clip_id not in starred]
    paths = _paths(store, sorted(starred) + copied, view)
    groups = [_described(vectors, star, paths, evidence) for star in stars]
    return groups + [_group([clip_id], [1.0], paths, {}, 1.0) for clip_id in copied]


def _sharing(
    store: Store, space: Space, asked: _Narrowed, verify: str | None, progress: Progress
) -> list[DuplicateGroup]:
    """Return the groups of clips that share audio, and byte-identical copies that share none with others."""
    view, where = asked.view, asked.where
    usable = store.clips(["clip_id"], view=view, where=where).column(0).to_pylist()
    groups = shared_audio(
        store,
        space,
        usable=usable,
        min_score=asked.min_score,
        prefer=lambda names: _preference(store, names, view),
        confirm=(lambda links: aligned(links, store, view, progress)) if verify else None,
        decided=asked.decided,
        progress=progress,
    )
    starred = {clip_id for group in groups for clip_id in group.clip_ids}
    several = store.clips(["clip_id"], view=view, where=all_of(where, _IN_SEVERAL_PLACES)).column(0).to_pylist()
    copied = [clip_id for clip_id in several if clip_id not in starred]
    paths = _paths(store, sorted(starred) + copied, view)
    told = [_shared_group(group, paths) for group in groups]
    return told + [_group([clip_id], [1.0], paths, {}, 1.0) for clip_id in copied]


def _shared_group(group: Sharing, paths: dict[str, list[str]]) -> DuplicateGroup:
    """Return what is told of clips that share audio: of each, and of the pairs, the mean cosine of what is shared."""
    members = []
    for clip_id, stretches in zip(group.clip_ids, group.stretches, strict=True):
        segments = sum(stretch.segments for stretch in stretches)
        score = sum(stretch.score * stretch.segments for stretch in stretches) / segments if segments else 1.0
        first, *others = paths[clip_id]
        members.append(Member(clip_id, score, first, stretches=stretches))
        members += [Member(clip_id, score, other, exact=True) for other in others]
    return DuplicateGroup(group.clip_ids[0], tuple(members), min(member.score for member in members))


def _preference(store: Store, clip_ids: list[str], view: str | None) -> Rows:
    clips = store.clips(["clip_id", *originals.COLUMNS], view=view, clip_ids=clip_ids)
    rows = pc.index_in(pa.array(clip_ids, pa.string()), value_set=clips.column("clip_id").combine_chunks())
    return originals.preference(clips.take(rows))


def _by_ear(
    rows: Rows,
    clip_ids: list[str],
    verifier: Verifier | FingerprintVerifier,
    evidence: dict[str, Evidence],
    progress: Progress,
) -> Confirm:
    """Return what `stars_of` asks which candidates to accept; it notes in `evidence` how each lies.

    rows: int64[m], those that the verifier can be asked about, ascending; clip_ids: of these.
    """
    heard = 0

    def confirm(representative: int, candidates: Rows) -> Rows:
        nonlocal heard
        heard += 1
        reference, *others = np.searchsorted(rows, [representative, *candidates]).tolist()
        same = verifier.same_recording(reference, others)
        evidence.update({clip_ids[place]: found for place, found in same.items()})
        progress("verify", heard, None)
        return rows[np.array(sorted(same), dtype=np.int64)]

    return confirm


def _paths(store: Store, clip_ids: list[str], view: str | None) -> dict[str, list[str]]:
    """Return where each clip lies: first the place that is read, then the others."""
    clips = store.clips(["clip_id", "uris"], view=view, clip_ids=clip_ids)
    uris = dict(zip(clips.column("clip_id").to_pylist(), clips.column("uris").to_pylist(), strict=True))
    return {
        source.clip_id: [source.path, *(uri for uri in uris[source.clip_id] if uri != source.path)]
        for source in store.sources(clip_ids, view=view)
    }


def _described(
    vectors: Vectors, star: Rows, paths: dict[str, list[str]], evidence: dict[str, Evidence]
) -> DuplicateGroup:
    matrix = vectors.matrix[star]
    scores = np.clip(matrix @ matrix[0], -1, 1).tolist()
    return _group([vectors.clip_ids[row] for row in star], [1.0, *scores[1:]], paths, evidence, _lowest_pair(matrix))


def _group(
    clip_ids: list[str],
    scores: list[float],
    paths: dict[str, list[str]],
    evidence: dict[str, Evidence],
    lowest_pair_score: float,
) -> DuplicateGroup:
    members = []
    for clip_id, score in zip(clip_ids, scores, strict=True):
        first, *others = paths[clip_id]
        found = evidence.get(clip_id)
        stretches = (found,) if isinstance(found, SharedStretch) else ()
        alignment = found if isinstance(found, Alignment) else None
        members.append(Member(clip_id, score, first, alignment=alignment, stretches=stretches))
        members += [Member(clip_id, score, other, exact=True) for other in others]
    return DuplicateGroup(clip_ids[0], tuple(members), lowest_pair_score)


def _lowest_pair(matrix: Float32) -> float:
    """Return the lowest cosine between two rows of float32[n, d] (L2-normalised)."""
    if len(matrix) > _MANY:
        matrix = matrix[equal_rows(matrix, np.arange(len(matrix))).firsts]
    lowest = min(float((matrix[at] @ matrix[at.start :].T).min()) for at in blocks(len(matrix), len(matrix)))
    return min(lowest, 1.0)
