from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.explorer.layout import layout
from echodex.schemas.clip import Source
from tests.explorer.server.conftest import Page


def test_the_map_has_a_point_a_row(page: Page) -> None:
    header, points = page.packet("map", **page.here())
    made = layout(page.store, None, "pca")
    np.testing.assert_array_equal(points, made.points)
    assert (header["method"], header["clips"], header["placed"]) == ("pca", 72, 0)
    assert page.get("space")["maps"] == [
        {"method": "pca", "seed": 0, "clips": 72, "placed": 0, "made_at": made.info.made_at}
    ]


def test_a_page_that_knows_nothing_yet_is_given_what_to_begin_with(page: Page) -> None:
    state = page.get("space")["state"]
    header, points = page.packet("map")
    assert (header["method"], header["state"], points.shape) == ("pca", state, (72, 2))
    header, codes = page.packet("column")
    assert (header["name"], header["state"], codes.shape) == ("label", state, (72,))


def test_a_map_that_was_not_made_is_not_made_on_the_way(page: Page) -> None:
    answer = page.ask("map", method="umap", **page.here())
    assert answer.status_code == 404
    assert page.ask("map", method="tsne", **page.here()).status_code == 400


@pytest.mark.slow
def test_umap_is_a_job(page: Page) -> None:
    pytest.importorskip("umap", reason="needs the extra map")
    told = page.job(kind="map", method="umap", seed=3)
    assert (told["state"], told["error"]) == ("done", None)
    header, points = page.packet("map", method="umap", **page.here())
    assert (header["method"], header["seed"], points.shape) == ("umap", 3, (72, 2))
    assert [made["method"] for made in page.get("space")["maps"]] == ["umap"]
    assert np.isfinite(points).all()


def test_new_clips_are_on_the_map(page: Page, make_wav: Callable[..., Path]) -> None:
    page.packet("map", **page.here())
    page.store.add_sources([Source(str(make_wav("new.wav", seed=7)))])
    page.store.embed("dummy")
    header, points = page.packet("map", **page.here())
    assert (header["clips"], header["placed"], points.shape) == (73, 1, (73, 2))
    assert np.isfinite(points).all()


def test_rows_are_named(page: Page) -> None:
    clips = page.store.clips(["clip_id", "uris", "duration_s", "labels"]).to_pylist()
    told = page.get("rows", rows="5,0", **page.here())["clips"]
    assert told == [
        {
            "row": row,
            "clip_id": clips[row]["clip_id"],
            "name": Path(clips[row]["uris"][0]).name,
            "duration_s": clips[row]["duration_s"],
            "labels": clips[row]["labels"],
            "split": "",
        }
        for row in (5, 0)
    ]
    assert page.get("rows", rows="", **page.here()) == {"clips": []}


@pytest.mark.parametrize("rows", ["72", "-1", "a", "1;2", "1,2,99999999999999999999", "1" + ",1" * 500, "²"])
def test_odd_rows_are_refused(page: Page, rows: str) -> None:
    assert page.ask("rows", rows=rows, **page.here()).status_code == 400


def test_excerpts_say_where_they_are(
    store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    path = str(make_wav("long.wav", seconds=4))
    store.add_sources([Source(path), Source(path, offset_s=0.5, duration_s=1.25)])
    store.embed("dummy")
    page = open_page(store)
    names = {clip["name"] for clip in page.get("rows", rows="0,1", **page.here())["clips"]}
    assert names == {"long.wav", "long.wav [0:00.50-0:01.75]"}


def test_texts_are_found_whatever_their_case(
    store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    said = [
        {"fields": (("title", "Über den Wolken"),)},
        {"fields": (("artist", "Wolke Sieben"),)},
        {"labels": ("rock", "cloud")},
        {},
    ]
    store.add_sources(
        [Source(str(make_wav(f"{number}_Song.wav", seed=number)), **what) for number, what in enumerate(said)]  # type: ignore[arg-type]
    )
    store.embed("dummy")
    page = open_page(store)

    def found(text: str, limit: int = 50) -> list[str]:
        told = page.get("find", text=text, limit=limit, **page.here())
        assert told["total"] >= len(told["clips"]) == min(limit, told["total"])
        rows = [clip["row"] for clip in told["clips"]]
        assert rows == sorted(rows)
        return sorted(clip["name"][0] for clip in told["clips"])

    assert found("WOLKE") == ["0", "1"]
    assert found("über") == found("ÜBER") == ["0"]
    assert found("Cloud") == ["2"]
    assert found("song.WAV") == ["0", "1", "2", "3"]
    assert len(found("song", limit=2)) == 2
    assert found(" ") == found("tmp") == found("%") == found(".*") == []


def test_threads_read_a_space_once(page: Page) -> None:
    here = page.here()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: page.packet("column", name="label", **here)[1].tobytes(), range(16)))
    assert len(set(answers)) == 1
    first, second = page.session.seen(), page.session.seen()
    assert first is second
    with ThreadPoolExecutor(8) as pool:
        page.store.remove(page.store.vectors().clip_ids[:1])
        assert len({id(seen) for seen in pool.map(lambda _: page.session.seen(), range(8))}) == 1
