"""A short report: one HTML file with tables, the map, and examples that play, for a browser with no network.

The audio is linked where it lies if that is below the report's folder and a browser can play it; else the few examples
are put into `examples/` beside the report, so that the folder can be zipped and sent.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import soundfile as sf

from ..audio.children.pool import Children
from ..schemas.hit import DuplicateGroup, Member
from ..store.files import private_folder, storage_errors, write_atomic
from ..store.remote.sources import at_hand

PLAYABLE = {".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a", ".aac", ".webm"}
"""What current browsers play; anything else is decoded to a wav file of WAV_RATE_HZ."""
WAV_RATE_HZ = 22_050


@dataclass(frozen=True)
class Sound:
    """A clip to play: its file, what to call it, and what is known of it in short phrases."""

    path: Path
    name: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Example:
    """Sounds to compare, side by side: the first is what the others are compared with."""

    title: str
    sounds: tuple[Sound, ...]


@dataclass(frozen=True)
class Section:
    """A heading, a sentence, and examples under them."""

    title: str
    text: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Table:
    """Figures: the first column names the row."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Report:
    """All that the page says, in order; every text is escaped when written."""

    title: str
    text: str
    tables: tuple[Table, ...] = ()
    map_png: Path | None = None
    sections: tuple[Section, ...] = ()


def duplicate_example(group: DuplicateGroup, root: Path) -> Example:
    """Return a duplicate group as an example; files are named relative to `root` where they are below it."""
    named = {member.clip_id: member for member in reversed(group.members) if not member.exact}
    sounds = [
        Sound(
            Path(at_hand(member.path)), shown_name(Path(member.path), root), tuple(_facts(member, group, named, root))
        )
        for member in group.members
    ]
    return Example(f"{len(sounds)} files, lowest score between any two {group.lowest_pair_score:.3f}", tuple(sounds))


def _facts(member: Member, group: DuplicateGroup, named: Mapping[str, Member], root: Path) -> Iterator[str]:
    """Yield what is known of a member of a duplicate group, in short phrases; `named`: one file of each clip."""
    if member.exact:
        yield f"the same bytes as {shown_name(Path(named[member.clip_id].path), root)}"
    elif member.clip_id == group.representative:
        yield "representative"
    else:
        yield f"score {member.score:.3f}"
    if member.alignment is not None and not member.exact:
        found = member.alignment
        yield f"starts at {_plain(found.offset_s, 2)} s"
        yield f"level {_plain(found.gain_db, 1)} dB"
        yield f"residual {found.residual_db:.1f} dB"


def _plain(value: float, digits: int) -> str:
    """Return a number with its sign, never "-0"."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def shown_name(path: Path, root: Path) -> str:
    """Return what to call a file: its path below `root`, or its name where it lies elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def write_report(report: Report, out: Path) -> None:
    """Write the report as the HTML file `out`, and beside it the examples that a browser could not reach or play."""
    body = [f"<header><h1>{escape(report.title)}</h1><p>{escape(report.text)}</p></header>"]
    body.append(f'<div class="tables">{"".join(_table(table) for table in report.tables)}</div>')
    if report.map_png is not None:
        picture = base64.b64encode(report.map_png.read_bytes()).decode()
        body.append(
            f'<section><h2>Map</h2><img alt="map of all clips" src="data:image/png;base64,{picture}"></section>'
        )
    body += [_section(section, out.parent) for section in report.sections]
    page = PAGE.format(title=escape(report.title), style=STYLE, body="\n".join(body), script=SCRIPT)
    write_atomic(out, page.encode())


def _table(table: Table) -> str:
    """Return a table; all columns but the first are numbers, set to the right."""
    head = _cells("th", table.header)
    rows = "\n".join(f"<tr>{_cells('td', row)}</tr>" for row in table.rows)
    title = escape(table.title)
    return f"<section><h2>{title}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


def _section(section: Section, folder: Path) -> str:
    examples = "\n".join(_article(example, folder) for example in section.examples)
    head = f"<h2>{escape(section.title)}</h2><p>{escape(section.text)}</p>"
    return f'<section>{head}\n<div class="examples">{examples}</div></section>'


def _article(example: Example, folder: Path) -> str:
    """Return an example as a card: two to a line where it compares only two sounds."""
    kind = "pair" if len(example.sounds) <= 2 else "group"
    players = "".join(_figure(sound, folder) for sound in example.sounds)
    return f'<article class="{kind}"><h3>{escape(example.title)}</h3><div class="row">{players}</div></article>'


def _figure(sound: Sound, folder: Path) -> str:
    """Return a player with its caption."""
    source = quote(_reachable(sound.path, folder).relative_to(folder).as_posix())
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in sound.facts)
    name = escape(sound.name)
    return (
        f'<figure><figcaption title="{name}">{name}</figcaption><ul>{facts}</ul>'
        f'<audio controls preload="none" src="{escape(source)}"></audio></figure>'
    )


def _reachable(path: Path, folder: Path) -> Path:
    """Return a file below `folder` that sounds like `path` and that a browser can play: itself, a copy, or a wav."""
    path, folder = path.absolute(), folder.absolute()
    playable = path.suffix.lower() in PLAYABLE
    if playable and path.is_relative_to(folder):
        return path
    return _copy(path, folder / "examples", playable=playable)


def _copy(path: Path, examples: Path, *, playable: bool) -> Path:
    """Put a file, or what it sounds like as wav, into the folder `examples`; return it there."""
    mark = hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()
    target = private_folder(examples) / f"{path.stem}-{mark}{path.suffix if playable else '.wav'}"
    with storage_errors(path):
        if playable:
            shutil.copyfile(path, target)
        else:
            with Children() as children:
                sf.write(target, children.read_mono(path, WAV_RATE_HZ), WAV_RATE_HZ, subtype="PCM_16")
    return target


STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6675; --line: #d9dee6; --paper: #fff; --card: #f5f7fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --soft: #9aa5b4; --line: #333b47; --paper: #14181e; --card: #1d232b; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: .95rem; font-weight: 600; margin: 0 0 .6rem; }
header p, section > p { color: var(--soft); max-width: 62rem; margin: .3rem 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { padding: .35rem 1.1rem .35rem 0; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; background: #fff; border-radius: .5rem; border: 1px solid var(--line); }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)); gap: .8rem; }
article { border: 1px solid var(--line); border-radius: .5rem; background: var(--card); padding: .8rem; }
article.group { grid-column: 1 / -1; }
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; }
.tables { display: flex; flex-wrap: wrap; gap: 0 3.5rem; }
figure { margin: 0; min-width: 0; display: flex; flex-direction: column; }
figcaption { font-family: ui-monospace, monospace; font-size: .8rem; overflow-wrap: anywhere; }
ul { list-style: none; margin: .2rem 0 auto; padding: 0 0 .4rem; display: flex; flex-wrap: wrap;
  gap: .1rem .8rem;  font-size: .8rem; color: var(--soft); }
figure:first-child li:first-child { color: var(--ink); font-weight: 600; }
audio { width: 100%; height: 2.4rem; }
"""
SCRIPT = """
document.addEventListener('play', event => {
  for (const other of document.querySelectorAll('audio')) if (other !== event.target) other.pause();
}, true);
"""
"""One player at a time."""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script>{script}</script>
</body>
</html>
"""
