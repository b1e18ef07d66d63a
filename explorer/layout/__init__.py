"""Where each clip of a space lies on the map."""

from .kept import Layout, LayoutInfo, holds
from .making import METHODS, layout, layouts

__all__ = ["METHODS", "Layout", "LayoutInfo", "holds", "layout", "layouts"]
