from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from echodex.cli import cli
from echodex.encoders.samplecnn import SampleCNN

onnx = pytest.importorskip("onnx", reason="ONNX export is an extra: pip install 'echodex[onnx]'")


def test_a_checkpoint_where_there_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(SampleCNN(width=0.125).state_dict(), "encoder.pt")
    done = CliRunner().invoke(cli, ["export", "onnx", "encoder.pt", "encoder.onnx"], catch_exceptions=False)
    assert done.stdout == "encoder.onnx: audio (1, 1, 59049) -> representation (1, 64)\n"
    onnx.checker.check_model(onnx.load("encoder.onnx"))
    done = CliRunner().invoke(cli, ["export", "onnx", "encoder.pt", "encoder.onnx", "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    assert (found["path"], found["output"], found["length"]) == ("encoder.onnx", "representation", 64)
