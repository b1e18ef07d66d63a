"""Training audio fingerprints: a segment and degraded replicas of it are told from all others of a batch.

Reading order: `config`; `pairs` (which segments, and where their replicas begin); `pools` and `replicas` (what is done
to them); `losses`, `lamb` and `schedule` (the method); `minisearch` (what is measured beside the loss); `module` (one
step), `clips`, `share` and `train` (the whole). Beside them, `published_config`: files of the published programs.
"""
