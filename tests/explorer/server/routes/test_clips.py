from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.schemas.clip import Source
from tests.explorer.server.conftest import Page


def test_everything_that_is_known_of_a_clip(
    store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    path = make_wav("tone.wav", seconds=2)
    store.add_sources(
        [
            Source(
                str(path),
                offset_s=0.5,
                duration_s=1,
                labels=("rock", "live"),
                fields=(("title", "Tone"), ("artist", "Ada"), ("split", "train")),
                extra=(("mood", "calm"),),
            )
        ]
    )
    store.embed("dummy")
    clip_id = store.vectors().clip_ids[0]
    told = open_page(store).get(f"clip/{clip_id}")
    assert told["row"] == 0
    assert told["name"] == "tone.wav [0:00.50-0:01.50]"
    assert told["uris"] == [str(path)]
    assert (told["title"], told["artist"], told["split"]) == ("Tone", "Ada", "train")
    assert (told["labels"], told["extra"]) == (["rock", "live"], {"mood": "calm"})
    assert (told["offset_s"], told["duration_s"], told["sample_rate_hz"], told["channels"]) == (0.5, 1.0, 8000, 1)
    assert (told["status"], told["cluster"], told["views"], told["decisions"]) == ("ok", None, [], [])
    assert told["size_bytes"] == path.stat().st_size


def test_what_clusters_views_and_people_say_of_it(page: Page) -> None:
    store = page.store
    store.cluster(min_cluster_size=3)
    store.prune("facility", min_cluster_size=3).save("lean")
    for row, clip_id in enumerate(store.vectors().clip_ids[:5]):
        told = page.get(f"clip/{clip_id}")
        assert told["row"] == row
        assert told["cluster"] == store.cluster_rows().to_pylist()[row]["label"]
        of_view = store.view_rows(store.view("lean")).to_pylist()[row]
        assert told["views"] == [
            {
                "address": "lean@1",
                **{
                    name: of_view[name]
                    for name in ("kept", "reason", "cluster", "rank", "representative", "similarity")
                },
            }
        ]
        why = page.get(f"clip/{clip_id}/why", view="lean")["sentence"]
        assert why == store.view("lean").explain(clip_id).sentence
    store.decide("pin", clip_id)
    assert page.get(f"clip/{clip_id}")["decisions"] == ["pin"]


def test_a_clip_that_cannot_be_used_is_described_too(page: Page, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF no audio")
    page.store.add_sources([Source(str(tmp_path / "broken.wav"))])
    found = page.store.tables.scan("clips", ["clip_id"], where="status = 'bad'").column(0)[0].as_py()
    told = page.get(f"clip/{found}")
    assert (told["row"], told["status"], told["reason"]) == (None, "bad", "unreadable")


@pytest.mark.parametrize("clip_id", ["nobody", "0" * 32, "..", "README.md", "' OR 1=1 --", "%00"])
def test_no_such_clip(page: Page, clip_id: str) -> None:
    for path in (f"clip/{clip_id}", f"clip/{clip_id}/why"):
        answer = page.ask(path, view="all")
        assert answer.status_code in (400, 404), answer.text
        assert set(answer.json()) == {"error", "code"}


def test_a_file_is_no_clip(page: Page) -> None:
    path = page.store.clips(["uris"]).to_pylist()[0]["uris"][0]
    assert page.ask(f"clip/{path.replace('/', '%2F')}").status_code == 404
