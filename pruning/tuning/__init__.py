"""A plan at every budget and at every value of its selector's knob, at once."""

from .numbers import Curve, Numbers, Setting
from .tuned import Tuned, tune

__all__ = ["Curve", "Numbers", "Setting", "Tuned", "tune"]
