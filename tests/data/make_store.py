"""Pack a golden store of the format that this echodex writes, with what it answers, into tests/data/stores.

Run once, when a format is about to be released: `PYTHONPATH=tests/shared python tests/data/make_store.py`.
"""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

from harness.golden import AUDIO, STORES, answers, grow

from echodex.schemas.format import FORMAT_VERSION


def main() -> None:
    name = f"v{FORMAT_VERSION}"
    with tempfile.TemporaryDirectory() as folder:
        store = grow(Path(folder) / name)
        said = answers(store)
        shutil.rmtree(store.path / "activity", ignore_errors=True)
        (store.path / ".lock").unlink(missing_ok=True)
        STORES.mkdir(parents=True, exist_ok=True)
        with tarfile.open(STORES / f"{name}.tar.gz", "w:gz", compresslevel=9) as packed:
            packed.add(store.path, name, filter=_anonymous)
        (STORES / f"{name}.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(AUDIO)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
