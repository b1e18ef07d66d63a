"""Contrastive pre-training on the clips of a view (CLMR).

Reading order: `config`; `ntxent`, `simclr` and `lars` (the method); `clips` (which ones teach, in pairs of crops);
`module` (one step), `monitors` (what is measured beside the loss); `share` (what one process does), `train` (the
whole); `export` (the published files).
"""
