"""Audio at URIs: added, read again, told apart when it changes, and kept in a cache that is a cache."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile
from harness.flaky import Flaky

from echodex.api import Store
from echodex.errors import NotFound, Stale, UsageError
from echodex.schemas.finding import Damage
from echodex.store.remote import sources as module
from echodex.store.remote.objects import Objects
from echodex.store.remote.sources import at_hand, below, is_there, told_of


@pytest.fixture(autouse=True)
def _knows_nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test begin as a new process does, and ask anew each time."""
    module._store.cache_clear()
    monkeypatch.setattr(module, "_FRESH_S", 0.0)
    yield
    module._store.cache_clear()


@pytest.fixture
def music(remote: str, make_wav: Callable[..., Path]) -> str:
    """A folder at a URI with three tones, one below another folder, and what is no audio."""
    objects = Objects(f"{remote}/music")
    for number, name in enumerate(("a.wav", "b.wav", "deep/c #1.wav")):
        objects.put(name, make_wav(f"{number}.wav", seed=number))
    objects.put("notes.txt", b"no audio")
    objects.put(".hidden/x.wav", b"hidden")
    return f"{remote}/music"


def test_what_is_below_a_uri_is_listed(music: str) -> None:
    named = ["a.wav", "b.wav", "deep/c #1.wav", "notes.txt"]
    assert below(music) == below(f"{music}/") == [f"{music}/{name}" for name in named]
    assert below(f"{music}/a.wav") == [f"{music}/a.wav"]
    assert below(f"{music}/nothing") == []


