"""Containers of which only the ground is ever seen: one strip for all of their lines.

Textual makes each line of a container, and the pieces into which what stands on it cuts the line, anew: 1.2 KB each.
"""

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

# Textual takes the type names and the styles of a class from its first base that is a widget: this is to be none
_Base = Widget if TYPE_CHECKING else object


class Ground(_Base):
    """A container that draws nothing but its background, and borders at its sides."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region: the same one again and again, unless the first or last may look otherwise."""
        styles = self.styles
        above_and_below = (
            *(edge for edges in (styles.border, styles.outline) for edge, _ in (edges.top, edges.bottom)),
            styles.padding.top,
            styles.padding.bottom,
        )
        if any(above_and_below) or crop.height < 1:
            return super().render_lines(crop)
        lines = super().render_lines(Region(crop.x, 0, crop.width, 1)) * crop.height
        del self._render_cache.lines[1:]
        return lines


class GroundStack(Ground, Vertical):
    """A `Vertical` of which only the ground is ever seen."""
