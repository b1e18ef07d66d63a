"""The report: well-formed, self-contained, its links exist, and no text of a user's becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pytest
import soundfile as sf

from echodex.errors import StorageError
from echodex.explorer.map import draw_map
from echodex.explorer.panel import Panel
from echodex.explorer.report import Example, Report, Section, Sound, Table, duplicate_example, write_report
from echodex.explorer.server.values import category
from echodex.schemas.hit import Alignment, DuplicateGroup, Member
from echodex.testing.files import write_audio
from echodex.testing.tones import tone

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Collects links, text and tags, and checks that every tag is closed in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"} and value]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sound(path: Path, *facts: str) -> Sound:
    write_audio(path, tone(440.0, 0.2, 8000), 8000)
    return Sound(path, path.name, facts)


def section(*sounds: Sound) -> Section:
    return Section("Duplicates", "Heard to be the same.", (Example("one group", sounds),))


def test_every_link_exists_and_nothing_is_fetched_from_afar(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    inside = sound(folder / "audio" / "50% #1 ü?.wav", "representative")
    outside = sound(tmp_path / "elsewhere" / "b.mp3", "score 0.991")
    map_png = folder / "map.png"
    draw_map(np.eye(4, 2, dtype=np.float32), [Panel("label", category(pa.array(list("aabb"))))], map_png)
    table = Table("Figures", ("view", "kept"), (("lean", "3"),))
    report = Report("A report", "What was done.", (table,), map_png, (section(inside, outside),))
    write_report(report, folder / "report.html")
    page = Page(folder / "report.html")
    *links, picture = sorted(page.sources, key=lambda link: link.startswith("data:image/png;base64,"))
    assert picture.startswith("data:")
    assert len(links) == 2
    for link in links:
        assert ":" not in link
        assert sf.info(folder / unquote(link)).duration == pytest.approx(0.2, abs=0.1)
    assert unquote(links[0]) == "audio/50% #1 ü?.wav"
    assert links[1].startswith("examples/b-")
    assert "lean" in page.text
    assert page.tags.count("audio") == 2


def test_text_is_never_markup(tmp_path: Path) -> None:
    evil = '<script>alert("&")</script>'
    path = tmp_path / "a'b\"<i>.wav"
    write_audio(path, tone(440.0, 0.2, 8000), 8000)
    clip = Sound(path, evil, (evil,))
    table = Table(evil, (evil,), ((evil,),))
    write_report(
        Report(evil, evil, (table,), None, (Section(evil, evil, (Example(evil, (clip,)),)),)), tmp_path / "r.html"
    )
    page = Page(tmp_path / "r.html")
    assert page.tags.count("script") == 1
    assert "i" not in page.tags
    assert page.text.count(evil) == 11
    assert (tmp_path / unquote(page.sources[0])).is_file()


def test_what_a_browser_cannot_play_becomes_a_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.aiff"
    sf.write(path, tone(440.0, 0.5, 16_000), 16_000)
    write_report(Report("t", "", sections=(section_of(path),)), tmp_path / "r.html")
    (link,) = Page(tmp_path / "r.html").sources
    assert link.endswith(".wav")
    assert sf.info(tmp_path / link).duration == pytest.approx(0.5, abs=0.01)


def section_of(path: Path) -> Section:
    return section_with(Sound(path, path.name))


def section_with(clip: Sound) -> Section:
    return Section("s", "", (Example("e", (clip,)),))


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = section_of(tmp_path / "gone.mp3")
    with pytest.raises(StorageError, match=r"gone\.mp3"):
        write_report(Report("t", "", sections=(gone,)), tmp_path / "out" / "r.html")


def test_a_duplicate_group_shows_its_evidence(tmp_path: Path) -> None:
    group = DuplicateGroup(
        representative="1",
        members=(
            Member("1", 1.0, str(tmp_path / "a.wav")),
            Member("1", 1.0, str(tmp_path / "copies" / "a.wav"), exact=True),
            Member("2", 0.987654, "/far/b.mp3", alignment=Alignment(0.517, -0.04, -23.14, 2.0)),
        ),
        lowest_pair_score=0.91,
    )
    example = duplicate_example(group, tmp_path)
    assert example.title == "3 files, lowest score between any two 0.910"
    assert [s.name for s in example.sounds] == ["a.wav", "copies/a.wav", "b.mp3"]
    assert [s.facts for s in example.sounds] == [
        ("representative",),
        ("the same bytes as a.wav",),
        ("score 0.988", "starts at +0.52 s", "level +0.0 dB", "residual -23.1 dB"),
    ]
