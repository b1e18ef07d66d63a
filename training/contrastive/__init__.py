"""Contrastive pre-training on the clips of a view (CLMR).

Reading order: `config`; `ntxent`, `simclr` and `lars` (the method); `pairs` (two crops of each clip); `module` (one
step), `monitors` and `watch` (what is measured beside the loss), `keeper` (what remains), `fit` and `train` (the
whole); `export` (the published files).
"""
