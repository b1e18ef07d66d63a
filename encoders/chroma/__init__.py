"""Which notes follow which, whatever the key: musical versions of a work near one another, without weights.

Reading order: `spectra` (samples to notes), `tuning`, `frames` (notes to pitch classes in time), `follow` (what follows
what), `invariants` (what is left when the key is dropped), `fit` (numbers to a vector), `encoder`.
"""

from .encoder import Chroma as Chroma
