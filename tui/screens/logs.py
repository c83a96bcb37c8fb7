"""The log of one container, or of several as one text: followed, searched, filtered, read back to its start, saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.worker import Worker

from tui import paths
from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.log_level import Level
from tui.model.swarm import SwarmService
from tui.model.time_range import RangeError, parse_range
from tui.present.log_title import Reading, log_line, log_title
from tui.present.logs import emphasis, fold_out
from tui.present.units import plural
from tui.screens.base import HytheScreen
from tui.screens.log_filter import LEVEL_CHOICES, STREAM_CHOICES, LineFilter
from tui.screens.log_reading import LogReading
from tui.screens.log_saver import LogSaver
from tui.screens.log_targets import MOST_FOLLOWED, LogTargets
from widgets.log_query import Query, QueryError
from widgets.log_view import LogView
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine

MEMORY_LINES = 20_000_000
DISK_BYTES = 1 << 30
"""What is kept of a log: in temporary files, the newest in memory."""

TICK_SECONDS = 1.0
"""How often the state of the container is looked at; nothing is asked of the daemon for it."""

RANGE_HELP = "since..until, such as 10m or 09:00..09:30 or 2026-11-24 07:15.. (empty: all)"

HINTS = (
    ("help", "?", "help"),
    ("search", "/", "search"),
    ("filter", "f", "filter"),
    ("level", "l", "level"),
    ("stream", "s", "stream"),
    ("range", "r", "range"),
    ("fold_out", "enter", "unfold"),
    ("wrap", "w", "wrap"),
    ("times", "t", "times"),
    ("start", "g", "start"),
    ("follow", "G", "follow"),
    ("copy", "y", "copy"),
    ("save", "S", "save"),
    ("pager", "|", "pager"),
    ("all", "A", "read all"),
    ("choose", "c", "containers"),
    ("leave", "q", "back"),
)


class LogsScreen(HytheScreen):
    """`targets` are the containers, or services of a swarm, each with its host. What is followed goes on while a dialog
    is in front; of services that is each task on any node, new ones as they come."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", show=False, id="logs.search"),
        Binding("f", "filter", "Filter", show=False, id="logs.filter"),
        Binding("l", "level", "Only this level and worse", show=False, id="logs.level"),
        Binding("s", "stream", "One stream or both", show=False, id="logs.stream"),
        Binding("r", "range", "A range of time", show=False, id="logs.range"),
        Binding("c", "choose", "Show or hide a container", show=False, id="logs.choose"),
        Binding("S", "save", "Save to a file", show=False, id="logs.save"),
        Binding("vertical_line", "pager", "Open in the pager", show=False, id="logs.pager"),
        Binding("A", "all", "Read the whole log", show=False, id="logs.all"),
        Binding("x", "cancel", "Cancel the reading", show=False, id="logs.cancel"),
        Binding("escape", "back", "Back", show=False, id="logs.back"),
        Binding("q", "leave", "Leave", show=False, id="logs.leave"),
    ]
    own_keys = (
        ("j k ↓ ↑ pgdn pgup", "move; moving up ends the following, moving past the end follows again"),
        ("g G", "the start of the log, fetched from the daemon; the end, and follow"),
        ("/ n N", "search: text, ~regex, !not; next and previous hit"),
        ("f", "show only lines with a text, ~regex, or !without it"),
        ("l s", "only warnings or errors; only stderr or stdout"),
        ("r", "a range of time: 10m, 09:00..09:30"),
        ("c", "show or hide a container"),
        ("enter", "fold a line out: JSON and logfmt by field, any other wrapped"),
        ("w ← →", "wrap long lines; or see further right"),
        ("t u", "times: none, since the line before, of day; UTC or local"),
        ("space v y", "mark lines; choose a range; copy (through the terminal, OSC 52)"),
        ("S |", "save to a file; open in $PAGER"),
        ("A x", "read the whole log; cancel what is being read"),
        ("esc q", "one step back; leave"),
    )

    def __init__(self, targets: Sequence[tuple[Session, Container | SwarmService]], title: str = "") -> None:
        super().__init__()
        self._targets = LogTargets(targets)
        self._told_left_out = 0
        self._session = targets[0][0]
        self._title = title
        self._filter = LineFilter()
        self._hidden: frozenset[str] = frozenset()
        self._typed = {"search": "", "filter": "", "range": ""}
        self._typing = ""
        self._wrong = ""
        self._search = (0, 0, True, "")
        self._shown = (0, True, "")
        self._reading: LogReading | None = None
        self._saver = LogSaver(self, title, self._targets, self._draw)
        self._worker: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        ascii_only = self.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        yield LogView(
            max_lines=MEMORY_LINES,
            max_bytes=DISK_BYTES,
            folder=paths.spill_folder(),
            fold_out=fold_out,
            emphasis=emphasis,
            ascii=ascii_only,
            id="log",
        )
        yield SearchBar(ascii=ascii_only, id="log-search")
        yield SpanLine(id="log-line", classes="title", ascii=ascii_only)
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self._reading = LogReading(
            self.log_view,
            self._targets.first(),
            tail=self.hythe.settings.log_tail,
            on_change=lambda: self.call_next(self._draw),
            growing=bool(self._targets.services),
            cancel="x cancels",
            no_room="S saves it all, r reads a range",
        )
        self.log_view.focus()
        self._follow()
        self._draw()
        self.set_interval(TICK_SECONDS, self._draw)
        self._tell_left_out()

    def _tell_left_out(self) -> None:
        left_out = self._targets.left_out
        if left_out > self._told_left_out:
            self._told_left_out = left_out
            words = f"the first {MOST_FOLLOWED} containers are followed, {left_out} more are not"
            if self._targets.services:
                words = f"{MOST_FOLLOWED} tasks are followed, {left_out} more wait for a place"
            self.note(words, "warning")
        elif not left_out:
            self._told_left_out = 0

    @property
    def log_view(self) -> LogView:
        """The lines."""
        return self.query_one("#log", LogView)

    @property
    def bar(self) -> SearchBar:
        """Where a search or a filter is typed."""
        return self.query_one("#log-search", SearchBar)

    @property
    def reading(self) -> LogReading:
        """What is read; there from the mount on."""
        assert self._reading is not None
        return self._reading

    # ---- following
    def _follow(self) -> None:
        if self._worker is None or self._worker.is_finished:
            self._worker = self.run_worker(
                partial(self._targets.follow, self.reading, self._tasks_changed), group="log-follow"
            )

    def _tasks_changed(self) -> None:
        """Say what there is to say of the tasks besides their lines."""
        self._tell_left_out()
        if not self.reading.sources:
            problem = self._targets.problem
            wrong = f"the tasks of {self._title} can't be read: {problem}"
            self.log_view.set_notice(wrong if problem else f"{self._title} has no tasks")
        self._draw()

    def on_screen_suspend(self) -> None:
        if not self.is_seen:
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.cancel()

    def on_screen_resume(self) -> None:
        if self._reading is not None:
            self._follow()
            self._draw()

    async def on_unmount(self) -> None:
        if self._reading is not None:
            await self._reading.close()

    # ---- what is said of it
    def _draw(self) -> None:
        # a screen that is taken away loses its parts while what is read still comes
        if not self.is_mounted or self._reading is None or not self.query("#log"):
            return
        view, reading = self.log_view, self._reading
        hit, total, complete, _ = self._search
        shown, looked_through, _ = self._shown
        facts = Reading(
            containers=[source.known for source in reading.sources],
            phases=[source.phase for source in reading.sources],
            problems=[source.problem for source in reading.sources],
            title=self._title,
            none="no tasks" if self._targets.looked else "",
            following=view.following,
            held=len(view.buffer),
            held_bytes=view.buffer.size,
            busy=self._saver.busy or reading.standing,
            filters=self._filters(),
            shown=shown if view.lines.filter is not None else None,
            looked_through=looked_through,
            search=self._typed["search"],
            hit=hit,
            hits=total,
            searched=complete,
            times=view.times if view.times != "absolute" else "local time" if view.local_times else "UTC",
            wrapped=view.wrapped,
        )
        self.query_one("#header", SpanLine).show(*log_title(facts, self.ascii))
        self.query_one("#log-line", SpanLine).show(*log_line(facts, self.ascii))
        several = len(reading.sources) > 1 or len(view.buffer.sources) > 2
        usable = {"choose": several, "all": reading.is_missing}
        self.query_one("#footer", KeyHints).hint([(*hint, usable.get(hint[0], True)) for hint in HINTS])

    def _filters(self) -> list[str]:
        wanted = self._filter
        found = [self._typed["filter"]] if wanted.query is not None else []
        if wanted.level is not Level.UNKNOWN:
            found.append(f"{wanted.level.name.lower()} and worse")
        found += [words for words, streams in STREAM_CHOICES[1:] if streams == wanted.streams]
        if wanted.since is not None or wanted.until is not None:
            found.append(self._typed["range"])
        if self._hidden:
            found.append(f"{plural(len(self._hidden), self._targets.noun)} hidden")
        return found

    def on_log_view_search_changed(self, message: LogView.SearchChanged) -> None:
        self._search = (message.hit, message.total, message.complete, message.problem)
        if self._typing == "search":
            self._tell_bar(message.problem)
        elif message.problem:
            self.note(f"search: {message.problem}", "warning")
        self._draw()

    def on_log_view_filter_changed(self, message: LogView.FilterChanged) -> None:
        if message.problem and message.problem != self._shown[2]:
            self.note(f"filter: {message.problem}", "warning")
        self._shown = (message.shown, message.complete, message.problem)
        if self._typing == "filter":
            self._tell_bar(self._wrong)
        self._draw()

    def _tell_bar(self, problem: str) -> None:
        if problem:
            self.bar.show_count(problem, wrong=True)
        elif self._typing == "search":
            self.bar.show_hits(*self._search[:3])
        elif self._filter.query is not None:
            shown, complete, _ = self._shown
            self.bar.show_count(f"{shown:,}{'' if complete else '+'} of {len(self.log_view.buffer):,}")
        else:
            self.bar.show_count("text, ~regex, !not")

    def on_log_view_follow_changed(self) -> None:
        self._draw()

    def on_log_view_look_changed(self) -> None:
        self._draw()

    def on_log_view_copied(self, message: LogView.Copied) -> None:
        lines = plural(message.lines, "line")
        if message.cut:
            self.note(f"copied the first {lines}: more does not fit on a clipboard, S saves to a file", "warning")
        else:
            large = ": some terminals take no more than 75kB" if message.characters > 75_000 else ""
            self.note(f"copied {lines}{large}")

    # ---- search and filter
    def action_search(self) -> None:
        self._open_bar("search", "/")

    def action_filter(self) -> None:
        self._open_bar("filter", "filter: ")

    def _open_bar(self, what: str, prompt: str) -> None:
        self._typing, self._wrong = what, ""
        self.bar.open(self._typed[what], prompt)
        self._tell_bar("")

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        message.stop()
        self._typed[self._typing] = message.query
        if self._typing == "search":
            self.log_view.search(message.query)
            return
        query, self._wrong = None, ""
        try:
            query = Query(message.query) if message.query else None
        except QueryError as error:
            self._wrong = str(error)
        self._apply(replace(self._filter, query=query))
        self._tell_bar(self._wrong)

    def on_search_bar_closed(self, message: SearchBar.Closed) -> None:
        message.stop()
        typed, self._typing = self._typing, ""
        if typed == "filter" and self._filter.query is None:
            self._typed["filter"] = ""
        self.log_view.focus()
        self._draw()

    def _apply(self, wanted: LineFilter) -> None:
        """Filter by this from now on."""
        if wanted != self._filter:
            before, self._filter = self._filter, wanted
            view = self.log_view
            view.set_test(None if wanted.passes_all else wanted.test(view.buffer), wanted.query)
            if (wanted.since, wanted.until) != (before.since, before.until):
                self.reading.look_at(wanted.since, wanted.until)
        self._draw()

    def action_level(self) -> None:
        at = LEVEL_CHOICES.index(self._filter.level)
        self._apply(replace(self._filter, level=LEVEL_CHOICES[(at + 1) % len(LEVEL_CHOICES)]))

    def action_stream(self) -> None:
        at = [streams for _, streams in STREAM_CHOICES].index(self._filter.streams)
        self._apply(replace(self._filter, streams=STREAM_CHOICES[(at + 1) % len(STREAM_CHOICES)][1]))

    def action_range(self) -> None:
        self.run_worker(self._ask_range, group="log-ask")

    async def _ask_range(self) -> None:
        local = self.log_view.local_times

        def check(text: str) -> str | None:
            try:
                parse_range(text, self.session.now(), local=local)
            except RangeError as error:
                return str(error)
            return None

        zone = "local time" if local else "UTC"
        text = await self.prompt(f"Lines of a range of time ({zone})", RANGE_HELP, self._typed["range"], check)
        if text is None:
            return
        since, until = parse_range(text, self.session.now(), local=local)
        self._typed["range"] = text
        self._apply(replace(self._filter, since=since, until=until))

    def action_choose(self) -> None:
        self.run_worker(self._choose, group="log-ask")

    async def _choose(self) -> None:
        # those of ended tasks that are not followed any more have lines here all the same
        known = (source.label for source in self.reading.sources)
        labels = list(dict.fromkeys([*known, *filter(None, self.log_view.buffer.sources)]))
        if len(labels) < 2:
            self.note(f"there is one {self._targets.noun} only")
            return
        options = [(label, label, "hidden: shows it" if label in self._hidden else "hides it") for label in labels]
        chosen = await self.choose(
            f"Show or hide a {self._targets.noun}", [("", "all", f"shows every {self._targets.noun}"), *options]
        )
        if chosen is None:
            return
        self._hidden = self._hidden ^ {chosen} if chosen else frozenset()
        numbers = frozenset(self.log_view.buffer.source(label) for label in self._hidden)
        self._apply(replace(self._filter, hidden=numbers))

    # ---- reading further back
    def action_all(self) -> None:
        if words := self.reading.read_all():
            self.note(words)
        self._draw()

    def action_cancel(self) -> None:
        if not self.reading.cancel():
            self.note("nothing is being read but the end")
        self._draw()

    # ---- files and pagers
    def action_save(self) -> None:
        self.run_worker(partial(self._saver.save, self.reading), group="log-save", exclusive=True)

    def action_pager(self) -> None:
        self.run_worker(partial(self._saver.page, self.reading), group="log-save", exclusive=True)

    # ---- leaving
    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        name = message.id
        if name == "help":
            self.open("help")
            return
        view_actions = {"wrap": "toggle_wrap", "times": "next_times", "start": "to_start", "follow": "follow"}
        if name in (*view_actions, "fold_out", "copy"):
            getattr(self.log_view, f"action_{view_actions.get(name, name)}")()
        else:
            getattr(self, f"action_{name}")()

    def action_back(self) -> None:
        """Go one step back: what is chosen, the search, the filters, then the screen."""
        view = self.log_view
        if view.has_selection:
            view.clear_selection()
        elif self._typed["search"]:
            self._typed["search"] = ""
            view.search("")
        elif not self._filter.passes_all:
            self._typed["filter"] = self._typed["range"] = ""
            self._hidden = frozenset()
            self._apply(LineFilter())
        else:
            self.action_leave()

    def action_leave(self) -> None:
        self.dismiss(None)
