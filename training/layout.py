"""The files of a run folder beside `run.json`, and the objectives that runs have."""

from __future__ import annotations

AUTOENCODER = "autoencoder"
CLMR = "clmr"
FINGERPRINT = "fingerprint"
PROBE = "probe"
SUPERVISED = "supervised"
VERSIONS = "versions"

CONFIG_FILE = "config.yaml"
ENCODER_FILE = "encoder.safetensors"
HEAD_FILE = "head.safetensors"
METRICS_FILE = "metrics.jsonl"
SPLITS_FILE = "splits.parquet"
STATE_FILE = "last.safetensors"
"""The state of an unfinished training."""

KEPT_FILES = (CONFIG_FILE, ENCODER_FILE, HEAD_FILE, METRICS_FILE, SPLITS_FILE)
"""What stays as it is once a run is finished: its run file has a hash of each."""
