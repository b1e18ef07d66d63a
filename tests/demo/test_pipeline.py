"""The main job end to end: its figures, its files, and what it does with a folder of the user's own."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from echodex.api import Store
from echodex.demo.pipeline import run_demo
from echodex.demo.result import DemoResult, ProbeResult, ViewResult
from echodex.demo.score import DuplicateScore
from echodex.errors import NotFound, UsageError
from echodex.testing.corpus import dummy_corpus
from echodex.testing.files import write_audio
from echodex.testing.tones import tone

STAGES = ["corpus", "add", "embed", "duplicates", "prune", "probe", "report"]


class Links(HTMLParser):
    """The sources of all players of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [unquote(value) for name, value in attrs if tag == "audio" and name == "src" and value]


def test_the_text_says_every_figure(tmp_path: Path) -> None:
    result = DemoResult(
        clips=1234,
        hours=1.5,
        duplicates=DuplicateScore(planted=100, found=99, recall=0.99, precision=1.0),
        views={"lean": ViewResult(600, 0.4862, 0.951)},
        probe=ProbeResult(0.9, 0.89, 0.85),
        seconds={"add": 1.25, "embed": 2.0},
        report=tmp_path / "report.html",
        notes=("one file is not ok",),
    )
    assert result.text().splitlines() == [
        "clips                    1,234",
        "hours                    1.50",
        "duplicate pairs planted  100",
        "duplicate pairs found    99",
        "recall, precision        0.990, 1.000",
        "kept in lean             600 (48.6%), coverage 0.951",
        "probe on full            0.900",
        "probe on pruned          0.890",
        "probe on random          0.850",
        "seconds                  3.2 (add 1.2, embed 2.0)",
        "note: one file is not ok",
        f"open {tmp_path / 'report.html'}",
    ]


def test_the_folder_must_be_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(UsageError, match="not an empty folder"):
        run_demo(tmp_path)
    with pytest.raises(UsageError, match="not an empty folder"):
        run_demo(tmp_path / "mine.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_store_of_clips_is_left_alone(tmp_path: Path, kinds: Store) -> None:
    before = kinds.tables.version("clips")
    with pytest.raises(UsageError, match="holds clips; name another store"):
        run_demo(tmp_path / "out", place=kinds.path)
    assert kinds.tables.version("clips") == before
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.slow
def test_its_store_can_be_on_object_storage(tmp_path: Path, remote: str) -> None:
    result = run_demo(tmp_path / "out", place=remote, clips=100)
    assert result.duplicates.recall is not None
    assert result.duplicates.recall >= 0.99
    assert [view.name for view in Store.open(remote).views()] == ["jsd", "lean", "random"]
    assert not (tmp_path / "out" / "library").exists()
    assert result.report.is_file()


def test_an_unknown_folder_of_audio(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        run_demo(tmp_path / "out", audio=tmp_path / "nowhere")


@pytest.mark.slow
def test_the_demo_finds_what_was_planted(tmp_path: Path) -> None:
    result = run_demo(tmp_path / "out", clips=200, seed=1)
    assert result.clips == 200 - 7  # exact copies are the same clip
    assert 0.15 < result.hours < 0.25
    assert result.duplicates.planted is not None
    assert result.duplicates.recall is not None
    assert result.duplicates.precision is not None
    assert result.duplicates.recall >= 0.99
    assert result.duplicates.precision >= 0.99
    assert list(result.views) == ["lean", "jsd", "random"]
    assert result.views["lean"].kept == result.views["random"].kept < result.clips
    assert all(0 < view.share < 1 and 0 < view.coverage <= 1 for view in result.views.values())
    assert result.probe is not None
    assert min(dataclasses.astuple(result.probe)) > 3 / 15
    assert list(result.seconds) == STAGES
    json.dumps([dataclasses.asdict(result.duplicates), result.seconds])
    links = Links(result.report).found
    assert len(links) > 20
    assert all((tmp_path / "out" / link).is_file() for link in links)
    assert (tmp_path / "out" / "map.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    corpus = dummy_corpus(tmp_path / "mine", 24)
    write_audio(corpus.folder / "audio" / "broken.wav", tone(440.0, 0.1, 8000), 8000)
    (corpus.folder / "audio" / "broken.wav").write_bytes(b"not audio")
    result = run_demo(tmp_path / "out", audio=corpus.folder)
    assert result.duplicates.planted is None
    assert result.duplicates.recall is None
    assert any("files that are not ok: 1" in note for note in result.notes)
    assert (result.probe is None) == any("no probe" in note for note in result.notes)
    assert result.report.is_file()
