"""Random changes of waveforms for training: pure functions on batches, the same for a clip in any batch."""
