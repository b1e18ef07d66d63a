"""P16: adding never leaves the folders that it was given, and no name in them hurts, on the disk or on the screen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from harness.promise import Promise

from echodex.api import Store
from echodex.audio.children.pool import Children
from echodex.errors import BadInput
from echodex.schemas.clip import Reason, Status
from echodex.testing.tones import tone


def wav(path: Path, hz: float) -> Path:
    soundfile.write(path, tone(hz, 0.5, 8000), 8000)
    return path


def run(library: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "echodex.cli", "--store", library, "add", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=300)


def added(library: Path) -> set[str]:
    """Return the paths that a store knows."""
    rows = Store.open(library).tables.scan("clips", ["uris"]).to_pylist()
    return {uri for row in rows for uri in row["uris"]}


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with two files, and all that can lead out of it, round in it, or to what never ends."""
    folder, outside = tmp_path / "music", tmp_path / "outside"
    for place in (folder / "inner", outside):
        place.mkdir(parents=True)
    wav(folder / "in.wav", 440)
    wav(folder / "inner" / "deep.wav", 550)
    wav(outside / "secret.wav", 660)
    for name, target in (
        ("out", outside),
        ("out.wav", outside / "secret.wav"),
        ("relative.wav", Path("../outside/secret.wav")),
        ("loop", folder),
        ("inner/up", Path("..")),
        ("round.wav", Path("round.wav")),
        ("zero.wav", Path("/dev/zero")),
        ("terminal.wav", Path("/dev/tty")),
        ("self.wav", Path("/proc/self/mem")),
        ("gone.wav", Path("nowhere")),
    ):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.wav")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the address of a socket is short
        listener.bind("socket.wav")
        os.chdir(here)
    return folder


@pytest.mark.promise("P16")
@pytest.mark.parametrize("options", [(), ("--follow-links",)])
def test_nothing_outside_is_read_and_nothing_hangs(
    music: Path, tmp_path: Path, options: tuple[str, ...], promise: Promise
) -> None:
    (music / "link to in.wav").symlink_to("in.wav")
    done = run(tmp_path / "library", music, *options)
    expected = {str(music / "in.wav"), str(music / "inner" / "deep.wav")}
    found = added(tmp_path / "library")
    if options:
        expected.add(str(music / "link to in.wav"))
    promise.trial(done.returncode == 0, f"add {options} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    promise.trial(found == expected, f"add {options} of {expected} added {found}")
    clips = Store.open(tmp_path / "library").tables.count("clips")
    promise.trial(clips == 2, f"add {options} of 2 sounds made {clips} clips")


@pytest.mark.promise("P16")
def test_what_is_named_but_is_no_file_is_told_and_nothing_hangs(
    music: Path, tmp_path: Path, store: Store, promise: Promise
) -> None:
    for name in ("pipe.wav", "socket.wav", "zero.wav", "self.wav", "inner"):
        report = None if name == "inner" else store.add(music / name)
        told = [problem.reason for problem in report.problems] if report else ["unreadable"]
        promise.trial(told == ["unreadable"], f"add {name} came to {told}")
        with Children() as children:
            found, _ = children.decode_clip(music / name)
            promise.trial((found.status, found.reason) == (Status.BAD, Reason.UNREADABLE), f"{name}: {found}")
            try:
                children.read_mono(music / name, 8000)
            except BadInput as error:
                promise.trial(name in str(error), f"{name}: {error}")
            else:
                promise.trial(False, f"{name} was read as a sound")
    promise.trial(store.tables.count("clips") == 0, "a file that is none became a clip")


NAMES = [
    b"a\nb.wav",
    b"\x1b[31mred\x1b]0;title\x07.wav",
    b"\r\x08\x7f.wav",
    b"-rf.wav",
    b"'; drop table clips; --.wav",
    b"%s%n{0}$(id)`id`.wav",
    "\u202egnp.wav".encode(),
    "\u0085\u2028.wav".encode(),
    "Blåbær 𝄞 e\u0301.wav".encode(),
    b"x" * 251 + b".wav",
    b"\xff\xfe.wav",
    b"caf\xe9.wav",
]
UNSAFE = [code for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x202E) if code != 0x0A]


@pytest.mark.promise("P16")
def test_names_are_kept_as_they_are_and_shown_escaped(tmp_path: Path, promise: Promise) -> None:
    folder, library = tmp_path / "names", tmp_path / "library"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        wav(tmp_path / "a.wav", 200 + 100 * number).rename(os.fsdecode(bytes(folder) + b"/" + name))
        Path(os.fsdecode(bytes(folder) + b"/bad " + name[:200] + b".wav")).write_text("no sound, by any name")
    done = run(library, folder)
    promise.trial(done.returncode == 3, f"add ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    for stream, shown in (("stdout", done.stdout), ("stderr", done.stderr)):
        text = shown.decode()
        if stream == "stderr":
            text = text.replace("\r", "")  # of the bar
        odd = sorted({hex(ord(letter)) for letter in text if ord(letter) in UNSAFE})
        promise.trial(not odd, f"{stream} holds {odd}")
    found = added(library)
    for name in NAMES:
        path = os.fsdecode(bytes(folder) + b"/" + name)
        is_text = path.encode(errors="replace").decode() == path
        promise.trial((path in found) == is_text, f"{name!r} is {'not ' if is_text else ''}in the store")


@pytest.mark.promise("P16")
def test_a_path_longer_than_any_may_be_costs_only_itself(tmp_path: Path, store: Store, promise: Promise) -> None:
    root = tmp_path / "music"
    root.mkdir()
    wav(root / "z.wav", 440)
    within = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=within)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=within)
        os.close(within)
        within = deeper
    os.close(within)
    report = store.add(root)
    promise.trial(report.added == 1, f"{report.added} of 1 file was added")
    told = [(problem.reason, len(problem.path) > 4096) for problem in report.problems]
    promise.trial(told == [("unreadable", True)], f"a path of more than 4,096 letters came to {told}")
    with Children() as children:
        found, _ = children.decode_clip("/" + "x" * 300)
        promise.trial(found.reason == Reason.UNREADABLE, f"a name of 300 letters came to {found}")
