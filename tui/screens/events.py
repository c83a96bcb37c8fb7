"""The daemon's events as a table that can be filtered: as they come, and from before as far as the daemon knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.commands.places import ask_file
from tui.jobs.log_save import write_file
from tui.model.time_range import HELP, RangeError, parse_range
from tui.present.columns import Column
from tui.present.events import EventRow, columns, in_full, search_text
from tui.present.units import plural, size
from tui.screens.table_screen import TableScreen
from tui.store.event_log import MOST, Entry
from widgets.line_view import Span
from widgets.live_table import LiveTable

DRAW_SECONDS = 0.2
"""How often new events are drawn at most."""

TONES = {"live": "good", "ended": "dim", "opening": "busy", "broken": "bad", "closed": "dim"}


class EventsScreen(TableScreen[EventRow]):
    """It has a stream of its own, which is open while this is seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "since", "Since", show=False, id="events.since"),
        Binding("e", "noise", "Execs and probes", show=False, id="events.noise"),
        Binding("S", "save", "Save", show=False, id="events.save"),
        Binding("y", "copy", "Copy", show=False, id="events.copy"),
    ]
    hints = (("enter", "in full"), ("s", "since"), ("e", "execs"), ("S", "save"), ("!", "freeze"))
    own_keys = (
        ("enter", "all that the event tells"),
        ("s", "since when; with until when it ends there"),
        ("e", "show or hide what health checks, execs and hythe's own reading make"),
        ("S", "save the events that are shown as NDJSON, as the daemon sent them"),
        ("y", "copy the event as JSON"),
        ("esc q", "back; the stream is closed"),
    )
    sort = ("time", True)
    greatest = frozenset({"time"})
    empty = "no event yet: s asks for those from before"

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._made: dict[str, EventRow] = {}
        self._noise = False
        self._due = False
        self._since = ""

    def columns(self) -> Sequence[Column[EventRow]]:
        def name_of(id: str) -> str:
            known = self.session.state.containers.get(id)
            return known.name if known is not None else id[:12]

        return columns(name_of)

    def search_text(self) -> Callable[[EventRow], str]:
        return search_text

    def on_mount(self) -> None:
        super().on_mount()
        self._end = self.session.event_log.listen(self._changed)
        self.run_worker(self.session.event_log.open, group="events", exclusive=True)

    async def on_unmount(self) -> None:
        self._end()
        await self.session.event_log.close()

    async def on_screen_suspend(self) -> None:
        if not self.is_seen:  # behind a dialog it is
            await self.session.event_log.pause()

    def on_screen_resume(self) -> None:
        self.session.event_log.resume()

    # what is drawn

    def heading(self) -> Sequence[Span]:
        log = self.session.event_log
        spans: list[Span] = [("events", "accent"), (f"  {self._since}" if self._since else "", "")]
        spans.append((f"  {log.state}", TONES[log.state]))
        if log.problem:
            spans.append((f": {log.problem}", "bad"))
        return spans

    def title_spans(self) -> Sequence[Span]:
        log = self.session.event_log
        hidden = 0 if self._noise else sum(entry.noise for entry in self._entries.values())
        spans: list[Span] = [(f"  {hidden} of execs and probes hidden", "dim")] if hidden else []
        if log.seen > MOST:
            spans.append((f"  the last {MOST:,} of {log.seen:,} are kept", "warn"))
        return spans

    def _changed(self) -> None:
        if self.stands and not self._due:
            self._due = True
            self.set_timer(DRAW_SECONDS, self.draw)

    def draw(self) -> None:
        """Show what is kept now."""
        self._due = False
        if not self.stands:
            return
        self._entries = dict(self.session.event_log.entries)
        before = self._made
        # the same objects as before: the table passes over those without a look at them
        self._made = {
            key: before.get(key) or EventRow(entry.event, entry.number) for key, entry in self._entries.items()
        }
        shown = {key: row for key, row in self._made.items() if self._noise or not self._entries[key].noise}
        self.show_rows(shown, from_top=True)
        self.draw_header()

    # keys

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        if (entry := self._entries.get(message.key)) is not None:
            self.run_worker(
                partial(self.tell, f"{entry.event.type} {entry.event.action}", in_full(entry.event)), group="ask"
            )

    def action_noise(self) -> None:
        """Show or hide what health checks, execs and hythe's own reading make."""
        self._noise = not self._noise
        self.draw()

    def action_copy(self) -> None:
        """Copy the event under the cursor as JSON."""
        entry = self._entries.get(self.table.cursor_key or "")
        if entry is not None:
            self.copy(entry.document.decode("utf-8", "replace"))

    def action_since(self) -> None:
        """Ask since when."""
        self.run_worker(self._ask_since, group="ask", exclusive=True)

    async def _ask_since(self) -> None:
        def check(text: str) -> str | None:
            try:
                parse_range(text, self.session.now())
            except RangeError as error:
                return str(error)
            return None

        label = f"{HELP}; a daemon knows its last 256 events. Empty: from now on"
        text = await self.prompt("Events since", label, self._since or "1h", check)
        if text is None:
            return
        self._since = text.strip()
        since, until = parse_range(text, self.session.now())
        await self.session.event_log.open(since, until)

    def action_save(self) -> None:
        """Save the events that are shown."""
        self.run_worker(self._save, group="ask", exclusive=True)

    async def _save(self) -> None:
        keys = sorted(self.table.order)
        entries = [self._entries[key] for key in keys if key in self._entries]
        path = await ask_file(self, f"Save {plural(len(entries), 'event')} as NDJSON", "events.ndjson")
        if path is None:
            return

        async def lines() -> AsyncIterator[bytes]:
            yield b"".join(entry.document + b"\n" for entry in entries)

        try:
            written = await write_file(path, lines())
        except OSError as error:
            self.note(f"{path}: {error.strerror or error}", "error")
        else:
            self.note(f"saved {size(written)} to {path}")
