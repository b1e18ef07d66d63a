"""Protocols and metrics: `tags` for a run, `pruning` for a view; `stats` for what repeats are worth."""
