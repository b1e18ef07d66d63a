"""What a user may write for an encoder, and what is said when it is not one."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from numpy.typing import NDArray

from echodex.encoders.base import digest
from echodex.encoders.registry import build
from echodex.encoders.resolve import resolve
from echodex.errors import BadInput, NotFound

Arrays = dict[str, NDArray[Any]]


@pytest.fixture
def weights_file(clmr_weights: Arrays, tmp_path: Path) -> Path:
    """A checkpoint as released."""
    path = tmp_path / "clmr_one.pt"
    torch.save({f"encoder.{name}": torch.from_numpy(array) for name, array in clmr_weights.items()}, path)
    return path


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(weights_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A loopback address that serves the folder of `weights_file`."""
    monkeypatch.setenv("ECHODEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(weights_file.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_name_with_settings() -> None:
    encoder = resolve("dummy", {"bands": 4})
    assert (encoder.name, encoder.dim) == ("dummy", 4)


def test_a_checkpoint_file_is_a_clmr(weights_file: Path, clmr_weights: Arrays) -> None:
    encoder = resolve(str(weights_file), {"pooling": "windows"})
    assert digest(encoder) == digest(build("clmr", {"pooling": "windows"}, clmr_weights))


def test_a_name_and_a_checkpoint(weights_file: Path, clmr_weights: Arrays) -> None:
    assert digest(resolve("clmr", {}, str(weights_file))) == digest(build("clmr", {}, clmr_weights))


def test_a_url_is_downloaded_with_progress(site: str, clmr_weights: Arrays) -> None:
    stages: set[str] = set()
    encoder = resolve(f"{site}/clmr_one.pt", {}, progress=lambda stage, done, total: stages.add(stage))
    assert digest(encoder) == digest(build("clmr", {}, clmr_weights))
    assert stages == {"download"}


def test_a_name_and_a_url(site: str, clmr_weights: Arrays) -> None:
    assert digest(resolve("clmr", {}, f"{site}/clmr_one.pt")) == digest(build("clmr", {}, clmr_weights))


def test_a_yaml_file_says_all_and_settings_go_before_it(weights_file: Path, clmr_weights: Arrays) -> None:
    path = weights_file.with_name("windows.yaml")
    path.write_text(
        "# half overlapping\nencoder: clmr\ncheckpoint: clmr_one.pt\npooling: windows\nhop_samples: 29524\n"
    )
    found = resolve(str(path), {"hop_samples": 20_000})
    assert digest(found) == digest(build("clmr", {"pooling": "windows", "hop_samples": 20_000}, clmr_weights))


def test_a_yaml_file_may_name_a_url(site: str, weights_file: Path, clmr_weights: Arrays) -> None:
    path = weights_file.with_name("remote.yml")
    path.write_text(f"encoder: clmr\ncheckpoint: {site}/clmr_one.pt\n")
    assert digest(resolve(str(path), {})) == digest(build("clmr", {}, clmr_weights))


def test_a_given_checkpoint_goes_before_the_yaml_files(weights_file: Path, clmr_weights: Arrays) -> None:
    path = weights_file.with_name("other.yaml")
    path.write_text("encoder: clmr\ncheckpoint: missing.pt\n")
    assert digest(resolve(str(path), {}, str(weights_file))) == digest(build("clmr", {}, clmr_weights))
    with pytest.raises(NotFound, match=r"missing\.pt does not exist"):
        resolve(str(path), {})


def test_a_yaml_file_needs_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "dummy.yaml"
    path.write_text("encoder: dummy\nbands: 8\nwindow_s: 1\n")
    assert resolve(str(path), {}).dim == 8


def test_a_misspelt_name_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'timbre'"):
        resolve("timber", {})


def test_a_misspelt_path_gets_the_nearest(weights_file: Path) -> None:
    wrong = weights_file.with_name("clmr_on.pt")
    with pytest.raises(NotFound, match=r"clmr_on\.pt does not exist; did you mean .*clmr_one\.pt\?"):
        resolve(str(wrong), {})
    with pytest.raises(NotFound, match=r"far\.pt does not exist \(an encoder is one of"):
        resolve(str(weights_file.parent / "no folder" / "far.pt"), {})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "bands: 4", "must have the key 'encoder'"),
        ("a.yaml", "encoder: 5", "must have the key 'encoder'"),
        ("a.yaml", "- dummy", "must be a flat list"),
        ("a.yaml", "", "must be a flat list"),
        ("a.yaml", "encoder: dummy\n1: 2", "must be a flat list"),
        ("a.yaml", "encoder: dummy\nbands: [4]", "must be a flat list"),
        ("a.yaml", "encoder: &a dummy\nbands: *a", "must be a flat list"),
        ("a.yaml", "encoder: dummy\nbands: four", "bands must be int, not 'four'"),
        ("a.yaml", "encoder: dummy\nbandz: 4", "has no setting 'bandz'"),
        ("a.yaml", "encoder: dummy\ncheckpoint: 5", "'checkpoint' must be a path or a URL, not 5"),
        ("a.yaml", "encoder: dummy\ncheckpoint: a.pt", "encoder 'dummy' takes no checkpoint"),
        ("a.yaml", "encoder: 'dummy", "is not valid YAML"),
        ("a.yaml", "encoder: !!python/object/apply:os.system [ls]", "must be a flat list"),
        ("a.yaml", "encoder: !!python/name:os.system ''", "is not valid YAML"),
        ("a.yaml", "encoder: dummy\nbands: " + 5000 * "1", "is not valid YAML"),
        ("a.yaml", "encoder: dummy #" + 70_000 * "x", "larger than 64 KiB"),
        ("a.yaml", 60_000 * "[", "must be a flat list"),
        ("a.yaml", "encoder: \x00", "not valid YAML"),
        ("a.txt", "encoder: dummy", "neither a checkpoint .* nor a YAML file"),
        ("plain", "encoder: dummy", "neither a checkpoint .* nor a YAML file"),
        ("a.pt", "not weights", "neither a torch file"),
    ],
)
def test_a_file_that_is_no_encoder_says_why(name: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match=message) as caught:
        resolve(str(path), {})
    assert "\n" not in str(caught.value)


def test_two_checkpoints_are_one_too_many(weights_file: Path) -> None:
    with pytest.raises(BadInput, match="is a checkpoint itself"):
        resolve(str(weights_file), {}, str(weights_file))


def test_a_folder_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a folder"):
        resolve(str(tmp_path), {})


@pytest.mark.parametrize("url", ["s3://bucket/a.pt", "file:///etc/passwd"])
def test_other_addresses_than_the_webs_are_refused(url: str) -> None:
    with pytest.raises(BadInput, match="only http:// and https://"):
        resolve(url, {})


def test_clmr_alone_says_how_to_get_weights() -> None:
    with pytest.raises(BadInput, match="give a checkpoint file, or the URL"):
        resolve("clmr", {})


def test_an_encoder_without_checkpoints_says_so(weights_file: Path) -> None:
    with pytest.raises(BadInput, match="encoder 'timbre' takes no checkpoint"):
        resolve("timbre", {}, str(weights_file))
