"""Protocols and metrics: `tags` for a run, `pruning` for a view, `methods` for ways of pruning; `stats` for repeats."""
