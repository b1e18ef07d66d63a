"""Repairing a store: one way for each kind of damage that a check finds.

Nothing that may be the only copy of something is deleted: it moves to quarantine/. Reading order: `quarantine`, `work`,
then `rows`, `salvage` (tables that cannot be read), `sealed` (files that Lance wrote), `registered` (views, clustering
runs), `folder` (the rest), and `mend`, which knows which is for what.
"""
