"""A view as a Hugging Face dataset: Parquet with the audio inside, and a card; `datasets.load_dataset` reads it.

The Parquet schema carries the `huggingface` metadata that types the column `audio`, so that `datasets` decodes it.
Whole files go in as they are, byte for byte; an excerpt is cut out and written as FLAC.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..audio.decode import open_audio
from ..errors import BadInput
from ..schemas.clip import Clip
from ..store.clip_audio import check_unchanged
from .export import Exported

GROUP_BYTES = 64 << 20
"""Audio written as one row group: what `datasets` holds of it at a time."""

_TEXT = {"_type": "Value", "dtype": "string"}
FEATURES: dict[str, Any] = {
    "audio": {"_type": "Audio"},
    "clip_id": _TEXT,
    "labels": {"_type": "List", "feature": _TEXT},
    "title": _TEXT,
    "artist": _TEXT,
    "album": _TEXT,
    "cluster": {"_type": "Value", "dtype": "int32"},
    "rank": {"_type": "Value", "dtype": "int64"},
    "reason": _TEXT,
}
SCHEMA = pa.schema(
    [
        pa.field("audio", pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])),
        pa.field("clip_id", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("title", pa.string()),
        pa.field("artist", pa.string()),
        pa.field("album", pa.string()),
        pa.field("cluster", pa.int32()),
        pa.field("rank", pa.int64()),
        pa.field("reason", pa.string()),
    ],
    metadata={b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()},
)


def write_dataset(view: Exported, folder: Path) -> None:
    """Fill `folder` with data/<split>.parquet (clips without a split are "train") and README.md.

    Raises NotFound where a file is gone, BadInput where it is not the one that was added or cannot be read.
    """
    splits = [_split_name(row["split"]) for row in view.rows]
    (folder / "data").mkdir()
    for split in sorted(set(splits)):
        members = [row for row, own in enumerate(splits) if own == split]
        with pq.ParquetWriter(folder / "data" / f"{split}.parquet", SCHEMA) as writer:
            for group in _groups(view, members):
                writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA))
    (folder / "README.md").write_text(_card(view, splits))


def _groups(view: Exported, members: list[int]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows with their audio, in groups of about GROUP_BYTES."""
    group: list[dict[str, Any]] = []
    size_bytes = 0
    for member in members:
        row, source = view.rows[member], view.sources[member]
        audio = _audio(source, excerpt=row["excerpt"])
        group.append({**{name: row[name] for name in SCHEMA.names if name != "audio"}, "audio": audio})
        size_bytes += len(audio["bytes"])
        if size_bytes >= GROUP_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _audio(source: Clip, *, excerpt: bool) -> dict[str, Any]:
    check_unchanged(source)
    name = Path(source.path).name
    if excerpt:
        return {"bytes": _cut(source), "path": f"{Path(name).stem}-{source.clip_id[:8]}.flac"}
    try:
        return {"bytes": Path(source.path).read_bytes(), "path": name}
    except OSError as error:
        raise BadInput(
            f"{source.path} cannot be read any more ({error.strerror}); put it back and export again"
        ) from error


def _cut(source: Clip) -> bytes:
    """Return an excerpt as a FLAC file, with the rate and channels of its source."""
    import soundfile

    with closing(open_audio(source.path)) as reader:
        blocks = list(reader.blocks(source.offset_s, source.duration_s))
        rate_hz = reader.sample_rate_hz
    out = io.BytesIO()
    soundfile.write(out, np.concatenate(blocks), rate_hz, format="FLAC", subtype="PCM_24")
    return out.getvalue()


def _split_name(split: str | None) -> str:
    """Return a name that `datasets` accepts."""
    return re.sub(r"\W+", "_", split or "train", flags=re.ASCII)


def _card(view: Exported, splits: list[str]) -> str:
    info = view.info
    files = "\n".join(f"      - split: {split}\n        path: data/{split}.parquet" for split in sorted(set(splits)))
    recipe = json.dumps(info.recipe, indent=1, sort_keys=True)
    return f"""---
configs:
  - config_name: default
    data_files:
{files}
---

# {info.name}

The view `{info.name}@{info.version}` of an echodex store, saved {info.created_at[:10]}: {info.kept} of {info.clips}
clips, {info.hours_kept:.2f} of {info.hours:.2f} hours. The recordings keep the licences they came with.

```python
from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")
```

Recipe:

```json
{recipe}
```
"""
