"""The commit form: an image from a container, beside what the container changed, which the new layer will hold."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize

from tui.commands.command import Context
from tui.commands.images import check_new_tag, may_move
from tui.engine.errors import ApiError, ConnectionLost, EngineError, NotFound
from tui.engine.written import written
from tui.model.commit_spec import CHANGES, CommitSpec, check_change, commit_line, env_of
from tui.model.containers import Container
from tui.model.reference import parse_reference
from tui.present.changes import ChangeTree
from tui.present.secrets import secret_names
from tui.present.units import size
from tui.screens.form_screen import FormScreen, Values
from widgets.choice_fields import ToggleField
from widgets.fields import Field, ListField, TextField
from widgets.line_view import Span
from widgets.span_line import SpanLine
from widgets.tree_view import TreeView

WIDE = 110
"""From this width the changes stand at the form's side."""
OPEN_AT_FIRST = 100
"""Up to so many changes are all shown at once, their folders open."""


class CommitScreen(FormScreen):
    """Makes an image of a container."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "read_changes", "Read again", show=False, id="commit.read_again"),
    ]
    DEFAULT_CSS = """
    CommitScreen {
        & #form { height: 3fr; }
        & #changes-pane { height: 2fr; }
        & #changes-pane > .title { background: $panel; }
        &.-wide #form-body { layout: horizontal; }
        &.-wide #form { width: 1fr; height: 1fr; }
        &.-wide #changes-pane { width: 1fr; height: 1fr; }
    }
    """
    own_keys = (*FormScreen.own_keys, ("f5", "read what it changed again"))
    submit_label = "Commit"

    def __init__(self, container: Container) -> None:
        super().__init__()
        self._container = container

    def memory_key(self) -> Hashable:
        return ("commit", self._container.id)

    def subject(self) -> str:
        return f"commit {self._container.name} to an image"

    def defaults(self) -> Values:
        return {"reference": "", "author": "", "message": "", "pause": True, "changes": [], "layers": True}

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.hythe.settings.ascii
        changes = cast("list[str]", values["changes"])
        return (
            TextField("Reference", "reference", str(values["reference"]), "NAME:TAG; empty: an image without a name",
                      check_target, ascii=ascii_only),
            TextField("Author", "author", str(values["author"]), "Name <address>", ascii=ascii_only),
            TextField("Message", "message", str(values["message"]), "what is in it", ascii=ascii_only),
            ToggleField("Pause", "pause", values["pause"] is True, "while its files are read", ascii=ascii_only),
            ListField("Changes", "changes", changes, 'CMD ["httpd", "-f"]', check_change,
                      f"Dockerfile instructions, one a line: {' '.join(CHANGES)}", ascii=ascii_only),
            ToggleField("Then", "layers", values["layers"] is True, "open the new image's layers, this one on top",
                        ascii=ascii_only),
        )  # fmt: skip

    # what the container changed

    def compose_aside(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        with Vertical(id="changes-pane"):
            yield SpanLine(id="changes-title", classes="title", ascii=ascii_only)
            yield TreeView[str](id="changes", ascii=ascii_only)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_class(self.size.width >= WIDE, "-wide")
        self.action_read_changes()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")

    @property
    def changes(self) -> TreeView[str]:
        """The tree of what the container changed."""
        return cast("TreeView[str]", self.query_one("#changes"))

    def action_read_changes(self) -> None:
        """Read what the container changed, again."""
        self.run_worker(self._read_changes, group="changes", exclusive=True)

    async def _read_changes(self) -> None:
        self._title([("  reading …", "dim")])
        try:
            changes = await self.session.engine.containers.changes(self._container.id)
        except EngineError as error:
            self.changes.set_notice(f"what it changed could not be read: {error}")
            self._title([("  not known", "warn")])
            return
        source = await asyncio.to_thread(ChangeTree, [(change.path, change.kind) for change in changes])
        self.changes.set_notice("nothing: the new layer will be empty" if not source.roots() else "")
        first = self.changes.source is None
        self.changes.set_source(source)
        if first and sum(source.counts.values()) <= OPEN_AT_FIRST:
            for leaf in source.leaves():
                self.changes.go_to(source.path_to(leaf))
            self.changes.move_to(0)
        self._title([*source.count_spans(), ("  weighing …" if source.roots() else "", "dim")])
        await self._read_sizes(source)

    async def _read_sizes(self, source: ChangeTree) -> None:
        """Tell the sizes of what was found, as they are known; it may take a while."""
        try:
            found = await written(self.session.engine, self._container.id, source.files())
        except EngineError as error:
            self._title([*source.count_spans(), (f"  sizes not known: {error}", "warn")])
            return
        source.add_sizes(found.sizes)
        self.changes.set_source(source)
        whole = "" if found.complete else f"  sizes of {len(found.sizes):,} alone"
        self._title([(f"  {size(found.total)}" if found.total is not None else "", "number"),
                     *source.count_spans(), (whole, "dim")])  # fmt: skip

    def _title(self, spans: Sequence[Span]) -> None:
        self.query_one("#changes-title", SpanLine).show([(" the new layer", "head"), *spans])

    # what it comes to

    def _spec(self, values: Values) -> CommitSpec:
        def text(name: str) -> str:
            return str(values[name]).strip()

        changes = tuple(line.strip() for line in cast("list[str]", values["changes"]))
        return CommitSpec(
            self._container.name, text("reference"), text("author"), text("message"), values["pause"] is True, changes
        )

    def line_of(self, values: Values) -> str:
        return commit_line(self._spec(values))

    def told_line(self, values: Values) -> str:
        spec = self._spec(values)
        return commit_line(spec, hide=secret_names(env_of(spec.changes)).__contains__)

    async def send(self, values: Values) -> None:
        session, container, spec = self.session, self._container, self._spec(values)
        repo, tag = split_target(spec.reference)
        if repo and not await may_move(Context(session, self, "images"), {f"{repo}:{tag}": ""}):
            return
        line = self.told_line(values)
        entry = session.history.begin(line, session.name)
        session.set_busy(container.id, "commit")
        self.set_sending("committing")
        try:
            image = await session.engine.containers.commit(
                container.id, repo=repo, tag=tag, author=spec.author, message=spec.message, pause=spec.pause,
                changes=spec.changes,
            )  # fmt: skip
        except EngineError as error:
            entry.close("failed", str(error))
            hint = FULL_DISK if "no space left" in str(error).lower() else error.hint
            if isinstance(error, ConnectionLost):
                hint = f"{hint}\n{UNTOLD}".strip()
            text = f"{error}\n{hint}" if hint else str(error)
            if isinstance(error, NotFound):
                self.refused(f"{container.name} is gone: somebody removed it meanwhile", None)
            else:
                self.refused(text, error_place(str(error)) if isinstance(error, ApiError) else None)
        except asyncio.CancelledError:
            entry.close("cancelled")
            raise
        else:
            entry.close("ok")
            self.forget()
            if await self.leave_for("image", image) and values["layers"] is True:
                self.open("layers", image=image, title=spec.reference or image.removeprefix("sha256:")[:12])
            self.note(f"$ {line}")
        finally:
            session.set_busy(container.id, None)


UNTOLD = "whether the image was made nobody told: look among the images before you send it again"
FULL_DISK = "the disk under the daemon is full: X on the dashboard shows what takes its space, and cleans up"


def check_target(text: str) -> str | None:
    """Return what is wrong with the reference for a new image, or None; an empty one leaves it without a name."""
    return check_new_tag(text.strip()) if text.strip() else None


def split_target(text: str) -> tuple[str, str]:
    """Return the repository and the tag (`latest` where none is written) of a faultless reference; empty for none."""
    if not text:
        return "", ""
    reference = parse_reference(text).tagged()
    return reference.familiar_name, reference.tag or ""


def error_place(message: str) -> str | None:
    """Return the field that a refused commit is about, or None when the daemon's words tell of none."""
    lower = message.lower()
    if "reference format" in lower or "repository name" in lower or "tag" in lower:
        return "reference"
    return None if "no such container" in lower or "no space left" in lower else "changes"
