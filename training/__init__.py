"""Loaders over views, and training on them.

Reading order: `shards` and `order` (who gets which rows, when), `fetch`, `vectors` and `crops` (reading them),
`loader`; then `settings` and `published_config` (what users say), `trainee`, `keeper` and `trainer` (what all trainings
are made of); `labels`, `splits`, `behind` and `inputs` (what a probe learns), `module` and `fit` (how), `head` and
`checkpoint` (what remains), `run` and `probe` (the whole). `supervised`, `contrastive` and `fingerprint` train networks
on `waveforms`, the latter two by `encoder_run`, in several processes by `ranks`; `autoencoder` one on rows of features.
`objectives` lists all.
"""