def test_a_local_path_passes_through(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert at_hand("any path") == "any path"
    assert told_of(str(tmp_path / "x")) == ((tmp_path / "x").stat().st_mtime_ns, 3)
    assert not is_there(str(tmp_path / "y"))


def test_a_source_is_fetched_once_as_long_as_it_stays_what_it_is(music: str, tmp_path: Path, flaky: Flaky) -> None:
    uri = f"{music}/a.wav"
    first = at_hand(uri)
    flaky.forget()
    assert at_hand(uri) == first
    assert flaky.requests["GET"] == 0
    Objects(uri).put("", b"another")
    assert at_hand(uri) != first
    assert Path(at_hand(uri)).read_bytes() == b"another"
    with pytest.raises(NotFound, match="does not exist"):
        at_hand(f"{music}/gone.wav")


def test_a_cache_that_was_deleted_is_filled_again(music: str, tmp_path: Path) -> None:
    before = Path(at_hand(f"{music}/a.wav")).read_bytes()
    shutil.rmtree(tmp_path / "cache")
    assert Path(at_hand(f"{music}/a.wav")).read_bytes() == before


def test_the_cache_takes_no_more_than_its_share(music: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT_BYTES", 15_000)
    monkeypatch.setattr(module, "_SPARED_S", -1.0)
    for name in ("a.wav", "b.wav", "deep/c #1.wav"):
        assert Path(at_hand(f"{music}/{name}")).exists()
        time.sleep(0.02)
    held = sum(path.stat().st_size for path in (tmp_path / "cache" / "sources").rglob("*") if path.is_file())
    assert 0 < held <= 15_000


def test_many_of_a_folder_are_asked_about_together(remote: str, flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FRESH_S", 60.0)
    for number in range(40):
        Objects(remote).put(f"m/{number}.wav", b"x")
    flaky.forget()
    assert {told_of(f"{remote}/m/{number}.wav")[1] for number in range(40)} == {1}
    assert sum(flaky.requests.values()) <= module._SINGLY + 4


def test_clips_are_added_embedded_found_and_checked_by_uri(music: str, store: Store, remote: str) -> None:
    report = store.add(music)
    assert (report.added, report.problems) == (3, [])
    assert store.add(f"{music}/").known == 3
    uris = sorted(uri for row in store.clips(["uris"]).column(0).to_pylist() for uri in row)
    assert uris == [f"{music}/a.wav", f"{music}/b.wav", f"{music}/deep/c #1.wav"]
    assert store.embed("dummy").embedded == 3
    assert store.materialise(sample_rate_hz=8000).written == 3
    hit = store.similar(f"{music}/a.wav", k=1)[0]
    assert hit.path != f"{music}/a.wav"
    assert len(store.similar(f"{music}/b.wav", k=3)) == 2
    assert not store.check(sources=True, data=True).findings
    Objects(music).put("a.wav", b"another")
    Objects(music).remove(["b.wav"])
    found = {one.where: one.kind for one in store.check(sources=True).findings}
    assert found == {f"{music}/a.wav": Damage.SOURCE_CHANGED, f"{music}/b.wav": Damage.SOURCE_MISSING}


def test_what_moved_to_a_uri_is_told_so(
    store: Store, remote: str, tmp_path: Path, make_wav: Callable[..., Path]
) -> None:
    make_wav("one.wav", seed=1)
    store.add(tmp_path / "audio")
    Objects(f"{remote}/moved").put("one.wav", tmp_path / "audio" / "one.wav")
    report = store.relocate(tmp_path / "audio", f"{remote}/moved")
    assert (report.moved, report.problems) == (1, [])
    assert store.clips(["uris"]).column(0).to_pylist() == [[f"{remote}/moved/one.wav"]]
    assert not store.check(sources=True, data=True).findings
    back = store.relocate(f"{remote}/moved", tmp_path / "audio")
    assert back.moved == 1
    assert store.clips(["uris"]).column(0).to_pylist() == [[str(tmp_path / "audio" / "one.wav")]]


def test_labels_name_clips_by_uri(store: Store, music: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(f"path,label\n{music}/a.wav,low\n")
    report = store.add(labels=tmp_path / "labels.csv")
    assert report.added == 1
    assert store.clips(["labels"]).column(0).to_pylist() == [["low"]]


def test_a_uri_with_a_secret_is_not_added(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        store.add("https://host.example/a.wav?token=hunter2")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(NotFound, match="does not exist"):
        store.add(str(tmp_path / "nothing"))


def test_a_store_among_the_audio_is_passed_over(music: str, store: Store) -> None:
    Objects(music).put("library/echodex.json", b"{}")
    Objects(music).put("library/audio.wav", b"x")
    assert store.add(music).added == 3


def test_audio_of_a_web_server_is_added(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    soundfile.write(folder / "tone.wav", 0.1 * np.random.default_rng(0).standard_normal(8000), 8000)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        uri = f"http://127.0.0.1:{server.server_address[1]}/tone.wav"
        assert store.add(uri).added == 1
        assert store.embed("dummy").embedded == 1
        with pytest.raises(NotFound):
            store.add(uri.replace("tone", "none"))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_explorer_plays_a_clip_from_its_uri(music: str, store: Store) -> None:
    from echodex.explorer.sound.clip import find_sound
    from echodex.explorer.sound.file import file_bytes
    from echodex.explorer.sound.pcm import open_sound

    store.add(f"{music}/a.wav")
    sound = find_sound(store, store.clips(["clip_id"]).column(0)[0].as_py())
    content = Objects(f"{music}/a.wav").read("") or b""
    assert b"".join(file_bytes(sound, 0, len(content))) == content
    with closing(open_sound(sound)) as reader:
        assert reader.sample_rate_hz == 8000
    Objects(music).put("a.wav", b"another")
    with pytest.raises(Stale):
        list(file_bytes(sound, 0, 4))


def test_a_file_is_identified_and_compared_from_its_uri(music: str, store: Store) -> None:
    store.add(music)
    store.embed("fingerprint")
    assert store.duplicates(verify="audio", min_score=0.5) is not None
    matches = store.identify(f"{music}/a.wav")
    assert not matches or matches[0].path.startswith(music)
