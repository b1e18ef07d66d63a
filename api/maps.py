"""A store that has maps of its spaces, to look at here or in other programs; `api.Store` is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..progress import Progress, silent
from ..store.store import Store as BaseStore

if TYPE_CHECKING:
    from ..explorer.atlas import AtlasFile
    from ..explorer.layout import Layout, LayoutInfo


class MappedStore(BaseStore):
    """A store with the verbs of maps."""

    def map(
        self,
        space: str | None = None,
        method: str = "pca",
        *,
        seed: int | None = None,
        refit: bool = False,
        png: str | Path | None = None,
        colors: Sequence[str] = (),
        views: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Layout:
        """Return where the clips of a space lie in two dimensions, by "pca" or "umap", and keep that; png: draw it.

        seed, refit: see explorer.layout.layout. colors, views: a panel of the picture for each of these columns
        ("label", "cluster", "split", "duration_s", ...) and for what each of these views keeps.
        """
        from ..explorer.layout import layout
        from ..explorer.map import draw_store

        made = layout(self, space, method, seed=seed, refit=refit, progress=progress)
        if png is not None:
            draw_store(self, made, Path(png), colors=colors, views=views)
        return made

    def maps(self, *, space: str | None = None) -> list[LayoutInfo]:
        """Return what the maps of a space are that are kept, by method."""
        from ..explorer.layout import layouts

        return layouts(self, space)

    def export_atlas(
        self,
        path: str | Path,
        *,
        space: str | None = None,
        view: str | None = None,
        method: str = "pca",
        neighbours: int = 10,
        audio: bool = False,
        progress: Progress = silent,
    ) -> AtlasFile:
        """Write the map of a space as a Parquet file for Embedding Atlas, see explorer/atlas.py."""
        from ..explorer.atlas import export_atlas

        out = Path(path).expanduser()
        return export_atlas(
            self, out, space=space, view=view, method=method, neighbours=neighbours, audio=audio, progress=progress
        )
