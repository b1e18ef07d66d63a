"""What a browser plays and draws of a clip: its audio, its waveform, its spectrogram."""
