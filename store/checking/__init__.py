"""Checking a store: what is on the disk against what was written, without changing anything.

Reading order: `opened`, `sampling`, `rows` and `blobs` (sums), `files`, `table` (all of one), then what tables say of
each other: `links`, `views`, `clusters`; `spaces` (weights), `folder` (the rest), and `look`, which does all of it.
Indexes, maps and runs are checked in the rooms that make them.
"""
