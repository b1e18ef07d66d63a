"""Every verb of the command line, one after the other, in a process that is watched: what each leaves behind.

Run as a program: `python journey.py FOLDER [STORE]`, in an empty current folder. FOLDER gets a corpus, a store (unless
STORE is the URI of one) and `journey.json`: for each verb its exit code and what was odd once it had ended.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

SECRETS = {
    "HF_TOKEN": "hf_SecretOfTheHub",
    "HUGGING_FACE_HUB_TOKEN": "hf_AnotherSecretOfTheHub",
    "AWS_ACCESS_KEY_ID": "AKIASECRETKEYID",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-access-key",
    "AWS_SESSION_TOKEN": "aws-secret-session",
    "WANDB_API_KEY": "wandb-secret-key",
    "OPENAI_API_KEY": "sk-secret-key",
    "HTTPS_PROXY": "http://user:proxy-secret@proxy.invalid:3128",
    "HTTP_PROXY": "http://user:proxy-secret@proxy.invalid:3128",
    "ECHODEX_SOMETHING": "secret-of-our-own-prefix",
}
"""What the environment of the journey holds, and nothing that is written may."""


OF_THE_PROCESS = (
    "multiprocessing.resource_tracker",
    "multiprocessing.forkserver",
    "echodex.audio.children.worker",
    "echodex.encoders.apart_worker",
)
"""Children that end with the process and not with the verb."""

TORCHS_OWN = "torchinductor_"
"""How a folder is called that torch makes for itself where temporary files go, one for each user, and keeps."""


@dataclass(frozen=True)
class Step:
    """A verb that has ended: its words, its exit code, and what it left."""

    words: list[str]
    code: int
    left: list[str]


def corpus(folder: Path) -> None:
    """Write 24 tones of two kinds into `folder`/audio, a copy of one, and a broken file; labels.csv beside them."""
    import soundfile

    audio = folder / "audio"
    audio.mkdir(parents=True)
    rows = []
    for number in range(24):
        rng = np.random.default_rng(number)
        time_s = np.arange(16_000) / 16_000
        frequency_hz = rng.uniform(200, 900) if number % 2 else rng.uniform(1800, 3500)
        wave = 0.3 * np.sin(2 * np.pi * frequency_hz * time_s) + 0.02 * rng.standard_normal(len(time_s))
        soundfile.write(audio / f"{number:02}.wav", wave, 16_000)
        split = ("train", "train", "valid", "test")[number // 2 % 4]
        rows.append({"path": f"audio/{number:02}.wav", "label": ("high", "low")[number % 2], "split": split})
    (audio / "copy.wav").write_bytes((audio / "00.wav").read_bytes())
    (audio / "broken.wav").write_bytes(b"RIFF and no more")
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label", "split"])
        writer.writeheader()
        writer.writerows(rows)


def verbs(folder: Path) -> list[list[str]]:
    """Return the words of each verb, in an order in which they can be said. "CLIP", "OTHER" stand for two clips."""
    here = str(folder)
    return [
        ["add", f"{here}/audio", "--labels", f"{here}/labels.csv", "--embed", "dummy"],
        ["add", f"{here}/audio", "--json"],
        ["embed", "dummy"],
        ["embed", "timbre", "--json"],
        ["import", f"{here}/vectors.npy", "--ids", f"{here}/ids.txt", "--name", "mine"],
        ["materialise", "--rate", "8000"],
        ["status"],
        ["status", "--json"],
        ["doctor"],
        ["similar", "CLIP", "-k", "3"],
        ["similar", f"{here}/audio/03.wav", "--space", "dummy", "--json"],
        ["distance", "CLIP", "OTHER", "--space", "dummy"],
        ["duplicates", "--space", "dummy", "--verify", "audio"],
        ["duplicates", "--space", "dummy", "--csv"],
        ["decisions", "pin", "CLIP"],
        ["decisions", "distinct", "CLIP", "OTHER"],
        ["decisions", "list"],
        ["decisions", "undo", "d1"],
        ["play", "CLIP", "--out", f"{here}/out/played.wav"],
        ["cluster", "dummy", "--min-cluster-size", "3", "--labels", f"{here}/out/clusters.csv"],
        ["cluster", "dummy", "--runs"],
        ["prune", "facility", "--space", "dummy", "--eps", "0.05", "--as", "lean", "--min-cluster-size", "3"],
        ["prune", "random", "--space", "dummy", "--keep", "0.5", "--as", "half"],
        ["views", "list"],
        ["views", "show", "lean"],
        ["views", "diff", "all", "lean"],
        ["views", "explain", "lean", "CLIP"],
        ["views", "export", "lean", f"{here}/out/lean.csv", "--format", "csv"],
        ["views", "export", "lean", f"{here}/out/run", "--format", "run-folder"],
        ["index", "build", "flat", "--space", "dummy"],
        ["index", "graph", "-k", "3", "--space", "dummy"],
        ["index", "list", "--space", "dummy"],
        ["index", "drop", "flat", "--space", "dummy"],
        ["map", "--space", "dummy", "--png", f"{here}/out/map.png"],
        ["export", "atlas", f"{here}/out/atlas.parquet", "--space", "dummy"],
        ["train", "probe", "--space", "dummy", "--name", "taught", "max_epochs=2"],
        ["evaluate", "tags", "taught"],
        ["views", "delete", "half", "--yes"],
        ["remove", "OTHER", "--yes"],
        ["check"],
        ["check", "--data", "--json"],
        ["repair", "--dry-run"],
        ["compact"],
        ["relocate", f"{here}/audio", f"{here}/out", "--dry-run"],
        ["similar", "no such clip"],
        ["views", "show", "none"],
        ["prune", "no-such-selector"],
    ]


class Watch:
    """What a verb left: compares the process and its folders with how they were at the start."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._ours = {folder: set(folder.iterdir()) for folder in (Path.cwd(), Path(tempfile.gettempdir()))}

    def left(self) -> list[str]:
        """Return children, files that are held locked, temporary files, and files where none should be."""
        found = [f"child {line}" for line in self._children()]
        found += [f"lock {line}" for line in self._locks()]
        found += [f"thread {thread.name}" for thread in threading.enumerate() if not thread.daemon][1:]
        for folder, before in self._ours.items():
            new = sorted(path for path in folder.iterdir() if path not in before)
            found += [f"file {path}" for path in new if not path.name.startswith(TORCHS_OWN)]
        torn = [path for path in self._store.rglob("*") if path.suffix in (".tmp", ".part")]
        activity = list((self._store / "activity").glob("*"))
        return found + [f"file {path}" for path in [*torn, *activity]]

    @staticmethod
    def _children() -> list[str]:
        found = []
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):  # a thread, or a child, that ends meanwhile
                for pid in (task / "children").read_text().split():
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if not any(word in words for word in OF_THE_PROCESS):
                        found.append(words)
        return found

    @staticmethod
    def _locks() -> list[str]:
        own = str(os.getpid())
        lines = Path("/proc/locks").read_text().splitlines()
        return [line for line in lines if line.split()[4:5] == [own]]


