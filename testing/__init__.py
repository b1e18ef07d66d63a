"""Tones, instruments and labelled corpora made by synthesis, for tests, the demo and users."""
