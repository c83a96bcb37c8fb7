"""The bars of what Textual scrolls, drawn with nothing but ASCII."""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender


class AsciiBars(ScrollBarRender):
    """Whole cells in reverse, without the glyphs that are parts of one at the ends of the thumb."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def draw_bars(*, ascii: bool) -> None:
    """Have all scroll bars drawn so from now on: Textual's way is the same for all of a process."""
    ScrollBar.renderer = AsciiBars if ascii else ScrollBarRender
