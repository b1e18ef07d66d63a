"""Constant-Q transforms that somebody else computed, as Discogs-VI's authors publish how: a clip for each recording.

Reading order: `index` (which files there are), `files` (HDF5 and `.mm`), `arrays` (what lies in them, told apart),
`pooling` (to the frames that networks of versions take), `kind`.
"""

from .kind import ConstantQ as ConstantQ
