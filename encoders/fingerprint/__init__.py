"""Audio fingerprints: a vector a second, the same recording near itself through noise, rooms, codecs and telephones."""

from .encoder import Fingerprint as Fingerprint
