"""Parts of a widget (component classes) that are styled when they are first drawn, not whenever a style may change.

Textual works out every component class of every widget at each change of a class, of the focus and of the screen. With
two dozen tones a widget that is most of what such a change costs, and most of a start.
"""

from typing import ClassVar

from textual.css.styles import RenderStyles
from textual.dom import DOMNode
from textual.widget import Widget


class LazyParts(Widget):
    """A widget that names its component classes in PARTS instead of COMPONENT_CLASSES."""

    PARTS: ClassVar[frozenset[str]] = frozenset()
    """The component classes; those of the bases count too."""

    def get_component_styles(self, *names: str) -> RenderStyles:
        for name in names:
            if name not in self._component_styles and any(
                name in getattr(base, "PARTS", ()) for base in type(self).mro()
            ):
                node = DOMNode(classes=name)
                node._attach(self)
                self.app.stylesheet.apply(node, animate=False)  # pyright: ignore[reportUnknownMemberType] of any App
                self._component_styles[name] = node.styles
        return super().get_component_styles(*names)

    def notify_style_update(self) -> None:
        if self._component_styles:
            self._component_styles.clear()
            self.refresh()
        super().notify_style_update()
