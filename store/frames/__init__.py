"""Constant-Q frames of clips in a table, ready for training and embedding without their audio.

Reading order: `layout` (what frames are), `table` (reading), `writing`, `compute` (from audio), `embedding` (to
vectors).
"""
