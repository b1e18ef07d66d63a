"""Sequence match: which stretch of which clip plays where."""
