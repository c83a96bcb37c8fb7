"""The dashboard: live tables of containers and images, and the detail pane of the row under the cursor."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.containers import Vertical
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.commands.command import Command, Context, Scope
from tui.commands.registry import BY_ID, COMMANDS, footer, in_scope
from tui.commands.session import Session
from tui.model.containers import Container
from tui.model.images import Image
from tui.present import containers as container_rows
from tui.present import images as image_rows
from tui.present.header import count_spans, host_spans, light_spans
from tui.present.units import plural
from tui.screens.base import ALL_BINDINGS, HytheScreen
from tui.screens.detail import DetailPane
from tui.settings import Settings
from tui.store.state import Resource, counts
from widgets.line_view import Span
from widgets.live_table import LiveTable
from widgets.span_line import KeyHints, SpanLine

TICK_SECONDS = 1.0


class StateChanged(Message):
    """There is a newer state; an older message of the kind that still waits is dropped."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StateChanged)


class UsageChanged(Message):
    """The usage of these containers is new."""

    def __init__(self, keys: set[str]) -> None:
        super().__init__()
        self.keys = keys


class DashboardScreen(HytheScreen):
    """The screen that hythe opens with once it is connected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *ALL_BINDINGS,
        Binding("tab", "pane(1)", "Next pane", show=False, id="dashboard.next_pane"),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, id="dashboard.previous_pane"),
        Binding("escape", "back(False)", "Back", show=False, id="dashboard.back"),
        Binding("q", "back(True)", "Back, quit", show=False, id="dashboard.quit"),
    ]
    own_keys = (
        ("j k ↓ ↑ g G", "move; first, last"),
        ("ctrl+d ctrl+u pgdn pgup", "half a page, a page"),
        ("enter", "open the details"),
        ("space *", "mark; mark all shown"),
        ("tab shift+tab", "next, previous pane"),
        ("esc q", "back or clear; q quits"),
        ("n N", "next, previous hit (in logs and trees)"),
        ("w t", "wrap; timestamps (in logs)"),
    )

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self._session = session
        self._settings = settings
        ascii_only = settings.ascii
        self._container_rows = container_rows.ContainerRows(session.now, session.usage.usage, ascii_only)
        self._image_rows = image_rows.ImageRows(session.now, ascii=ascii_only)
        self._current: Resource = "containers"
        self._only_running = False
        self._shown: tuple[Mapping[str, Container], bool] | None = None
        self._detail_open = False
        self._searching_detail = False
        self._small = False
        self._engine_name = ""
        self._awaited: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        ascii_only = self._settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        with Box(id="main"):
            with Vertical(id="tables"):
                with Vertical(id="containers-pane", classes="pane"):
                    yield SpanLine(id="containers-title", classes="title", ascii=ascii_only)
                    yield LiveTable[Container](
                        self._container_rows.columns(),
                        search_text=container_rows.search_text,
                        sort="name",
                        empty="no containers yet: n on an image runs one, b builds an image",
                        ascii=ascii_only,
                        row_busy=self._is_busy,
                        id="containers",
                    )
                with Vertical(id="images-pane", classes="pane"):
                    yield SpanLine(id="images-title", classes="title", ascii=ascii_only)
                    yield LiveTable[Image](
                        self._image_rows.columns(),
                        search_text=image_rows.search_text,
                        sort="tag",
                        empty="no images yet: b builds one from a Dockerfile",
                        ascii=ascii_only,
                        row_busy=self._is_busy,
                        id="images",
                    )
            yield DetailPane(self._session, log_tail=self._settings.log_tail, ascii=ascii_only, id="detail")
        yield Input(id="filter", placeholder="words that must match; !word must not; enter keeps, esc clears")
        yield KeyHints(id="footer", ascii=ascii_only)

    def on_mount(self) -> None:
        self.query_one("#filter", Input).cursor_blink = False
        session = self._session
        session.on_state = lambda _state: self.post_message(StateChanged())
        session.on_usage = lambda changed: self.post_message(UsageChanged(changed))
        session.on_busy = self._touch
        session.on_jobs = self._draw_header
        self.query_one("#filter", Input).display = False
        self._arrange(self.size.width, self.size.height)
        self.set_focus(self.table)
        self.show_state()
        self.set_interval(TICK_SECONDS, self.tick)
        self.run_worker(self._read_version(), group="version")

    async def _read_version(self) -> None:
        version = await self._session.engine.version()
        self._engine_name = f"Engine {version.version}"
        self._draw_header()

    # the tables

    @property
    def containers(self) -> LiveTable[Container]:
        """The table of containers."""
        return cast("LiveTable[Container]", self.query_one("#containers"))

    @property
    def images(self) -> LiveTable[Image]:
        """The table of images."""
        return cast("LiveTable[Image]", self.query_one("#images"))

    @property
    def table(self) -> LiveTable[Any]:
        """The table that commands act on: the one that had the focus last."""
        return cast("LiveTable[Any]", self.query_one(f"#{self._current}"))

    @property
    def detail(self) -> DetailPane:
        """The detail pane."""
        return self.query_one("#detail", DetailPane)

    def on_state_changed(self, _message: StateChanged) -> None:
        self.show_state()

    def on_usage_changed(self, message: UsageChanged) -> None:
        self._touch(message.keys)
        if self.containers.sort[0] in ("cpu", "memory", "limit", "net", "disk"):
            self.containers.resort()

    def show_state(self) -> None:
        """Hand the latest state to the tables."""
        state = self._session.state
        wanted = (state.containers, self._only_running)
        if self._shown is None or self._shown[0] is not wanted[0] or self._shown[1] != wanted[1]:
            shown = state.containers
            if self._only_running:
                shown = {key: row for key, row in shown.items() if row.is_running}
            self._image_rows.used_by = image_rows.used_by(state.containers.values())
            self.containers.show(shown)
            self.images.touch()
            self._shown = wanted
        self.images.show(state.images)
        self.containers.set_problem(self._problem("containers"))
        self.images.set_problem(self._problem("images"))
        self._watch_usage()
        self._draw_titles()
        self._draw_header()
        self._follow_cursor()
        if (awaited := self._awaited) and (awaited[1] in state.containers or awaited[1] in state.images):
            self.go_to(*awaited)

    def _problem(self, resource: Resource) -> str | None:
        """Return why the table may not be the daemon's state, or None."""
        state = self._session.state
        condition = state.condition
        if resource in state.problems:
            return state.problems[resource]
        if condition.phase in ("stale", "reconnecting"):
            hint = f" ({condition.hint})" if condition.hint else ""
            return f"{condition.phase}: {condition.error or 'the daemon does not answer'}{hint}"
        return None

    def _is_busy(self, key: str) -> bool:
        return key in self._session.busy

    def _touch(self, keys: set[str]) -> None:
        self.containers.touch(keys)
        self.images.touch(keys)

    def tick(self) -> None:
        """Let ages move on: what did not change on the screen is not painted."""
        if self.is_current:
            self.containers.touch()
            self.images.touch()
            self._draw_header()

    def _watch_usage(self) -> None:
        known = self._session.state.containers
        visible = self.containers.visible_keys if self.is_current and self.containers.display else ()
        self._session.usage.watch(key for key in visible if key in known and known[key].state == "running")
        self._session.feed.inspect_missing(visible)

    def on_live_table_view_changed(self, message: LiveTable.ViewChanged) -> None:
        if message.table is self.containers:
            self._watch_usage()

    def on_live_table_highlighted(self, message: LiveTable.Highlighted) -> None:
        if message.table is self.table:
            self._follow_cursor()

    def on_live_table_marks_changed(self, _message: LiveTable.MarksChanged) -> None:
        self._draw_titles()
        self._draw_footer()

    def on_live_table_opened(self, _message: LiveTable.Opened) -> None:
        self._open_detail()

    def on_screen_suspend(self) -> None:
        # behind a dialog it is still seen, and goes on; behind another screen it reads nothing
        self._watch_usage()
        self._follow_cursor()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.show_state()

    # the frame

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        """Choose the layout: one table, all above each other, or the detail pane at the side."""
        wide = width >= 170 and height >= 24
        tall = not wide and width >= 120 and height >= 36
        self.set_class(wide, "-wide")
        self.set_class(tall, "-tall")
        # displayed or not at once, not when styles are next looked at: the focus must be able to follow in this step
        small = self._small = not wide and not tall
        self.query_one("#tables").display = not (small and self._detail_open)
        self.query_one("#detail").display = not small or self._detail_open
        self.query_one("#containers-pane").display = not small or self._current == "containers"
        self.query_one("#images-pane").display = not small or self._current == "images"
        self.call_after_refresh(self._follow_cursor)
        self.call_after_refresh(self._watch_usage)

    def _draw_header(self) -> None:
        session, state = self._session, self._session.state
        condition = state.condition
        now = time.monotonic()
        api = ".".join(map(str, session.engine.transport.api_version or ()))
        left = host_spans(
            session.name,
            session.tone,
            self._engine_name,
            api,
            guarded=session.guarded,
            read_only=session.engine.read_only,
        )
        running = len(session.jobs.running)
        if running:
            left.append((f"  {plural(running, 'job')}", "busy"))
        heard = None if condition.heard is None else now - condition.heard
        right = light_spans(
            condition.phase,
            now - condition.since,
            heard,
            condition.error,
            streams=len(session.usage.usage),
            ascii_only=self._settings.ascii,
        )
        self.query_one("#header", SpanLine).show(left, right)

    def _draw_titles(self) -> None:
        for name, table in (("containers", self.containers), ("images", self.images)):
            number = "1" if name == "containers" else "2"
            left: list[Span] = [(f" {number} ", "dim"), (name, "head")]
            shown, total = table.shown_count, table.total_count
            left.append((f" {shown}" if shown == total else f" {shown} of {total}", ""))
            if name == "containers":
                left += count_spans(counts(self._session.state))
            if name == "containers" and self._only_running:
                left.append(("  only running", "warn"))
            if table.filter_text:
                left.append((f"  filter: {table.filter_text}", "warn"))
            if table.marks:
                left.append((f"  {len(table.marks)} marked", "accent"))
                if hidden := len(table.marks.difference(table.order)):
                    left.append((f", {hidden} of them hidden", "warn"))
            if table.frozen:
                left.append((f"  frozen, {plural(table.pending_changes, 'change')} held", "warn"))
            if name not in self._session.state.listed:
                left.append(("  reading …", "dim"))
            self.query_one(f"#{name}-title", SpanLine).show(left)
        self._draw_footer()

    def _draw_footer(self) -> None:
        context = self.command_context()
        self.query_one("#footer", KeyHints).hint(
            [
                (command.id, self.keys_of(command).split(" ")[0], command.short, command.why_not(context) is None)
                for command in footer(self._current)
            ]
        )

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(self.action_command(message.id), group="hints")

    # panes

    def on_descendant_focus(self) -> None:
        focused = self.focused
        if focused is not None and focused.id in ("containers", "images") and focused.id != self._current:
            self._current = "containers" if focused.id == "containers" else "images"
            self._arrange(self.size.width, self.size.height)
            self._draw_titles()

    def action_pane(self, step: int) -> None:
        """Go to the next pane that there is room for."""
        if self._small:
            self._go("images" if self._current == "containers" else "containers")
            return
        panes: list[Widget] = [self.containers, self.images, self.detail.body]
        at = next((i for i, pane in enumerate(panes) if pane.has_focus), 0)
        self.set_focus(panes[(at + step) % len(panes)])

    def _go(self, resource: Resource) -> None:
        self._current = resource
        self._detail_open = False
        self._arrange(self.size.width, self.size.height)
        self.set_focus(self.table)
        self._draw_titles()

    def named_objects(self) -> Iterator[tuple[str, str, str]]:
        """Yield (ID, name, kind) of every container and image."""
        state = self._session.state
        for container in state.containers.values():
            yield container.id, container.name, "container"
        for image in state.images.values():
            yield image.id, image.reference, "image"

    def go_to(self, kind: str, key: str) -> None:
        """Put the cursor on a container or image, clearing a filter that hides it; on one not known yet as it comes."""
        known = self._session.state.containers if kind == "container" else self._session.state.images
        self._awaited = None if key in known else (kind, key)
        self._go("containers" if kind == "container" else "images")
        if not self.table.move_to(key):
            self._only_running = False
            self.show_state()
            self._filter("")
            self.table.move_to(key)

    def _open_detail(self, tab: str | None = None) -> None:
        if tab is not None:
            self.detail.show_tab(tab)
        self._detail_open = True
        self._arrange(self.size.width, self.size.height)
        self.set_focus(self.detail.body)

    def _follow_cursor(self) -> None:
        seen = self.is_current and (not self._small or self._detail_open)
        self.detail.watch_row(self._current, self.table.cursor_row, reading=seen)

    def action_back(self, may_quit: bool) -> None:
        """Go one step back: from the details, then the marks, then the filter; at the bottom `q` quits."""
        table = self.table
        if self.query_one("#filter", Input).display:
            self._search("")
            self._close_filter()
        elif self._detail_open or not table.has_focus:
            self._detail_open = False
            self._arrange(self.size.width, self.size.height)
            self.set_focus(table)
        elif table.marks and not may_quit:
            table.clear_marks()
        elif table.filter_text and not may_quit:
            self._filter("")
        elif may_quit:
            self.run_worker(self._quit(), group="commands")

    async def _quit(self) -> None:
        running = self._session.jobs.running
        if running and not await self.confirm(
            f"Quit and cancel {plural(len(running), 'job')}?", [job.title for job in running], label="Quit", danger=True
        ):
            return
        self.hythe.exit(0)

    # filter

    def _filter(self, text: str) -> None:
        self.table.filter(text)
        self._draw_titles()

    def _open_filter(self) -> None:
        field = self.query_one("#filter", Input)
        self._searching_detail = self._detail_open or self.focused is self.detail.body
        field.value = "" if self._searching_detail else self.table.filter_text
        field.display = True
        self.set_focus(field)

    def on_input_changed(self, message: Input.Changed) -> None:
        if self.query_one("#filter", Input).display:
            self._search(message.value)

    def _search(self, text: str) -> None:
        if self._searching_detail:
            self.detail.body.search(text)
        else:
            self._filter(text)

    def on_input_submitted(self, _message: Input.Submitted) -> None:
        self._close_filter()

    def _close_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = False
        self.set_focus(self.detail.body if self._searching_detail else self.table)

    # commands

    def commands_here(self) -> Sequence[Command]:
        return in_scope(self._current)

    def help_commands(self) -> Sequence[Command]:
        return COMMANDS

    def command_context(self) -> Context:
        table, scope = self.table, self._current
        known: Mapping[str, Any] = getattr(self._session.state, scope)
        # what a filter hides is not acted on: the marks on it wait until it is seen again
        shown = set(table.order)
        keys = [key for key in table.targets if key in shown] or ([table.cursor_key] if table.cursor_key else [])
        rows = tuple(known[key] for key in keys if key in known)
        if scope == "images":
            return Context(self._session, self, scope, images=rows)
        return Context(self._session, self, scope, containers=rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a key mean what it means for the table in front."""
        if action != "command":
            return True
        scope: Scope = BY_ID[str(parameters[0])].scope
        return scope in ("app", self._current)

    def view(self, request: str) -> None:
        table = self.table
        if request == "filter":
            self._open_filter()
        elif request == "sort":
            self.run_worker(self._choose_sort(), group="commands")
        elif request == "freeze":
            (table.thaw if table.frozen else table.freeze)()
            self._draw_titles()
        elif request == "running":
            self._only_running = not self._only_running
            self.show_state()
        elif request in ("containers", "images"):
            self._go("containers" if request == "containers" else "images")
        elif request in ("logs", "inspect"):
            self._open_detail(request)
        elif request in ("next_detail", "previous_detail"):
            self.detail.turn(1 if request == "next_detail" else -1)
        else:
            super().view(request)

    async def _choose_sort(self) -> None:
        table = self.table
        rows = self._container_rows if self._current == "containers" else self._image_rows
        key, descending = table.sort
        options = [
            (column.key, column.title.lower(), "sorted by this: turns it round" if column.key == key else "")
            for column in rows.columns()
        ]
        chosen = await self.choose("Sort by", options)
        if chosen is not None:
            table.sort_by(chosen, not descending if chosen == key else chosen in ("cpu", "memory", "size", "used"))
