"""Stores and sources of audio on object storage: `s3://`, `gs://`, `az://`.

Tables are Lance's, which reads and writes them where they are. Everything else is files, and these are mirrored: each
lies in a folder of the user's cache as well, where all code finds it as if the store were local; it is fetched before
it is read and stored before it counts as written.

Reading order: `address` (URIs), `settings` (what the environment says), `failing` (errors), `objects` (an object
store's files), `mirror` (the folder in the cache), `making` (whether a store can be there at all), `lease` (the writer
lock), `tables` (Lance), `bounded` (a cache that takes no more than its share), `sources` (audio), `pieces` (waveforms).
"""
