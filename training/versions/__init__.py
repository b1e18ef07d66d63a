"""Training an encoder of musical versions: segments of performances of one work against those of other works (CLEWS).

Reading order: `config`; `works` (which clips are of which work, and their splits); `items` (an anchor and other
versions of its work, as pieces of their frames); `losses` and `monitors` (the method, and what is measured beside it);
`shown` (what the network is shown of a piece); `module` (one step), `clips`, `start`, `share` and `train` (the whole).
"""
