"""Files of neural-audio-fp and pfann, with every key that theirs have."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from echodex.encoders.fingerprint.config import PRESETS as NETWORKS
from echodex.errors import BadInput, EchodexError, UsageError
from echodex.training.fingerprint.config import PRESETS, FingerprintTraining
from echodex.training.fingerprint.published_config import for_fingerprint
from echodex.training.objectives import find_objective
from echodex.training.settings import read_settings

NAFP: dict[str, Any] = yaml.safe_load("""
DIR: {SOURCE_ROOT_DIR: music/, BG_ROOT_DIR: aug/bg/, IR_ROOT_DIR: aug/ir/, SPEECH_ROOT_DIR: aug/speech/,
      OUTPUT_ROOT_DIR: ./logs/emb/, LOG_ROOT_DIR: ./logs/}
DATA_SEL: {TRAIN: 10k_icassp, TEST_DUMMY_DB: 10k_full, TEST_QUERY_DB: unseen_icassp, REDUCE_ITEMS_P: 0}
MODEL: {FEAT: melspec, FS: 8000, DUR: 1., HOP: .5, STFT_WIN: 1024, STFT_HOP: 256, F_MIN: 300., F_MAX: 4000.,
        N_MELS: 256, EMB_SZ: 128, BN: layer_norm2d}
BSZ: {TR_BATCH_SZ: 120, TR_N_ANCHOR: 60, VAL_BATCH_SZ: 120, VAL_N_ANCHOR: 60, TS_BATCH_SZ: 125}
TRAIN: {MAX_EPOCH: 100, OPTIMIZER: Adam, LR: 0.0001, LR_SCHEDULE: cos, CHECKPOINT_KEEP_N_HOUR: 1, TENSORBOARD: true,
        SAVE_IMG: true, MINI_TEST_IN_TRAIN: true}
LOSS: {LOSS_MODE: NTxent, TAU: 0.05, MARGIN: 0.4}
TD_AUG: {TR_SNR: [0, 10], TS_SNR: [0, 10], VAL_SNR: [0, 10], TR_SPEECH_AUG: false, TS_SPEECH_AUG: false,
         VAL_SPEECH_AUG: false, TR_BG_AUG: true, TS_BG_AUG: true, VAL_BG_AUG: true, TR_IR_AUG: true, TS_IR_AUG: true,
         VAL_IR_AUG: true}
SPEC_AUG: {SPECAUG_CHAIN: [cutout, horizontal], SPECAUG_PROBS: 1., SPECAUG_N_HOLES: 1, SPECAUG_HOLE_FILL: zeros}
DEVICE: {CPU_N_WORKERS: 4, CPU_MAX_QUEUE: 10}
""")

PFANN: dict[str, Any] = {
    "train_csv": "train.csv",
    "validate_csv": "val.csv",
    "test_csv": "test.csv",
    "music_dir": "fma_medium",
    "model_dir": "out",
    "cache_dir": "caches",
    "batch_size": 640,
    "shuffle_size": 100,
    "fftconv_n": 32768,
    "sample_rate": 8000,
    "stft_n": 1024,
    "stft_hop": 256,
    "n_mels": 256,
    "f_min": 300,
    "f_max": 4000,
    "segment_size": 1,
    "hop_size": 0.5,
    "time_offset": 1.2,
    "pad_start": 1,
    "epoch": 100,
    "lr": 1e-4,
    "tau": 0.05,
    "noise": {"train": "a.csv", "validate": "b.csv", "dir": "audioset", "snr_max": 10, "snr_min": 0},
    "micirp": {"train": "c.csv", "validate": "d.csv", "dir": "micirp", "length": 0.5},
    "air": {"train": "e.csv", "validate": "f.csv", "dir": "AIR_1_4", "length": 1},
    "cutout_min": 0.1,
    "cutout_max": 0.5,
    "model": {"d": 128, "h": 1024, "u": 32, "fuller": True, "conv_activation": "ReLU"},
    "indexer": {"index_factory": "IVF200,PQ64x8np", "top_k": 100, "frame_shift_mul": 1},
}


def read(folder: Path, document: dict[str, Any], *overrides: str) -> FingerprintTraining:
    path = folder / "config.json"
    path.write_text(json.dumps(document))
    return read_settings(FingerprintTraining, PRESETS, path, overrides, for_fingerprint)


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Put other values into sections, as "SECTION.KEY", and leave out those that are None."""
    sections = {name: dict(part) if isinstance(part, dict) else part for name, part in document.items()}
    for name, value in changes.items():
        section, _, key = name.partition(".")
        place, last = (sections.setdefault(section, {}), key) if key else (sections, section)
        place[last] = value
        if value is None:
            del place[last]
    return sections


