"""Loaders over views, and training on them.

Reading order: `shards` and `order` (who gets which rows, when), `fetch`, `vectors` and `crops` (reading them),
`loader`; then `labels`, `splits` and `inputs` (what a probe learns), `module`, `keeper` and `fit` (how), `head` and
`checkpoint` (what remains), `run` and `probe` (the whole).
"""
