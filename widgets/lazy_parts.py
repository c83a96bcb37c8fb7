"""Parts of a widget (component classes) that are styled when they are first drawn, not whenever a style may change.

Textual works out every component class of every widget at each change of a class, of the focus and of the screen. With
two dozen tones a widget that is most of what such a change costs, and most of a start. It also keeps a node of the DOM
for each, of 6.5 KB: here only for those that are asked for as they look on what is behind them.
"""

from typing import Any, ClassVar

from rich.style import Style
from textual.css.styles import RenderStyles
from textual.dom import DOMNode
from textual.widget import Widget


class LazyParts(Widget):
    """A widget that names its component classes in PARTS instead of COMPONENT_CLASSES."""

    PARTS: ClassVar[frozenset[str]] = frozenset()
    """The component classes; those of the bases count too."""

    def __init__(self, *children: Widget, **options: Any) -> None:
        super().__init__(*children, **options)
        self._part_looks: dict[str, Style] = {}
        """What parts add to what is behind them, of those that were drawn so."""
        self._parts_asked = False

    def part_styles(self, name: str) -> RenderStyles:
        """Return the styles of a part, which nobody else keeps."""
        self._parts_asked = True
        node = DOMNode(classes=name)
        node._attach(self)
        self.app.stylesheet.apply(node, animate=False)  # pyright: ignore[reportUnknownMemberType] of any App
        return node.styles

    def get_component_styles(self, *names: str) -> RenderStyles:
        for name in names:
            if name not in self._component_styles and self._is_part(name):
                self._component_styles[name] = self.part_styles(name)
        return super().get_component_styles(*names)

    def get_component_rich_style(self, *names: str, partial: bool = False, default: Style | None = None) -> Style:
        if not partial or len(names) != 1 or not self._is_part(names[0]):
            return super().get_component_rich_style(*names, partial=partial, default=default)
        style = self._part_looks.get(names[0])
        if style is None:
            style = self._part_looks[names[0]] = self.part_styles(names[0]).partial_rich_style
        return style

    def _is_part(self, name: str) -> bool:
        return any(name in getattr(base, "PARTS", ()) for base in type(self).mro())

    def notify_style_update(self) -> None:
        if self._parts_asked:
            self._parts_asked = False
            self._component_styles.clear()
            self._part_looks.clear()
            self.refresh()
        super().notify_style_update()
