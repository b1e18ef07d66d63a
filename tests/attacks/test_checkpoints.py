"""Checkpoints made to do harm: none runs code, writes outside, or takes more memory than the limit."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from echodex.encoders.clmr import Clmr
from echodex.encoders.samplecnn import SampleCNN
from echodex.errors import BadInput


class Touch:
    """Unpickles by running `touch`."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def torch_bytes(content: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def with_record(data: bytes, name: str, content: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a torch file with one of its records replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", compression) as target:
        for entry in source.namelist():
            target.writestr(entry, content if entry.endswith(name) else source.read(entry))
    return buffer.getvalue()


def payloads(marker: Path) -> dict[str, bytes]:
    evil = Touch(marker)
    lightning = {"pytorch-lightning_version": "1.4", "state_dict": SampleCNN().state_dict(), "callbacks": evil}
    return {
        "torch": torch_bytes(evil),
        "old torch": torch_bytes(evil, _use_new_zipfile_serialization=False),
        "beside good weights": torch_bytes(lightning),
        "as a weight": torch_bytes({"encoder.sequential.0.0.weight": evil}),
        "in an archive": zipped("clmr/clmr.pt", torch_bytes(lightning)),
        "bare pickle, text": pickle.dumps(evil, 0),
        "bare pickle, protocol 2": pickle.dumps(evil, 2),
        "bare pickle, protocol 5": pickle.dumps(evil, 5),
        "bare pickle in an archive": zipped("clmr.pt", pickle.dumps(evil, 2)),
        "torch file with another pickle": with_record(torch_bytes({"a": 1}), "data.pkl", pickle.dumps(evil, 2)),
    }


