"""What takes a host's disk: a bar for each kind, and a table of the objects of the kind under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from tui.model.disk import KINDS, DiskKind
from tui.present.columns import Column
from tui.present.disk import NAMES, DiskRow, columns, rows_of, search_text, summaries
from tui.present.units import ago, size
from tui.screens.table_screen import TableScreen
from widgets.line_view import Span
from widgets.weights_view import Weight, WeightsView

TICK_SECONDS = 1.0

LOW = 16
"""Below so many rows of the terminal the bars scroll, so that the table has some."""

SHOWN: tuple[tuple[DiskKind, ...], ...] = (KINDS, *((kind,) for kind in NAMES))
"""The kinds that the table shows for each line above it: all together, then each."""

HINTS = (("tab", "kinds"), ("c", "clean up"), ("f5", "read again"))
WHILE_READING = (*HINTS, ("x", "stop reading"))


class DiskScreen(TableScreen[DiskRow]):
    """It asks the daemon when it is opened and nothing is known yet, and when it is told to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other_pane", "Other pane", show=False, id="disk.pane"),
        Binding("c,X", "command('app.clean_up')", "Clean up", show=False, id="disk.clean_up"),
        Binding("f5,r", "read", "Read again", show=False, id="disk.read"),
        Binding("x", "cancel", "Stop reading", show=False, id="disk.cancel"),
    ]
    DEFAULT_CSS = """
    DiskScreen {
        & > #kinds { height: 5; }
        &.-low > #kinds { height: 3; }
    }
    """
    hints = HINTS
    own_keys = (
        ("tab", "to the kinds, and to the table of the one under the cursor"),
        ("c X", "clean up: choose a prune, and see each object that it would remove"),
        ("f5 r", "ask the daemon again; it may take minutes where volumes are big"),
        ("x", "stop reading, while the daemon counts"),
        ("esc q", "back; what is being read goes on"),
    )
    sort = ("size", True)
    greatest = frozenset({"size", "alone"})
    empty = "nothing"

    def __init__(self) -> None:
        super().__init__()
        self._line = 0

    # what the table is

    def columns(self) -> Sequence[Column[DiskRow]]:
        return columns(self.session.now)

    def search_text(self) -> Callable[[DiskRow], str]:
        return search_text

    def compose_above(self) -> ComposeResult:
        yield WeightsView(id="kinds", ascii=self.ascii)

    def on_mount(self) -> None:
        super().on_mount()
        self._end = self.session.disk.listen(self.draw)
        if any(self.session.disk.use.part(kind) is None for kind in KINDS):
            self.session.disk.read()
        self.set_interval(TICK_SECONDS, self.tick)
        self.draw()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height < LOW, "-low")

    def on_unmount(self) -> None:
        self._end()

    @property
    def kinds(self) -> WeightsView:
        """The bars."""
        return self.query_one("#kinds", WeightsView)

    # what is drawn

    def heading(self) -> Sequence[Span]:
        book = self.session.disk
        spans: list[Span] = [("disk", "accent"), (f"  {size(book.use.total)}" if book.read_at else "", "number")]
        if book.reading:
            waits = [NAMES[kind] for kind in KINDS if kind not in book.read_at]
            spans.append((f"  the daemon counts{f': {waits[0]}' if waits else ' again'} …", "busy"))
        elif book.problem:
            spans.append((f"  {book.problem}", "bad"))
        elif book.read_at:
            spans.append((f"  counted {ago(self.session.now() - min(book.read_at.values()))}", "dim"))
        return spans

    def title_spans(self) -> Sequence[Span]:
        kinds = SHOWN[self._line]
        words = " ".join(NAMES[kind] for kind in kinds) if len(kinds) == 1 else "objects of every kind"
        return [(f" {words}", "head"), ("  ALONE: what goes with it and with nothing else", "dim")]

    def draw(self) -> None:
        """Show what is known now."""
        if not self.stands:
            return
        hints = WHILE_READING if self.session.disk.reading else HINTS
        if self.hints is not hints:
            self.hints = hints
            self.show_hints()
        use = self.session.disk.use
        weights = [Weight(use.total, size(use.total), "idle", "all; idle is what nothing uses", key=0)]
        for at, each in enumerate(summaries(use), 1):
            idle = "" if each.idle is None else size(each.idle)
            text = each.text if each.size is not None else f"{each.text}: {self._unknown()}"
            told = "…" if each.size is None else size(each.size)
            weights.append(Weight(each.size or 0, told, idle, text, "warn" if each.idle else "dim", at))
        self.kinds.set_weights(weights)
        self._show_kind()
        self.draw_header()

    def _unknown(self) -> str:
        book = self.session.disk
        return "being counted" if book.reading else f"not told: {book.problem}" if book.problem else "not asked for"

    def _show_kind(self) -> None:
        # what comes first while it is still being counted is not what is greatest
        self.show_rows(rows_of(self.session.disk.use, SHOWN[self._line]), from_top=True)
        self.table.set_problem(self.session.disk.problem or None)

    def on_weights_view_highlighted(self, message: WeightsView.Highlighted) -> None:
        if message.weight.key is not None and message.weight.key != self._line:
            self._line = message.weight.key
            self._show_kind()

    # keys

    def action_other_pane(self) -> None:
        """Go from the bars to the table, or back."""
        (self.table if self.kinds.has_focus else self.kinds).focus()

    def action_read(self) -> None:
        """Ask the daemon again."""
        if self.session.disk.reading:
            self.note("the daemon is counting already")
        self.session.disk.read()

    def action_cancel(self) -> None:
        """Stop reading; what was told by then stays."""
        if self.session.disk.reading:
            self.run_worker(self.session.disk.cancel, group="disk")
            self.note("no longer asked for; the daemon may count on by itself, and refuse to begin again meanwhile")
        else:
            self.note("nothing is being read: f5 asks the daemon again")
