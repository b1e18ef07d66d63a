"""doctor: what this machine can do, before it is asked to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata

import click

from ..errors import EchodexError
from .options import Settings, as_json
from .output import print_json, print_table

PACKAGES = (
    "torch",
    "torchaudio",
    "lancedb",
    "pylance",
    "pyarrow",
    "hdbscan",
    "scikit-learn",
    "numpy",
    "soundfile",
    "av",
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is fine, and what was seen."""

    name: str
    fine: bool
    detail: str


@click.command()
@as_json
@click.pass_context
def doctor(context: click.Context, /, json_: bool) -> None:
    """Look at packages, decoders, the GPU and the store; exit code 1 if something is wrong.

    \b
    Example:
      echodex doctor
    """
    checks = [*_versions(), _decoders(), _media(), _gpu(), _faiss(), _store(context.obj)]
    if json_:
        print_json(checks)
    else:
        print_table(["", "check", "detail"], [("ok" if c.fine else "WRONG", c.name, c.detail) for c in checks])
    context.exit(0 if all(check.fine for check in checks) else EchodexError.exit_code)


def _versions() -> list[Check]:
    checks = [Check("python", sys.version_info >= (3, 11), sys.version.split()[0])]
    for package in PACKAGES:
        try:
            checks.append(Check(package, True, metadata.version(package)))
        except metadata.PackageNotFoundError:
            checks.append(Check(package, False, "not installed: run `pip install echodex` again"))
    return checks


def _decoders() -> Check:
    import soundfile

    formats = set(soundfile.available_formats())
    wanted = {"WAV", "FLAC", "OGG", "MP3"}
    detail = f"libsndfile {soundfile.__libsndfile_version__} reads {', '.join(sorted(formats & wanted))}"
    return Check("soundfile", wanted <= formats, detail)


def _media() -> Check:
    import av

    wanted = {"aac", "alac", "opus", "wmav2", "mp3"}
    found = wanted & set(av.codecs_available)
    return Check("PyAV", wanted == found, f"PyAV {av.__version__} reads {', '.join(sorted(found))}")


def _gpu() -> Check:
    import torch

    if not torch.cuda.is_available():
        return Check("GPU", True, "none: encoders and indexes run on the CPU")
    names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return Check("GPU", True, names)


def _faiss() -> Check:
    from ..indexing.index.build import library_version

    return Check("faiss", True, library_version())


def _store(settings: Settings) -> Check:
    try:
        found = settings.open()
        return Check("store", True, f"{found.path}: {len(found.views())} views, {len(found.spaces())} spaces")
    except EchodexError as error:
        return Check("store", settings.store is None, str(error))
