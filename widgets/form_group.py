"""A group of a form's fields that folds away behind its heading, which then says what is in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip

from widgets.fields import Field
from widgets.line_view import LineView, Span
from widgets.literal import literal

LONGEST_GIST = 40

MARKS = {False: ("▸ ", "▾ ", "✗ "), True: ("+ ", "- ", "x ")}
"""Folded, open, wrong; by whether only ASCII may be drawn."""


@dataclass(frozen=True, slots=True)
class Group:
    """What stands together under a heading: the names of the fields, and whether it is open at first."""

    title: str
    names: Sequence[str]
    opened: bool = True


class GroupHeading(LineView):
    """The line above a group: it opens and folds it, and tells what is in a folded one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", "Open or fold", show=False, id="form.toggle_group"),
        Binding("right", "open(True)", "Open", show=False, id="form.open_group"),
        Binding("left", "open(False)", "Fold", show=False, id="form.fold_group"),
    ]
    DEFAULT_CSS = """
    GroupHeading { height: 1; }
    """

    class Toggled(Message):
        """The user opens or folds the group."""

        def __init__(self, heading: GroupHeading, opened: bool) -> None:
            super().__init__()
            self.heading = heading
            self.opened = opened

    def __init__(self, group: Group, gist: Callable[[], Sequence[Span]], *, ascii: bool = False) -> None:
        super().__init__(ascii=ascii, classes="form--heading")
        self.group = group
        self.opened = group.opened
        self._gist = gist

    def render_line(self, y: int) -> Strip:
        folded, opened, _ = MARKS[self.ascii]
        spans: list[Span] = [((opened if self.opened else folded) + self.group.title, "head")]
        if not self.opened:
            spans += self._gist()
        return self.paint(spans, self.size.width, self.line_style(self.has_focus))

    def set_opened(self, opened: bool) -> None:
        """Draw it as open or folded."""
        self.opened = opened
        self.refresh()

    def action_turn(self) -> None:
        self.post_message(self.Toggled(self, not self.opened))

    def action_open(self, opened: bool) -> None:
        if opened != self.opened:
            self.post_message(self.Toggled(self, opened))

    def on_click(self) -> None:
        self.action_turn()


class GroupBox(Vertical):
    """The fields of one group. Those of a folded one are made when it is opened for the first time."""

    DEFAULT_CSS = """
    GroupBox { height: auto; width: 1fr; }
    """

    def __init__(self, group: Group, fields: Sequence[Field], *, ascii: bool = False) -> None:
        super().__init__()
        self.group = group
        self.fields = list(fields)
        self.ascii = ascii
        self.display = group.opened
        self._filled = group.opened
        self._composed = False
        self.heading = GroupHeading(group, self._gist, ascii=ascii)

    def compose(self) -> ComposeResult:
        self._composed = True
        if self._filled:
            yield from self.fields

    def set_opened(self, opened: bool) -> None:
        """Show the fields or fold them away."""
        if opened and not self._filled:
            self._filled = True
            if self._composed:
                self.mount_all(self.fields)
        self.display = opened
        self.heading.set_opened(opened)

    def _gist(self) -> Sequence[Span]:
        """What is filled in, or the first fault."""
        for field in self.fields:
            if field.error:
                mark = MARKS[self.ascii][2]
                return [(f"  {mark}{field.label.lower()}: {literal(field.error, 200, ascii=self.ascii)}", "bad")]
        said = [gist for field in self.fields if (gist := field.gist(LONGEST_GIST))]
        return [(f"  {', '.join(said)}", "dim")] if said else []
