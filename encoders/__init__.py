"""What turns audio into vectors: one file per encoder, a registry, digests, checkpoints.

Reading order: `base` (what an encoder is), `registry` (how one is found and built), `dummy` (the smallest),
`apart` (statistics of many clips, in processes), `timbre`, `clmr`, `chroma`.
"""
