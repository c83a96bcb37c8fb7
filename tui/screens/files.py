"""The files of a container: a tree with what differs from its image, looked at, searched, copied out and in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.commands.command import Command, Context
from tui.commands.files import check_folder_of, copy_into
from tui.commands.registry import BY_ID
from tui.engine.errors import EngineError
from tui.engine.files import FileStat
from tui.model.container_tree import FilePath
from tui.model.containers import Container
from tui.model.file_tree import Kind
from tui.model.surroundings import clean
from tui.present.units import plural
from tui.screens.base import EVERYWHERE, HytheScreen
from tui.screens.files_actions import copy_out
from tui.screens.files_file import ContainerFileScreen
from tui.screens.files_reading import FilesReading
from tui.screens.files_tree import FilesPane
from widgets.line_view import Span
from widgets.search_bar import SearchBar
from widgets.span_line import KeyHints, SpanLine
from widgets.tree_view import TreeView

LOOK_SECONDS = 1.0
"""How often it is looked whether container and daemon are still there; that asks no daemon anything."""

HINTS = (
    ("cancel", "x", "stop reading"),
    ("again", "r", "again"),
    ("open", "enter", "open"),
    ("copy_out", "e", "copy out"),
    ("copy_in", "p", "put in"),
    ("search", "/", "search"),
    ("changes", "c", "changes"),
    ("leave", "q", "back"),
    ("go", "f", "go to"),
    ("sort", "o", "sort"),
)

COPY_IN = "container.copy_in"


class FilesScreen(HytheScreen):
    """One container's files, from `path` on. What was read stays when the container goes away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "copy_out", "Copy out", show=False, id="files.copy_out"),
        Binding("p", "copy_in", "Copy in", show=False, id="files.copy_in"),
        Binding("c", "changes", "Only what changed", show=False, id="files.changes"),
        Binding("f", "go", "Go to a path", show=False, id="files.go"),
        Binding("o", "sort", "By size, or by name", show=False, id="files.sort"),
        Binding("slash", "search", "Search", show=False, id="files.search"),
        Binding("y", "copy", "Copy the path", show=False, id="files.copy"),
        Binding("x", "cancel", "Stop the reading", show=False, id="files.cancel"),
        Binding("r", "again", "Read again", show=False, id="files.again"),
        Binding("escape", "back", "Back", show=False, id="files.back"),
        Binding("q", "leave", "Leave", show=False, id="files.leave"),
    ]
    own_keys = (
        ("enter", "open a folder, file or link; read a mount"),
        ("space * -", "open or close a folder; open all below; close all"),
        ("e", "copy the file or folder out, to this machine"),
        ("p", "put a file or folder of this machine in here"),
        ("c", "only what differs from the image, or all"),
        ("f", "go to a path; what is not read yet is read"),
        ("/ n N", "search a name; next and previous hit"),
        ("o", "sort folders by size, or by name"),
        ("y", "copy the path under the cursor"),
        ("x r", "stop the reading, what came stays; read again"),
        ("esc q", "end the search; leave"),
    )

    root: ClassVar[str] = ""
    """The folder of the container from which paths count; empty for all of it."""
    hints: ClassVar[Sequence[tuple[str, str, str]]] = HINTS

    def __init__(self, container: Container, path: str = "/") -> None:
        super().__init__()
        self._container = container
        self._start = clean(path)
        self._reading = FilesReading(self, container, self._changed, root=self.root, of=self.of)

    @property
    def of(self) -> str:
        """What the files are of, in words."""
        return self._container.name

    def compose(self) -> ComposeResult:
        yield SpanLine(id="header", ascii=self.ascii)
        yield FilesPane(self._reading, self.of, ascii=self.ascii, id="files-pane")
        yield KeyHints(id="footer", ascii=self.ascii)

    def on_mount(self) -> None:
        left: list[Span] = [(" hythe ", "head"), ("files of ", ""), (f"{self.of} ", "accent")]
        self.query_one("#header", SpanLine).show(left, [(f"{self._container.image} ", "dim")])
        self.pane.files.focus()
        self.set_interval(LOOK_SECONDS, self._look)
        self.run_worker(self.begin, group="files", exclusive=True)

    @property
    def pane(self) -> FilesPane:
        """The tree."""
        return self.query_one("#files-pane", FilesPane)

    @property
    def reading(self) -> FilesReading:
        """What was read, and how it goes on."""
        return self._reading

    def commands_here(self) -> Sequence[Command]:
        return [BY_ID[id] for id in (*EVERYWHERE, COPY_IN)]

    def command_context(self) -> Context:
        return Context(self.session, self, "containers", (self._container,))

    # reading

    async def begin(self) -> None:
        """Read what there is at the start, or again."""
        await self._reading.learn_mounts()
        self.run_worker(self._learn_changes, group="changes", exclusive=True)
        await self.visit(self._start)

    async def _learn_changes(self) -> None:
        await self._reading.learn_changes()
        self.pane.unfold_changes()

    async def visit(self, path: str, *, again: bool = True) -> None:
        """Read what is needed of a path and put the cursor on it; with `again`, what was read too."""
        if path != "/":
            try:
                path, about = await self.look_at(path)
            except EngineError as error:
                self._say_problem(f"{path}: {error}")
                return
            if not about.is_folder:
                if not self.pane.go_to(path):
                    self._show_file(path)
                return
        if again or not self._knows(path):
            await self._reading.read(path)
            self.pane.unfold_changes()
        if path != "/":
            self.pane.go_to(path)

    async def look_at(self, path: str) -> tuple[str, FileStat]:
        """Return where a path leads, and what is there. Raises EngineError."""
        files = self.session.engine.files
        about = await files.stat(self._container.id, path)
        if about.is_link and about.link_target:
            path = clean(about.link_target)
            about = await files.stat(self._container.id, path)
        return path, about

    def _say_problem(self, problem: str) -> None:
        """Say why nothing was read: for a moment, or, where there is nothing else to show, in its place."""
        if self._reading.tree.parts:
            self.note(problem, "warning")
        else:
            self._reading.fail(problem)

    def _knows(self, path: str) -> bool:
        tree = self._reading.tree
        return tree.find(path) is not None and tree.unread_mount(path) is None

    def _look(self) -> None:
        """Say so when the container is gone, or the daemon does not answer."""
        state, pane = self.session.state, self.pane
        gone = state.condition.is_live and self.is_gone()
        waits = state.condition.phase in ("stale", "reconnecting")
        silence = (state.condition.error or "no answer") if waits else ""
        if (gone, silence) != (pane.gone, pane.silence):
            pane.gone, pane.silence = gone, silence
            self._changed()

    def is_gone(self) -> bool:
        """Return whether what the files are of is there no more."""
        return self._container.id not in self.session.state.containers

    def _changed(self) -> None:
        if self.is_mounted and self.is_running:
            self.pane.draw()
            self._draw_footer()

    def _draw_footer(self) -> None:
        running = self._reading.running
        usable = {
            "cancel": running,
            "again": not running,
            "copy_in": BY_ID[COPY_IN].why_not(self.command_context()) is None,
        }
        shown = [(id, key, word, True) for id, key, word in self.hints if usable.get(id, True)]
        self.query_one("#footer", KeyHints).hint(shown)

    def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        self.run_worker(partial(self.run_action, message.id), group="hints")

    # what is under the cursor

    def action_open(self) -> None:
        """Open what is under the cursor."""
        self.pane.files.action_open()

    def on_tree_view_opened(self, message: TreeView.Opened) -> None:
        self.run_worker(partial(self._open_path, message.node), group="open", exclusive=True)

    async def _open_path(self, path: FilePath) -> None:
        """Look at a file, follow a link, read a mount; say why where nothing can be shown."""
        tree, kind = self._reading.tree, path.kind
        if path.deleted:
            self.note(f"{path}: the container deleted it; its image still has it", "warning")
        elif tree.unread_mount(path) is not None and kind is Kind.FOLDER:
            self._start_visit(path)
        elif kind is Kind.FOLDER:
            self.note(tree.unseen(path) or f"{path} is empty")
        elif kind is Kind.SYMLINK:
            await self._follow(path)
        elif kind in (Kind.FILE, Kind.HARDLINK):
            self._show_file(str(path))
        else:
            self.note(f"{path} is a {kind.name.lower().replace('_', ' ')}: there is nothing to look at", "warning")

    async def _follow(self, link: FilePath) -> None:
        try:
            target, about = await self.look_at(str(link))
        except EngineError as error:
            self.note(f"{link} leads to {link.tree.link(link.node)}: {error}", "warning")
            return
        if about.is_folder:
            self._start_visit(target)
        else:
            self._show_file(target, str(link))

    def _show_file(self, path: str, opened: str = "") -> None:
        self.push(ContainerFileScreen(self._container, path, opened, root=self.root, name=self.of))

    def _start_visit(self, path: str) -> None:
        if self._knows(path) and self.pane.go_to(path):
            return
        if self._reading.running:
            self.note("another folder is being read: x stops that", "warning")
        else:
            self.run_worker(partial(self.visit, path, again=False), group="files", exclusive=True)

    def action_go(self) -> None:
        """Type a path to go to."""
        self.run_worker(self._ask_path, group="go", exclusive=True)

    async def _ask_path(self) -> None:
        near = self.pane.files.cursor_node
        given = await self.prompt(f"Files of {self.of}", "Go to", near or "/", check_folder_of)
        if given is not None:
            self._start_visit(clean(given))

    def action_changes(self) -> None:
        """Show only what differs from the image, or all again."""
        self.pane.only_changes ^= True
        self._changed()

    def action_sort(self) -> None:
        """Turn between the order by size and by name."""
        self.pane.by_size ^= True
        self._changed()

    def action_copy(self) -> None:
        """Copy the path under the cursor."""
        if (path := self.pane.files.cursor_node) is not None:
            self.copy(str(path))

    # out and in

    def action_copy_out(self) -> None:
        """Copy the file or folder under the cursor to this machine."""
        self.run_worker(self._copy_out, group="copy", exclusive=True)

    async def _copy_out(self) -> None:
        path = self.pane.files.cursor_node
        if path is None or path.deleted:
            self.note("copy out: no file under the cursor", "warning")
            return
        tree = self._reading.tree
        total = tree.size(path) if tree.unread_mount(path) is None else 0
        await self.copy_path_out(str(path), total)

    async def copy_path_out(self, path: str, total: int) -> None:
        """Ask for a folder, and copy a path of about `total` bytes there."""
        await copy_out(self, self._container, path, total)

    def action_copy_in(self) -> None:
        """Put a file or folder of this machine into the folder under the cursor."""
        context, command = self.command_context(), BY_ID[COPY_IN]
        if (reason := command.why_not(context)) is not None:
            self.note(f"{command.title}: {reason}", "warning")
        else:
            here = replace(command, run=self._copy_in)
            self.run_worker(partial(self.run_command, here, context), group="commands", name=COPY_IN)

    async def _copy_in(self, context: Context) -> None:
        path = self.pane.files.cursor_node
        folder = "/" if path is None else str(path) if path.kind is Kind.FOLDER else path.rpartition("/")[0] or "/"
        await copy_into(context, folder, self._was_copied)

    def _was_copied(self, folder: str) -> None:
        """Read again what a copy changed."""
        part = self._reading.tree.covering(folder)
        if self.is_running and part is not None and not self._reading.running:
            self.run_worker(self._learn_changes, group="changes", exclusive=True)
            self.run_worker(partial(self._read_again, part.path, folder), group="files", exclusive=True)

    async def _read_again(self, path: str, cursor: str) -> None:
        await self._reading.read(path)
        self.pane.go_to(cursor)

    # search

    def action_search(self) -> None:
        """Type a name to search in the tree."""
        self.pane.search_bar.open()

    def on_search_bar_changed(self, message: SearchBar.Changed) -> None:
        self.pane.search(message.query)

    def on_search_bar_closed(self, _message: SearchBar.Closed) -> None:
        self.pane.files.focus()

    def on_tree_view_search_changed(self, message: TreeView.SearchChanged) -> None:
        self.pane.show_hits(message)

    def on_tree_view_expand_cut(self, message: TreeView.ExpandCut) -> None:
        self.note(f"opened the first {plural(message.limit, 'row')}: there are more", "warning")

    # leaving

    def action_cancel(self) -> None:
        """Stop the reading; what came stays."""
        if self._reading.running:
            self.run_worker(self._reading.cancel, group="cancel")

    def action_again(self) -> None:
        """Read again the part that the cursor is in."""
        if not self._reading.running:
            path = self.pane.files.cursor_node
            part = self._reading.tree.covering(path) if path is not None else None
            self._start = part.path if part is not None else self._start
            self.run_worker(self.begin, group="files", exclusive=True)

    def action_back(self) -> None:
        """End the search, else leave."""
        if self.pane.query_text:
            self.pane.search("")
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leave; a reading under way is stopped by it."""
        self.hythe.pop_screen()
