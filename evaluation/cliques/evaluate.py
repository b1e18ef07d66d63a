"""`evaluate cliques`: from a space of a store to the report."""

from __future__ import annotations

import numpy as np

from ...errors import NotFound
from ...store.scaling import stored_vectors
from ...store.store import Store
from .protocol import CliquesConfig, clique_distances
from .report import CliquesReport, cliques_report


def evaluate_cliques(
    store: Store,
    config: CliquesConfig | None = None,
    *,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    standardise: bool = False,
) -> CliquesReport:
    """Return how far the clips of a work are from each other and from others, by the `work` column, vectors as stored.

    standardise: bring each column to one scale first (store/scaling.py). Clips without a work take no part, and are
    counted. Raises NotFound where no clip is asked for or has one, UsageError where all have the same.
    """
    config = config or CliquesConfig()
    vectors = stored_vectors(store, space, view=view, where=where, standardise=standardise)
    if not len(vectors):
        raise NotFound(
            f"no clip that is asked for has a vector in {vectors.space.name!r}; check the view and the filter"
        )
    clips = store.clips(["clip_id", "work"], view=view, where=where)
    work_of = dict(zip(clips.column(0).to_pylist(), clips.column(1).to_pylist(), strict=True))
    works = np.array([work_of[clip_id] or "" for clip_id in vectors.clip_ids], dtype=np.str_)
    named = works != ""
    if not named.any():
        raise NotFound(
            f"no clip of {store.place} with a vector in {vectors.space.name!r} has a work; run `echodex add --labels` "
            "with a CSV that has the columns path and work"
        )
    found = clique_distances(vectors.matrix[named], works[named], config)
    unnamed = int((~named).sum())
    return cliques_report(found, config, vectors.space, standardised=standardise, unnamed=unnamed)
