from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from echodex.api import Store
from echodex.encoders.samplecnn import SampleCNN
from echodex.errors import BadInput, NotFound, Unavailable, UsageError
from echodex.schemas.clip import Source
from echodex.schemas.run import Run
from echodex.training.config import ProbeConfig
from echodex.training.head import Head, load_head, save_head
from echodex.training.layout import ENCODER_FILE, HEAD_FILE
from echodex.training.onnx_export import export_onnx, is_file_name
from echodex.training.probe import train_probe
from echodex.training.run import finish_run, run_folder, working_run
from echodex.training.trained import save_trained

WINDOW = 59_049


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SampleCNN of an eighth of the published width, as a bare released file."""
    path = tmp_path_factory.mktemp("checkpoints") / "clmr_checkpoint_1.pt"
    torch.manual_seed(0)
    network = SampleCNN(width=0.125)
    torch.save({f"encoder.{name}": tensor for name, tensor in network.state_dict().items()}, path)
    return path


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Store:
    """12 clips of two labels and two windows each, embedded window by window. For reading and adding runs."""
    folder = tmp_path_factory.mktemp("windows")
    store = Store.open(folder / "library")
    random = np.random.default_rng(0)
    sources = []
    for number in range(12):
        path = folder / f"{number}.wav"
        tone = np.sin(np.arange(2 * WINDOW) * (0.02 if number % 2 else 0.3)) * 0.3
        soundfile.write(path, tone + 0.01 * random.standard_normal(len(tone)), 22_050)
        sources.append(Source(str(path), labels=("low" if number % 2 else "high",)))
    store.add_sources(sources)
    store.embed(str(checkpoint), settings={"pooling": "windows"})
    return store


def session(path: Path) -> object:
    pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")
    ort = pytest.importorskip("onnxruntime", reason="what is exported is checked against onnxruntime: echodex[onnx]")
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def first_window(store: Store) -> tuple[str, np.ndarray]:
    clip_id = store.clips(["clip_id"]).column(0)[0].as_py()
    [clip] = store.sources([clip_id])
    audio, _ = soundfile.read(clip.path, dtype="float32", frames=WINDOW)
    return clip_id, audio


def test_a_space(windows: Store, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")
    done = export_onnx(windows, "clmr", tmp_path / "clmr.onnx")
    assert (done.input, done.output, done.samples, done.length) == ("audio", "representation", WINDOW, 64)
    assert done.encoder == windows.space().digest
    clip_id, audio = first_window(windows)
    h = session(done.path).run(None, {"audio": audio[None, None]})[0]  # type: ignore[attr-defined]
    stored = windows.segments(None, [clip_id])[2][:1]
    np.testing.assert_allclose(h, stored, atol=2e-5)


def test_a_probe_comes_with_its_head(windows: Store, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")
    run = train_probe(windows, config=ProbeConfig(max_epochs=3, hidden=8, inputs="window", standardise=False))
    done = export_onnx(windows, run.name, tmp_path / "probe.onnx")
    assert (done.output, done.length, done.classes) == ("logits", 2, ("high", "low"))
    clip_id, audio = first_window(windows)
    model = session(done.path)
    logits = model.run(None, {"audio": audio[None, None]})[0]  # type: ignore[attr-defined]
    head = load_head(run_folder(windows, run.name) / "head.safetensors")
    np.testing.assert_allclose(logits, head.logits(windows.segments(None, [clip_id])[2][:1]), atol=1e-4)
    about = model.get_modelmeta().custom_metadata_map  # type: ignore[attr-defined]
    assert (json.loads(about["classes"]), about["multi_label"]) == (["high", "low"], "false")
    assert (about["sample_rate_hz"], about["encoder_digest"]) == ("22050", run.encoder_digest)
    with pytest.raises(UsageError, match="a head of its own"):
        export_onnx(windows, f"run:{run.name}", tmp_path / "b.onnx", head="head.pt")


def test_a_checkpoint_with_a_published_head_needs_no_store(checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")
    state = {"0.weight": torch.randn(5, 64), "0.bias": torch.randn(5)}
    torch.save(state, tmp_path / "head.pt")
    bare = export_onnx(None, str(checkpoint), tmp_path / "bare.onnx")
    done = export_onnx(None, str(checkpoint), tmp_path / "tagger.onnx", head=tmp_path / "head.pt")
    assert (bare.output, done.output, done.length, done.classes) == ("representation", "logits", 5, ())
    audio = np.random.default_rng(0).standard_normal((1, 1, WINDOW)).astype(np.float32)
    h, logits = (session(file.path).run(None, {"audio": audio})[0] for file in (bare, done))  # type: ignore[attr-defined]
    expected = torch.from_numpy(h) @ state["0.weight"].T + state["0.bias"]
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    torch.save({"0.weight": torch.randn(5, 512), "0.bias": torch.randn(5)}, tmp_path / "wide.pt")
    with pytest.raises(BadInput, match="length 512"):
        export_onnx(None, str(checkpoint), tmp_path / "c.onnx", head=tmp_path / "wide.pt")


def test_a_run_that_trained_an_encoder(windows: Store, checkpoint: Path, tmp_path: Path) -> None:
    """As `train clmr` leaves it, and with a head on it, as `train supervised` does."""
    pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")
    weights = torch.load(checkpoint, weights_only=True)
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    head = Head({"0.weight": np.ones((1, 64), np.float32), "0.bias": np.zeros(1, np.float32)}, ("loud",), True, False)
    for name, with_head in (("bare", False), ("taught", True)):
        draft = Run(name, "clmr", "all", "", "", {}, (), {}, "")
        with working_run(windows, draft) as begun:
            folder = run_folder(windows, name)
            save_trained(folder / ENCODER_FILE, "clmr", {"width": 0.125, "pooling": "windows"}, arrays)
            if with_head:
                save_head(folder / HEAD_FILE, head)
            finish_run(windows, begun, {"epochs": 1.0})
    bare, taught = (export_onnx(windows, f"run:{name}", tmp_path / f"{name}.onnx") for name in ("bare", "taught"))
    assert (bare.output, bare.length, taught.output, taught.classes) == ("representation", 64, "logits", ("loud",))
    clip_id, audio = first_window(windows)
    h, logits = (session(file.path).run(None, {"audio": audio[None, None]})[0] for file in (bare, taught))  # type: ignore[attr-defined]
    np.testing.assert_allclose(h, windows.segments(None, [clip_id])[2][:1], atol=2e-5)
    np.testing.assert_allclose(logits[0, 0], h.sum(), rtol=1e-4)


def test_what_is_no_samplecnn(kinds: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="encoder 'dummy'"):
        export_onnx(kinds, "dummy", tmp_path / "a.onnx")
    with pytest.raises(NotFound, match="no space, run or checkpoint"):
        export_onnx(kinds, "nothing", tmp_path / "a.onnx")
    with pytest.raises(NotFound, match=r"nowhere\.pt"):
        export_onnx(None, str(tmp_path / "nowhere.pt"), tmp_path / "a.onnx")
    assert list(tmp_path.glob("*.onnx")) == []


def test_without_the_package(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(Unavailable, match=r"echodex\[onnx\]"):
        export_onnx(None, str(checkpoint), tmp_path / "a.onnx")


@pytest.mark.parametrize(
    ("target", "is_file"),
    [("a.pt", True), ("b.yaml", True), ("https://x/y.zip", True), ("clmr-1f00", False), ("run:a.pt", False)],
)
def test_what_is_a_file(target: str, is_file: bool) -> None:
    assert is_file_name(target) == is_file