def run(words: list[str], watch: Watch) -> Step:
    """Say one verb to the command line, in this process."""
    from echodex.cli import main

    sys.argv = ["echodex", *words]
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0) if not isinstance(end.code, str) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    return Step(words, code, watch.left())


def main() -> None:
    """Make the corpus, say every verb, write what came of each."""
    folder = Path(sys.argv[1])
    corpus(folder)
    (folder / "out").mkdir()
    store = sys.argv[2] if len(sys.argv) > 2 else str(folder / "library")
    watch = Watch(_files_of(store))
    steps = []
    clips: list[str] = []
    for words in verbs(folder):
        if words[0] == "import":
            clips = prepare_import(folder, store)
        named = {"CLIP": clips[0], "OTHER": clips[1]} if clips else {}
        steps.append(run(["--store", store, *(named.get(word, word) for word in words)], watch))
    (folder / "journey.json").write_text(json.dumps([asdict(step) for step in steps]))


def _files_of(store: str) -> Path:
    """Return the folder in which a store has its files, also one at a URI."""
    from echodex.store.remote.tables import folder_of

    return folder_of(store)


def prepare_import(folder: Path, store: str) -> list[str]:
    """Write vectors.npy and ids.txt for the clips of the store; return the ids."""
    import echodex

    clips: list[str] = echodex.open(store, create=False).clips(["clip_id"]).column(0).to_pylist()
    np.save(folder / "vectors.npy", np.random.default_rng(0).standard_normal((len(clips), 8)), allow_pickle=False)
    (folder / "ids.txt").write_text("\n".join(clips) + "\n")
    return clips


if __name__ == "__main__":
    main()