@pytest.mark.parametrize("kind", payloads(Path("none")))
def test_a_pickle_that_runs_a_command_is_refused_and_runs_nothing(kind: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / "weights.pt"
    path.write_bytes(payloads(marker)[kind])
    with pytest.raises(BadInput, match=r"weights\.pt"):
        Clmr.read_weights(path)
    assert not marker.exists()


def test_the_payload_would_have_run(tmp_path: Path) -> None:
    """The attack above is a real one: Python's own pickle falls for it."""
    marker = tmp_path / "marker"
    pickle.loads(pickle.dumps(Touch(marker)))
    assert marker.exists()


def test_the_environment_cannot_switch_the_refusal_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    marker = tmp_path / "marker"
    path = tmp_path / "weights.pt"
    path.write_bytes(torch_bytes(Touch(marker)))
    with pytest.raises(BadInput, match=r"asks for 'posix\.system'"):
        Clmr.read_weights(path)
    assert not marker.exists()


def header(content: Any, data: bytes = b"") -> bytes:
    text = json.dumps(content).encode() if not isinstance(content, bytes) else content
    return struct.pack("<Q", len(text)) + text + data


def entry(begin: int, end: int, shape: tuple[int, ...] = (2,), dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


EVIL_HEADERS = {
    "length beyond the file": struct.pack("<Q", 2**63) + b"{}",
    "negative length": b"\xff" * 8 + b"{}",
    "not JSON": header(b"{nonsense}"),
    "deep JSON": header(b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    "not UTF-8": header(b'{"\xff\xfe": 1}'),
    "a list": header(b"{}")[:8] + b"[]",
    "overlapping data": header({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)),
    "data beyond the file": header({"a": entry(0, 8)}, bytes(4)),
    "shape larger than data": header({"a": entry(0, 8, (2**40,))}, bytes(8)),
    "overflowing shape": header({"a": entry(0, 8, (2**62, 2**62))}, bytes(8)),
    "backward data": header({"a": entry(8, 0)}, bytes(8)),
    "unknown type": header({"a": entry(0, 8, dtype="PICKLE")}, bytes(8)),
    "twice the same name": header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' * 2 + b'"b":1}', bytes(8)),
    "escapes in a name": header({"\x1b[2J\nred": entry(0, 8)}, bytes(8)),
}


@pytest.mark.parametrize("kind", EVIL_HEADERS)
def test_an_evil_safetensors_header_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"
    path.write_bytes(EVIL_HEADERS[kind])
    with pytest.raises(BadInput) as caught:
        Clmr.read_weights(path)
    assert str(caught.value).isprintable()


def bombs() -> dict[str, bytes]:
    weights = torch_bytes({"encoder.sequential.0.0.weight": torch.zeros(1000)})
    large = zipped("a.pt", bytes(600 * 2**20))
    lying = bytearray(large)
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at : at + 4] = struct.pack("<I", 1000)  # the directory says 1,000 bytes
    with_large_record = with_record(weights, "data/0", bytes(600 * 2**20), zipfile.ZIP_DEFLATED)
    endless = torch.zeros(1).expand(2**40)
    return {
        "archive of 600 MB": large,
        "archive that lies about it": bytes(lying),
        "archive in an archive": zipped("a.pt", large),
        "archive in archives": zipped("a.pt", zipped("a.pt", zipped("a.pt", weights))),
        "torch file with a record of 600 MB": with_large_record,
        "torch file in an archive": zipped("a.pt", with_large_record),
        "a weight of 2^40 numbers over one": torch_bytes({"encoder.sequential.0.0.weight": endless}),
    }


READ_IN_LITTLE_MEMORY = """
import sys
from pathlib import Path
from echodex.encoders.clmr import Clmr
from echodex.errors import BadInput

def peak_mb():  # ru_maxrss would begin at the peak of the process that started this one
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

before = peak_mb()
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        Clmr.read_weights(path)
        print("loaded", path.name)
    except BadInput as error:
        print("refused", error)
print(peak_mb() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_bombs_are_refused_in_little_memory(tmp_path: Path) -> None:
    for number, content in enumerate(bombs().values()):
        (tmp_path / f"{number}.pt").write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-c", READ_IN_LITTLE_MEMORY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    *answers, megabytes = run.stdout.splitlines()
    assert [answer.split()[0] for answer in answers] == ["refused"] * 7
    assert int(megabytes) < 50


def test_a_record_shorter_than_its_tensor_does_not_read_other_memory(tmp_path: Path) -> None:
    path = tmp_path / "short.pt"
    path.write_bytes(
        with_record(torch_bytes({"encoder.sequential.0.0.weight": torch.ones(128, 1, 3)}), "data/0", bytes(8))
    )
    with pytest.raises(BadInput, match="torn"):
        Clmr.read_weights(path)


@pytest.mark.parametrize(
    "name", ["../../outside.pt", "/tmp/outside.pt", "a/../../outside.pt", "..\\outside.pt", "\x1b[2J.pt"]
)
def test_an_archive_writes_nothing_whatever_its_names(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    path = folder / "weights.zip"
    path.write_bytes(zipped(name, torch_bytes(SampleCNN().state_dict())))
    before = sorted(tmp_path.rglob("*"))
    assert len(Clmr.read_weights(path)) == 77
    assert sorted(tmp_path.rglob("*")) == before
    path.write_bytes(zipped(name, b"no checkpoint"))
    with pytest.raises(BadInput) as caught:
        Clmr.read_weights(path)
    assert str(caught.value).isprintable()


def test_attributes_given_to_a_tensor_are_left_behind(tmp_path: Path) -> None:
    state = SampleCNN().state_dict()
    torch.save(state, tmp_path / "weights.pt")
    evil = torch.nn.Parameter(state["sequential.0.0.bias"])
    evil.to = evil.numpy = dict  # type: ignore[method-assign, assignment]
    state["sequential.0.0.bias"] = evil
    path = tmp_path / "evil.pt"
    torch.save({"state_dict": {"sequential.0.0.bias": evil}}, path)
    with pytest.raises(BadInput):
        Clmr.read_weights(path)


def test_the_reader_of_a_pipe_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.pt"
    os.mkfifo(path)
    with pytest.raises(BadInput, match="is not a file"):
        Clmr.read_weights(path)
