from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.schemas.clip import Source
from tests.explorer.server.conftest import Page


def notes(seed: int, seconds: int, rate_hz: int) -> NDArray[np.float64]:
    """Return four notes a second that never repeat, with some breath."""
    random = np.random.default_rng(seed)
    pitches = np.repeat(random.uniform(100, 3500, 4 * seconds), rate_hz // 4)
    phase = 2 * np.pi * np.cumsum(pitches) / rate_hz
    return np.asarray(0.3 * np.sin(phase) + 0.01 * random.standard_normal(len(phase)))


def ids_of(hits: list[dict[str, object]]) -> list[object]:
    return [hit["clip_id"] for hit in hits]


def test_the_nearest_by_their_vectors(page: Page) -> None:
    vectors = page.store.vectors()
    query = 7
    told = page.get(f"clip/{vectors.clip_ids[query]}/similar", k=5, **page.here())
    scores = vectors.matrix @ vectors.matrix[query]
    scores[query] = -2
    best = np.argsort(-scores, kind="stable")[:5]
    assert [hit["row"] for hit in told["hits"]] == best.tolist()
    np.testing.assert_allclose([hit["score"] for hit in told["hits"]], scores[best], atol=1e-5)
    clip = page.store.clips(["uris", "labels"], clip_ids=[vectors.clip_ids[best[0]]]).to_pylist()[0]
    assert told["hits"][0] == {
        "row": best[0],
        "clip_id": vectors.clip_ids[best[0]],
        "name": Path(clip["uris"][0]).name,
        "score": told["hits"][0]["score"],
        "offset_s": 0.0,
        "duration_s": 0.25,
        "labels": clip["labels"],
    }
    assert told["took_ms"] > 0


@pytest.mark.parametrize("keep", [0.5, 3])
def test_within_a_view(page: Page, keep: float | int) -> None:
    page.store.prune("random", keep=keep).save("part")
    kept = set(page.store.vectors(view="part").clip_ids)
    for query in page.store.vectors().clip_ids[:4]:
        told = page.get(f"clip/{query}/similar", k=5, view="part", **page.here())
        expected = page.store.similar(query, k=5, view="part")
        assert ids_of(told["hits"]) == [hit.clip_id for hit in expected]
        assert set(ids_of(told["hits"])) <= kept
    assert page.ask(f"clip/{query}/similar", view="gone", **page.here()).status_code == 404
    assert page.get(f"clip/{query}/similar", k=3, view="all", **page.here())["hits"]


def test_where_in_a_clip_the_nearest_segment_is(
    store: Store, make_wav: Callable[..., Path], open_page: Callable[[Store], Page]
) -> None:
    store.add_sources([Source(str(make_wav(f"{number}.wav", seed=number, seconds=3))) for number in range(6)])
    store.embed("dummy", settings={"window_s": 0.5})
    page = open_page(store)
    query = store.vectors().clip_ids[0]
    told = page.get(f"clip/{query}/similar", k=5, **page.here())
    assert [hit["offset_s"] for hit in told["hits"]] == [hit.offset_s for hit in store.similar(query, k=5)]


def test_as_versions(page: Page) -> None:
    query = page.store.vectors().clip_ids[0]
    told = page.get(f"clip/{query}/similar", k=4, match="versions", **page.here())
    assert ids_of(told["hits"]) == [hit.clip_id for hit in page.store.similar(query, k=4, match="versions")]
    assert page.ask(f"clip/{query}/similar", match="other", **page.here()).status_code == 400


@pytest.mark.parametrize("clip_id", ["nobody", "0" * 32, "..", "README.md", "%2e%2e%2fREADME.md"])
def test_what_is_no_clip_has_no_neighbours(page: Page, clip_id: str) -> None:
    assert page.ask(f"clip/{clip_id}/similar", **page.here()).status_code == 404


@pytest.mark.parametrize("k", ["0", "201", "-1", "x"])
def test_odd_counts(page: Page, k: str) -> None:
    assert page.ask(f"clip/{page.store.vectors().clip_ids[0]}/similar", k=k, **page.here()).status_code == 400


def test_two_threads_at_once_open_one_index(page: Page) -> None:
    here = page.here()
    ids = page.store.vectors().clip_ids[:12]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda clip_id: page.get(f"clip/{clip_id}/similar", k=3, **here)["hits"], ids))
    assert [ids_of(hits) for hits in told] == [
        [hit.clip_id for hit in page.store.similar(clip_id, k=3)] for clip_id in ids
    ]
    assert len(page.store.indexes()) <= 1


def test_a_file_that_is_in_the_store_finds_itself_first(page: Page) -> None:
    clip = page.store.clips(["clip_id", "uris"]).to_pylist()[11]
    answer = page.upload(Path(clip["uris"][0]).read_bytes(), k=3, name="mine.wav", **page.here())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["hits"][0]["clip_id"] == clip["clip_id"]
    assert told["hits"][0]["score"] == pytest.approx(1)
    assert (told["matches"], told["duration_s"], len(told["hits"])) == ([], 0.25, 3)


def test_asking_within_a_view(page: Page) -> None:
    clip = page.store.clips(["clip_id", "uris"]).to_pylist()[11]
    page.store.prune("random", keep=0.5).save("half")
    kept = set(page.store.vectors(view="half").clip_ids)
    told = page.upload(Path(clip["uris"][0]).read_bytes(), k=8, view="half", **page.here()).json()
    assert set(ids_of(told["hits"])) <= kept


@pytest.mark.parametrize(("sound", "name"), [(b"RIFF no audio at all", "mine.mp3"), (b"\0" * 5000, "")])
def test_what_is_no_audio_is_called_what_its_sender_calls_it(page: Page, sound: bytes, name: str) -> None:
    answer = page.upload(sound, name=name, **page.here())
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(name or "the file")
    assert "/" not in answer.json()["error"]


def test_a_file_finds_where_it_plays(store: Store, tmp_path: Path, open_page: Callable[[Store], Page]) -> None:
    rate_hz = 8000
    waves = [notes(number, 12, rate_hz) for number in range(4)]
    for number, wave in enumerate(waves):
        soundfile.write(tmp_path / f"{number}.wav", wave, rate_hz)
    store.add_sources([Source(str(tmp_path / f"{number}.wav")) for number in range(4)])
    store.embed("fingerprint")
    page = open_page(store)
    soundfile.write(tmp_path / "query.wav", waves[2][3 * rate_hz : 10 * rate_hz], rate_hz)
    answer = page.upload((tmp_path / "query.wav").read_bytes(), name="query.wav", **page.here())
    assert answer.status_code == 200, answer.text
    match = answer.json()["matches"][0]
    assert match["name"] == "2.wav"
    assert match["clip_start_s"] - match["query_start_s"] == pytest.approx(3, abs=0.3)
    assert answer.json()["hits"][0]["name"] == "2.wav"
