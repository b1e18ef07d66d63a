"""Duplicate groups: all pairs within a score, stars of them, and telling by ear."""
