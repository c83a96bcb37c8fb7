"""Questions and messages in the middle of the screen, answered by keys; what is behind them is not repainted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from widgets.editors import Line, Shown
from widgets.line_view import CursorList
from widgets.literal import literal
from widgets.text_pane import TextPane

ResultT = TypeVar("ResultT")

WIDEST = 76
FRAME = 2
"""Rows, and on each side columns, that the border takes."""

LONGEST_TYPED = 64
"""Characters of a text that has to be typed in full: those of a digest, and of any name that people can read."""

BEGINNING = 32
"""How many characters of a longer text have to be typed, so that all of them can be seen on a small terminal too."""


class Dialog(ModalScreen[ResultT], Generic[ResultT]):
    """A box with a title, a part that scrolls, and a line with the keys."""

    AUTO_FOCUS = None
    WIDEST: ClassVar[int] = WIDEST
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: transparent;
        & > .dialog--box {
            background: $surface;
            border: round $primary;
            padding: 0 1;
            height: auto;
            & > Static { width: 1fr; height: auto; }
            & > .dialog--title { text-style: bold; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
            & > .dialog--keys { height: auto; text-style: dim; }
            & > .dialog--error { color: $text-error; display: none; }
            & > .dialog--error.-shown { display: block; }
        }
        &.-ascii > .dialog--box { border: ascii $primary; }
        &.-danger > .dialog--box { border: round $error; }
        &.-ascii.-danger > .dialog--box { border: ascii $error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", show=False, id="dialog.cancel"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="dialog.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="dialog.page_up"),
    ]

    def __init__(self, title: str, *, keys: str, ascii: bool = False) -> None:
        super().__init__(classes="-ascii" if ascii else None)
        self._heading = title
        self._keys = keys
        self.ascii = ascii

    # ---- what a subclass says
    def compose_body(self) -> ComposeResult:
        """What stands between the title and the keys."""
        raise NotImplementedError

    def body(self) -> CursorList | None:
        """The part that scrolls."""
        return None

    def body_rows(self, width: int) -> int:
        """How many rows that part would take at a width."""
        return 0

    def first_focus(self) -> Widget | None:
        """What takes the keys at first."""
        return self.body()

    def cancelled(self) -> ResultT | None:
        """The answer of who leaves with escape."""
        return None

    # ---- common
    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog--box"):
            yield Static(Content(literal(self._heading, 400, ascii=self.ascii)), classes="dialog--title", markup=False)
            yield from self.compose_body()
            yield Static(classes="dialog--error", markup=False)
            yield Static(Content(self._keys), classes="dialog--keys", markup=False)

    def on_mount(self) -> None:
        self._fit(self.app.size.width, self.app.size.height)  # pyright: ignore[reportUnknownMemberType]  # of any App
        focus = self.first_focus()
        if focus is not None:
            focus.focus()

    def on_resize(self, event: Resize) -> None:
        self._fit(event.size.width, event.size.height)

    def _fit(self, width: int, height: int) -> None:
        """As wide as is good to read, and as high as the text needs, within the terminal."""
        box = self.query_one(".dialog--box", Vertical)
        across = max(1, min(self.WIDEST, width))
        box.styles.width = across
        body = self.body()
        if body is not None:
            inner = max(1, across - FRAME - 2)
            others = FRAME + 1 + -(-len(self._keys) // inner) + self._fixed_rows(inner)
            body.styles.height = max(1, min(self.body_rows(inner), height - others))

    def _fixed_rows(self, width: int) -> int:
        """How many more rows stand in the box at a width."""
        return 0

    def show_error(self, text: str | None) -> None:
        """Say what is wrong with the answer."""
        error = self.query_one(".dialog--error", Static)
        mark = "x " if self.ascii else "✗ "
        error.update(Content(mark + literal(text, 400, ascii=self.ascii) if text else ""))
        error.set_class(bool(text), "-shown")

    def action_leave(self) -> None:
        self.dismiss(self.cancelled())

    def action_page(self, pages: int) -> None:
        body = self.body()
        if body is not None:
            body.action_cursor_page(pages)


class TextDialog(Dialog[ResultT], Generic[ResultT]):
    """Shows a text that can be scrolled."""

    def __init__(self, title: str, lines: Sequence[str], *, keys: str, ascii: bool = False) -> None:
        super().__init__(title, keys=keys, ascii=ascii)
        self._pane = TextPane(lines, ascii=ascii)

    def compose_body(self) -> ComposeResult:
        yield self._pane

    def body(self) -> CursorList:
        return self._pane

    def body_rows(self, width: int) -> int:
        return self._pane.rows_at(width)


class ConfirmDialog(TextDialog[bool]):
    """Asks whether to do something to exactly the objects in `lines`. With `typed`, that text has to be typed.

    Enter says yes, but no where there is danger; y and n always say what they say.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False, id="dialog.yes"),
        Binding("n,q", "answer(False)", "No", show=False, id="dialog.no"),
        Binding("enter", "default", "Default", show=False, id="dialog.default"),
    ]

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        confirm_label: str,
        danger: bool = False,
        typed: str | None = None,
        *,
        ascii: bool = False,
    ) -> None:
        label = literal(confirm_label, 60, ascii=ascii)
        if typed is not None:
            keys = f"enter {label}   esc cancel"
        elif danger:
            keys = f"y {label}   n, enter, esc cancel"
        else:
            keys = f"y, enter {label}   n, esc cancel"
        super().__init__(title, lines, keys=keys, ascii=ascii)
        self.set_class(danger, "-danger")
        self._danger = danger
        part = typed is not None and len(typed) > LONGEST_TYPED
        self._typed = None if typed is None else literal(typed[:BEGINNING] if part else typed, ascii=ascii)
        self._demand = Content(f"To go on, type {f'its first {BEGINNING} characters, ' if part else ''}{self._typed}")

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        if self._typed is not None:
            yield Static(self._demand, markup=False)
            yield Line()

    def first_focus(self) -> Widget:
        return self._pane if self._typed is None else self.query_one(Line)

    def _fixed_rows(self, width: int) -> int:
        if self._typed is None:
            return 0
        return 2 + self._demand.get_height({}, width)

    def cancelled(self) -> bool:
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in {"answer", "default"} and self._typed is not None)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def action_default(self) -> None:
        self.dismiss(not self._danger)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.show_error(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._typed is not None and event.value == self._typed:
            self.dismiss(True)
        else:
            self.show_error("that is another text")


class PromptDialog(Dialog[str | None]):
    """Asks for a text of one line; what `check` says against it is shown while it is typed."""

    def __init__(
        self,
        title: str,
        label: str,
        value: str = "",
        check: Callable[[str], str | None] | None = None,
        *,
        password: bool = False,
        ascii: bool = False,
    ) -> None:
        super().__init__(title, keys="enter OK   esc cancel", ascii=ascii)
        self._label = label
        self._shown = Shown()
        self._known = self._shown.show(value)
        self._check = check
        self._password = password

    def compose_body(self) -> ComposeResult:
        if self._label:
            yield Static(Content(literal(self._label, 1_000, ascii=self.ascii)), markup=False)
        yield Line(self._known, password=self._password)

    def first_focus(self) -> Widget:
        return self.query_one(Line)

    def _problem(self) -> str | None:
        return self._check(self._text) if self._check is not None else None

    @property
    def _text(self) -> str:
        return self._shown.restore(self.query_one(Line).value)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._known:
            self._known = event.value
            self.show_error(self._problem())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        wrong = self._problem()
        if wrong:
            self.show_error(wrong)
        else:
            self.dismiss(self._text)


class MessageDialog(TextDialog[None]):
    """Shows a text until it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "leave", "Close", show=False, id="dialog.close")]

    def __init__(self, title: str, text: str, *, ascii: bool = False) -> None:
        super().__init__(title, text.splitlines(), keys="enter, esc close", ascii=ascii)
