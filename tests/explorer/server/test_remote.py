"""The page over a store on object storage, whose audio is there, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from echodex.api import Store
from echodex.store.remote.objects import Objects
from tests.explorer.server.conftest import Page


def test_a_store_at_a_uri_is_seen_heard_and_pruned(
    remote: str, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    music, files = Objects(f"{remote}/music"), {f"{n}.wav": make_wav(f"{n}.wav", seed=n) for n in range(6)}
    for name, path in files.items():
        music.put(name, path)
    store = Store.open(f"{remote}/library")
    assert store.add(f"{remote}/music", embed="dummy").added == 6
    page = open_page(store)
    _, points = page.packet("map", **page.here())
    assert len(points) == 6
    for clip in store.sources(store.clips(["clip_id"]).column(0).to_pylist()):
        answer = page.ask(f"audio/{clip.clip_id}")
        assert answer.content == files[clip.path.rpartition("/")[2]].read_bytes()
        assert page.ask(f"spectrogram/{clip.clip_id}").status_code == 200
    asked = page.upload(files["3.wav"].read_bytes(), **page.here())
    assert asked.status_code == 200, asked.text
    told = page.job(kind="plan", settings={"selector": "random", "keep": 4})
    assert told["state"] == "done", told
    answer = page.post(f"jobs/{told['job']}/save", name="lean")
    assert answer.status_code == 200, answer.text
    assert len(Store.open(store.place).clips(["clip_id"], view="lean")) == 4