def test_the_published_files_are_the_presets(tmp_path: Path) -> None:
    paths: dict[str, Any] = {"noise": "aug/bg/tr", "rooms": "aug/ir/tr", "workers": 4}
    assert read(tmp_path, NAFP) == replace(PRESETS["published"], **paths)
    lamb = changed(NAFP, {"BSZ.TR_BATCH_SZ": 640, "BSZ.TR_N_ANCHOR": 320, "TRAIN.OPTIMIZER": "LAMB"})
    assert read(tmp_path, lamb) == replace(PRESETS["640_lamb"], **paths)
    triplets = {"BSZ.TR_BATCH_SZ": 320, "BSZ.TR_N_ANCHOR": 64, "LOSS.LOSS_MODE": "Online-Triplet"}
    assert read(tmp_path, changed(NAFP, triplets)) == replace(PRESETS["now_playing"], **paths)
    folders: dict[str, Any] = {"noise": "audioset", "rooms": "AIR_1_4", "microphones": "micirp"}
    assert read(tmp_path, PFANN) == replace(PRESETS["pfann"], **folders)


def test_yaml_as_its_users_have_it(tmp_path: Path) -> None:
    path = tmp_path / "default.yaml"
    path.write_text("LOSS:\n    TAU : 0.1 # 0.05\nTRAIN:\n    LR : 1e-4\n    LR_SCHEDULE : None\nanchors_per_clip: 7\n")
    found = read_settings(FingerprintTraining, PRESETS, path, ["max_epochs=3", "noise=synthetic"], for_fingerprint)
    expected: dict[str, Any] = {"temperature": 0.1, "schedule": "none", "anchors_per_clip": 7, "max_epochs": 3}
    assert found == replace(PRESETS["published"], **expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"TRAIN.LR_SCHEDULE": "cos-restart"}, {"schedule": "restarts", "alpha": 2e-6}),
        ({"TRAIN.MINI_TEST_IN_TRAIN": False}, {"monitor_layers": False}),
        ({"TD_AUG.TR_SNR": [-5, 10]}, {"snr_db": "-5,10"}),
        ({"TD_AUG.TR_BG_AUG": False}, {"noise": "none"}),
        ({"DIR.IR_ROOT_DIR": None}, {"rooms": "synthetic"}),
        ({"SPEC_AUG.SPECAUG_CHAIN": ["cutout", "vertical"]}, {"masks": "cutout,vertical"}),
        ({"MODEL.EMB_SZ": 64}, {"dim": 64}),
        ({"MODEL.FEAT": "melspec_maxnorm", "MODEL.BN": "batch_norm"}, {"network_settings": "rescale=true norm=batch"}),
    ],
)
def test_other_values_of_neural_audio_fp(tmp_path: Path, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read(tmp_path, changed(NAFP, changes))
    assert found == replace(read(tmp_path, NAFP), **expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"time_offset": 1, "pad_start": 0}, {"offset_s": 0.0, "context_s": 0.0}),
        ({"noise.snr_min": -10}, {"snr_db": "-10,10"}),
        ({"optimizer": "lamb"}, {"optimizer": "LAMB-pfann", "weight_decay": 1e-6}),
        ({"micirp.dir": None}, {"microphones": "none"}),
        ({"micirp.train": "", "air.train": ""}, {"microphones": "none", "rooms": "none"}),
        ({"clips_per_song": 60, "dynamic_range": 80}, {}),
        ({"model.fuller": False}, {"network_settings": "depthwise=true"}),
        ({"model.d": 64}, {"dim": 64, "network_settings": "channels=64,64,128,128,256,256,1024,1024"}),
    ],
)
def test_other_values_of_pfann(tmp_path: Path, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    found = read(tmp_path, changed(PFANN, changes))
    assert found == replace(read(tmp_path, PFANN), **expected)


def test_what_pfann_makes_of_a_converted_checkpoint(tmp_path: Path) -> None:
    strides = [[[1, time], [2, 1]] for time in (2, 2, 2, 2, 1, 2, 1, 2)]
    network = {"model.conv_activation": "ELU", "model.relu_after_bn": False, "model.strides": strides}
    found = read(tmp_path, changed(PFANN, {"naf_mode": True, "mel_log": "log10", "spec_norm": "max", **network}))
    assert found.encoder == NETWORKS["pfann-naf"]


def test_a_line_for_what_has_no_meaning_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, NAFP)
    lines = [record.getMessage() for record in caplog.records]
    assert all(line.startswith(f"{tmp_path}/config.json: ") for line in lines)
    stood_in = {key: line for line in lines for key in line.split(": ")[1].split(", ")}
    assert stood_in.keys() == {
        *("DIR.SOURCE_ROOT_DIR", "DIR.SPEECH_ROOT_DIR", "DIR.OUTPUT_ROOT_DIR", "DIR.LOG_ROOT_DIR"),
        *("DATA_SEL.TRAIN", "DATA_SEL.REDUCE_ITEMS_P", "DATA_SEL.TEST_DUMMY_DB", "DATA_SEL.TEST_QUERY_DB"),
        *("BSZ.VAL_BATCH_SZ", "BSZ.VAL_N_ANCHOR", "BSZ.TS_BATCH_SZ", "DEVICE.CPU_MAX_QUEUE"),
        *("TRAIN.CHECKPOINT_KEEP_N_HOUR", "TRAIN.TENSORBOARD", "TRAIN.SAVE_IMG"),
        *(f"TD_AUG.{part}_{key}" for part in ("TS", "VAL") for key in ("SNR", "SPEECH_AUG", "BG_AUG", "IR_AUG")),
    }
    assert "--view" in stood_in["DIR.SOURCE_ROOT_DIR"]
    assert "export memmap" in stood_in["DATA_SEL.TEST_DUMMY_DB"]
    caplog.clear()
    read(tmp_path, PFANN)
    told = " ".join(record.getMessage() for record in caplog.records)
    assert all(key in told for key in ("train_csv", "indexer.top_k", "shuffle_size", "air.train", "micirp.validate"))


