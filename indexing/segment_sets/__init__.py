"""Clips as sets of segments: how far two sets are apart, and the sets nearest to one. Versions are found by this.

Reading order: `reductions`, `distances`, `sets`, `candidates`, `vectors`, `search`.
"""
