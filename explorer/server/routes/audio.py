"""What is heard and drawn of a clip, by its id alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from ...sound.clip import Sound, find_sound
from ...sound.drawing import Drawing, Size, draw
from ...sound.file import file_bytes, played_type
from ...sound.kept import MAX_CLIP_BYTES, Kept
from ...sound.ranges import asked_part
from ...sound.spectrogram import MAX_BANDS, MAX_FRAMES
from ...sound.wav import wav_bytes, wav_length
from ...sound.waveform import MAX_BINS
from ..answers import refusal
from ..packets import packet
from ..session import Session
from ..single import Single
from ..wanted import while_wanted

PICTURES = 64
"""Clips of which the pictures are kept."""
SIZE = Size()
"""Of the pictures that the page asks for: one decoding makes both."""


def router(session: Session) -> APIRouter:
    """Return the routes of audio, waveform and spectrogram."""
    routes = APIRouter()
    store = session.store
    kept = Kept()
    drawings: Single[Drawing] = Single(PICTURES)

    def drawn(sound: Sound, size: Size, request: Request) -> Drawing:
        return drawings.get((sound.version, size), lambda: draw(sound, size, while_wanted(request)))

    @routes.get("/api/audio/{clip_id}")
    def _audio(
        clip_id: str,
        wanted: Annotated[Literal["wav"] | None, Query(alias="as")] = None,
        range_: Annotated[str | None, Header(alias="range")] = None,
        if_range: Annotated[str | None, Header()] = None,
    ) -> Response:
        sound = find_sound(store, clip_id)
        kind = played_type(sound) if wanted is None else None
        tag = _tag(sound, kind)
        if if_range is not None and if_range != tag:
            range_ = None  # of another version of it; all of this one, then
        length = wav_length(sound) if kind is None else sound.clip.size_bytes
        part = asked_part(range_, length)
        if part is None:
            answer: Response = refusal(416, f"the clip has {length} bytes")
            answer.headers["Content-Range"] = f"bytes */{length}"
            return answer
        made = file_bytes if kind is not None else lambda *of: _wav(kept, *of)
        answer = StreamingResponse(made(sound, part.start, part.stop), media_type=kind or "audio/wav")
        answer.headers.update({"Accept-Ranges": "bytes", "ETag": tag, "Content-Length": str(part.stop - part.start)})
        if not part.whole:
            answer.status_code = 206
            answer.headers["Content-Range"] = part.header
        return answer

    @routes.get("/api/waveform/{clip_id}")
    def _waveform(
        request: Request, clip_id: str, bins: Annotated[int, Query(ge=1, le=MAX_BINS)] = SIZE.bins
    ) -> Response:
        sound = find_sound(store, clip_id)
        found = drawn(sound, Size(bins=bins), request).waveform
        return packet({"duration_s": sound.duration_s}, found)

    @routes.get("/api/spectrogram/{clip_id}")
    def _spectrogram(
        request: Request,
        clip_id: str,
        frames: Annotated[int, Query(ge=1, le=MAX_FRAMES)] = SIZE.frames,
        bands: Annotated[int, Query(ge=1, le=MAX_BANDS)] = SIZE.bands,
    ) -> Response:
        sound = find_sound(store, clip_id)
        found = drawn(sound, Size(frames=frames, bands=bands), request).spectrogram
        header = {"duration_s": sound.duration_s, "low_hz": found.low_hz, "high_hz": found.high_hz}
        return packet(header, found.levels)

    return routes


def _tag(sound: Sound, kind: str | None) -> str:
    """Return what names these bytes: the clip, its file's size and time, and what is made of it."""
    return f'"{hashlib.blake2b(repr((sound.version, kind)).encode(), digest_size=12).hexdigest()}"'


def _wav(kept: Kept, sound: Sound, start: int, stop: int) -> Iterator[bytes]:
    """Return bytes of a clip as WAV: from what is kept, else decoded, and kept where it is all of a short clip."""
    found = kept.get(sound.version)
    if found is not None:
        return iter([found[start:stop]])
    pieces = wav_bytes(sound, start, stop)
    length = wav_length(sound)
    return kept.keeping(sound.version, pieces) if stop - start == length <= MAX_CLIP_BYTES else pieces