@pytest.mark.parametrize(
    ("document", "changes", "error", "told"),
    [
        (NAFP, {"TRAIN.WARMUP": 3}, UsageError, "there is no setting 'TRAIN.WARMUP'"),
        (NAFP, {"TRAIN.OPTIMIZER": "SGD"}, UsageError, "TRAIN.OPTIMIZER is 'SGD'; there is adam, lamb"),
        (NAFP, {"TD_AUG.TR_SPEECH_AUG": True}, UsageError, "TD_AUG.TR_SPEECH_AUG is True; a training here has False"),
        (NAFP, {"SPEC_AUG.SPECAUG_HOLE_FILL": "min"}, UsageError, "SPECAUG_HOLE_FILL is 'min'"),
        (NAFP, {"BSZ.TR_N_ANCHOR": 50}, UsageError, "BSZ.TR_N_ANCHOR 50; each anchor must have as many replicas"),
        (NAFP, {"BSZ.TR_BATCH_SZ": 240}, UsageError, "the loss ntxent-sum takes one of each anchor"),
        (NAFP, {"MODEL.N_MELS": 512}, BadInput, "time_strides leave 2 x 1"),
        (NAFP, {"LOSS.TAU": "warm"}, UsageError, "temperature must be a number, not 'warm'"),
        (NAFP, {"LOSS.TAU": [0.05]}, UsageError, "temperature must be a number"),
        (PFANN, {"seconds_per_song": 60}, UsageError, "there is no setting 'seconds_per_song'"),
        (PFANN, {"time_offset": 0.5}, UsageError, "time_offset is 0.5; it must be at least segment_size, 1"),
        (PFANN, {"air.length": 2}, UsageError, "air.length is 2; a training here has 1 alone"),
        (PFANN, {"model.strides": [2, 2]}, UsageError, r"model.strides must be \[\[1, stride\], \[2, 1\]\]"),
        (PFANN, {"model.d": "wide"}, UsageError, "model.d is 'wide'"),
    ],
)
def test_what_there_is_not_is_refused(
    tmp_path: Path, document: dict[str, Any], changes: dict[str, Any], error: type[EchodexError], told: str
) -> None:
    with pytest.raises(error, match=told):
        read(tmp_path, changed(document, changes))


def test_a_training_takes_them() -> None:
    assert find_objective("fingerprint").translate is for_fingerprint


def test_our_own_files_and_the_command_line_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, {"batch_size": 20, "preset": "pfann"}) == replace(PRESETS["pfann"], batch_size=20)
    with pytest.raises(UsageError, match="the command line: there is no setting 'BSZ'"):
        read(tmp_path, {}, "BSZ.TR_BATCH_SZ=320")
