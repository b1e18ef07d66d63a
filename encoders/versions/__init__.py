"""Musical versions: a vector each five seconds, near those of other performances of the same work."""

from .encoder import Versions as Versions
