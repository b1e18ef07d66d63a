"""Bounded decoding, resampling, excerpt reads, tags, alignment of waveforms."""
