"""The same verbs on a Ray cluster: the rooms below say what a shard of work is, this one has shards done on its nodes.

Reading order: `cluster` (finding one, or starting one on this machine), `places` (which workers its nodes can hold),
`worker` (what runs on a node), `staff` (the workers, and what becomes of those that are lost), `workers` (shards to
workers, retried).
"""
