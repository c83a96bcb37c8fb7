"""The preview of a prune: each object that it would remove, ticked, to be unticked before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.commands.command import Context
from tui.commands.disk import PRUNE_OF, objects_of, remove
from tui.commands.registry import BY_ID
from tui.model.clean_up import Doomed
from tui.model.disk import KINDS
from tui.present.clean_up import columns, freed_words, search_text
from tui.present.columns import Column
from tui.present.units import ago
from tui.screens.table_screen import TableScreen
from widgets.line_view import Span

FRESH_SECONDS = 60.0
"""What was counted longer ago is counted again before it is shown."""


class CleanUpScreen(TableScreen[Doomed]):
    """What is ticked is removed, one by one, and nothing else. What a filter hides is not removed either."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "remove", "Remove", show=False, id="clean_up.remove"),
        Binding("f5,r", "read", "Read again", show=False, id="clean_up.read"),
    ]
    hints = (("space", "tick"), ("*", "tick all"), ("d", "remove the ticked"), ("f5", "read again"))
    own_keys = (
        ("space *", "tick or untick one; all that are shown"),
        ("d", "remove the ticked objects, one by one"),
        ("f5 r", "ask the daemon again; what is new then is not ticked"),
        ("esc q", "back; nothing is removed"),
    )
    sort = ("size", True)
    greatest = frozenset({"size"})
    empty = "nothing that it would remove"

    def __init__(self, prune: str) -> None:
        super().__init__()
        self._prune = PRUNE_OF[prune]
        self._rows: dict[str, Doomed] = {}
        self._shown = False
        self._awaits = False

    def columns(self) -> Sequence[Column[Doomed]]:
        return columns(self.session.now)

    def search_text(self) -> Callable[[Doomed], str]:
        return search_text

    def on_mount(self) -> None:
        super().on_mount()
        book = self.session.disk
        self._end = book.listen(self._changed)
        oldest = min((book.read_at.get(kind, 0.0) for kind in KINDS), default=0.0)
        self._awaits = book.reading or self.session.now() - oldest > FRESH_SECONDS
        if self._awaits:
            book.read()
        self.set_interval(1.0, self.tick)
        self._changed()

    def on_unmount(self) -> None:
        self._end()

    # what is drawn

    def heading(self) -> Sequence[Span]:
        book = self.session.disk
        spans: list[Span] = [("clean up: ", "accent"), (self._prune.title, "accent")]
        if book.reading:
            spans.append(("  the daemon counts …", "busy"))
        elif book.problem:
            spans.append((f"  {book.problem}", "bad"))
        elif book.read_at:
            spans.append((f"  as of {ago(self.session.now() - min(book.read_at.values()))}", "dim"))
        return spans

    def title_spans(self) -> Sequence[Span]:
        ticked = self.ticked()
        return [
            (f"  {len(ticked)} ticked: {freed_words(ticked)}", "warn" if ticked else "dim"),
            (f"  instead of $ {self._prune.line}", "dim"),
        ]

    def ticked(self) -> list[Doomed]:
        """Return the objects that are ticked and shown, in the order in which they can be removed."""
        keys = frozenset(self.table.shown_marks)
        return [each for key, each in self._rows.items() if key in keys]

    def _changed(self) -> None:
        """Show what is to go, once the daemon has told all of it: what it is ticked by must not change meanwhile."""
        if not self.stands:
            return
        self.draw_header()
        if self.session.disk.reading and (self._awaits or not self._shown):
            return
        if self._shown and not self._awaits:
            return
        self._awaits = False
        self._rows = {each.key: each for each in objects_of(self.session, self._prune)}
        self.show_rows(self._rows)
        self.table.set_problem(self.session.disk.problem or None)
        if not self._shown:
            self._shown = True
            self.table.mark(key for key, each in self._rows.items() if not each.users)
        self.draw_title()

    # keys

    def action_read(self) -> None:
        """Ask the daemon again."""
        self._awaits = True
        self.session.disk.read()

    def action_remove(self) -> None:
        """Ask, and remove what is ticked."""
        context = Context(self.session, self, "app")
        reason = BY_ID["app.clean_up"].why_not(context)
        if reason is not None:
            self.note(f"clean up: {reason}", "warning")
        elif self.session.disk.reading:
            self.note("the daemon still counts: what is shown may not be what there is", "warning")
        elif ticked := self.ticked():
            # not in this screen's worker: it takes this screen away
            self.hythe.run_worker(partial(self._remove, context, ticked), group="clean_up")
        else:
            self.note("nothing is ticked: space ticks", "warning")

    async def _remove(self, context: Context, ticked: Sequence[Doomed]) -> None:
        job = await remove(context, self._prune, ticked)
        if job is not None and self.hythe.screen is self:
            await self.hythe.pop_screen()
            self.open("clean_up_job", job=job)
