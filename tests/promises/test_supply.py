"""P30: what is packed and what it stands on: bounds that are there, fixes that are below them, a wheel and a source
archive that hold what belongs in them.

The lowest and the newest versions themselves are installed by `make lowest`, which runs the fast tests on them.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest
from harness.marked import ROOT
from harness.promise import Promise
from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FIXED_IN = {
    "torch": "2.10.0",  # CVE-2025-32434 and CVE-2026-24747: weights_only could be got around
    "pyarrow": "17.0.0",  # CVE-2023-47248 (14.0.1) and CVE-2024-52338: reading ran code
    "starlette": "0.40.0",  # CVE-2024-47874: forms without end
    "pyyaml": "5.4",  # CVE-2020-14343
    "onnx": "1.17.0",  # CVE-2024-5187: archives led out of their folder
}
NEVER_PACKED = (
    ".wav",
    ".flac",
    ".mp3",
    ".ogg",
    ".pt",
    ".pth",
    ".ckpt",
    ".npy",
    ".pem",
    ".key",
    ".env",
    ".netrc",
    ".tmp",
)


def asked() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(line) for part in (PROJECT["dependencies"], *extras) for line in part]


@pytest.mark.promise("P30")
def test_every_dependency_has_a_lowest_version(promise: Promise) -> None:
    for requirement in asked():
        bounds = [part for part in requirement.specifier if part.operator in (">=", "==", "~=")]
        promise.trial(bool(bounds), f"{requirement} has no lowest version")
        promise.trial(requirement.url is None, f"{requirement} comes from an address, not from the registry")


@pytest.mark.promise("P30")
def test_no_version_is_allowed_that_is_known_to_run_a_strangers_code(promise: Promise) -> None:
    for requirement in asked():
        fixed = FIXED_IN.get(requirement.name.lower())
        if fixed:
            lowest = min(
                Version(part.version.rstrip(".*")) for part in requirement.specifier if part.operator[0] in ">=~"
            )
            promise.trial(lowest >= Version(fixed) or not requirement.specifier.contains(lowest), f"{requirement}")


@pytest.mark.promise("P30")
def test_what_is_installed_is_what_is_asked_for(promise: Promise) -> None:
    for line in requires("echodex") or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            version = distribution(requirement.name).version
            promise.trial(requirement.specifier.contains(version, prereleases=True), f"{requirement}: {version}")


@pytest.mark.slow
@pytest.mark.promise("P30")
def test_the_source_archive_builds_the_same_wheel(tmp_path: Path, promise: Promise) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
    subprocess.run([*build, tmp_path, ROOT], check=True, capture_output=True)
    [archive], [wheel] = tmp_path.glob("*.tar.gz"), tmp_path.glob("*.whl")
    with tarfile.open(archive) as packed:
        names = packed.getnames()
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.3 has none yet
        packed.extractall(tmp_path / "source")
    [source] = (tmp_path / "source").iterdir()
    subprocess.run([*build, tmp_path / "again", "--wheel", source], check=True, capture_output=True)
    [again] = (tmp_path / "again").glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        promise.trial(sorted(one.namelist()) == sorted(other.namelist()), "the wheels hold other files")
        for name in one.namelist():
            same = name.endswith("RECORD") or one.read(name) == other.read(name)
            promise.trial(same, f"{name} differs between the wheels")
        names += one.namelist()
    for name in names:
        promise.trial(not name.endswith(NEVER_PACKED), f"{name} is packed")
        promise.trial(not any(part.startswith(".") for part in Path(name).parts), f"{name} is hidden, and packed")
