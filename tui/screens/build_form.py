"""The form that a build starts from: its parts, checked as they are typed, beside what its context would send."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.events import Resize
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Static

from tui.commands.build import default_builder, held_by_another, read_dockerfile, start_build
from tui.engine.context_tar import BuildContext, ContextError, ContextSummary, open_context, scan_context
from tui.model.build_spec import (
    Builder,
    BuildSpec,
    Offer,
    check_argument,
    check_tag,
    check_target,
    docker_line,
    offer_of,
)
from tui.present.build import builder_words, context_lines, offered_arguments
from tui.screens.base import HytheScreen, content
from tui.screens.build import BuildScreen
from widgets.fields import ChoiceField, FieldValue, ListField, TextField, ToggleField
from widgets.form import Form
from widgets.path_field import PathField, complete
from widgets.span_line import KeyHints, SpanLine
from widgets.text_pane import TextPane

PAUSE = 0.2
"""Seconds without a key before the context is looked at."""

WIDE = 110
"""From this many columns on the context stands beside the form."""


class ContextSuggester(Suggester):
    """Completes a path that counts from the context's folder."""

    def __init__(self, form: BuildFormScreen) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._form = form

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path that is offered; None if there is none."""
        folder = str(self._form.values()["folder"])
        if not value or not folder or os.path.isabs(value):
            return None
        start = folder.rstrip("/") + "/"
        found = await asyncio.to_thread(complete, start + value)
        return found[0].removeprefix(start) if found else None


class BuildFormScreen(HytheScreen):
    """Asks what to build, and starts it. `spec` fills the form in, as for building the same again."""

    DEFAULT_CSS = """
    BuildFormScreen {
        & #build-form { padding: 0 1; height: 1fr; }
        & #context { height: auto; max-height: 7; border-top: hkey $panel; padding: 0 1; }
        & #line { height: auto; max-height: 4; padding: 0 1; color: $text-accent; background: $surface; }
        &.-wide #build-main { layout: horizontal; }
        &.-wide #build-form { width: 3fr; }
        &.-wide #context { width: 2fr; height: 1fr; max-height: 100%; border-top: none; border-left: vkey $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "submit", "Build", show=False, id="build_form.submit"),
        Binding("escape", "leave", "Back", show=False, id="build_form.leave"),
    ]
    own_keys = (
        ("tab ↓, shift+tab ↑", "next, previous field"),
        ("→", "take the path that is offered; the next builder"),
        ("space", "turn a switch"),
        ("F2", "build (enter in the last field does so too)"),
        ("esc", "back"),
    )

    def __init__(self, spec: BuildSpec | None = None) -> None:
        super().__init__()
        self._spec = spec
        self._offer = Offer()
        self._summary: tuple[BuildContext, ContextSummary] | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        ascii_only = self.hythe.settings.ascii
        yield SpanLine(id="header", ascii=ascii_only)
        with Box(id="build-main"):
            yield self._make_form(ascii_only)
            yield TextPane(id="context", ascii=ascii_only)
        yield Static(id="line", markup=False)
        yield KeyHints(id="footer", ascii=ascii_only)

    def _make_form(self, ascii: bool) -> Form:
        default = default_builder(self.session)
        spec = self._spec or BuildSpec(first_folder(), builder=default)
        return Form(
            [
                PathField(
                    "Context folder", "folder", spec.folder, "what COPY and ADD may take files from",
                    check=check_folder, folders_only=True, ascii=ascii,
                ),
                TextField(
                    "Dockerfile", "dockerfile", spec.dockerfile, "relative to the context",
                    check=self._check_dockerfile, suggester=ContextSuggester(self), ascii=ascii,
                ),
                TextField("Tag", "tag", spec.tag, "name:tag; empty: an image without a name", check_tag, ascii=ascii),
                TextField("Target stage", "target", spec.target, "the last one", self._check_target, ascii=ascii),
                ListField("Build arguments", "args", spec.args, "KEY=VALUE, one a line", check_argument, ascii=ascii),
                ToggleField("No cache", "no_cache", spec.no_cache, "run every step again", ascii=ascii),
                ToggleField("Pull", "pull", spec.pull, "look for newer base images", ascii=ascii),
                ChoiceField(
                    "Builder", "builder", [("2", "BuildKit"), ("1", "classic")], spec.builder,
                    builder_words(spec.builder, default, podman=self.session.ping.is_podman), ascii=ascii,
                ),
            ],
            submit_label="Build",
            id="build-form",
        )  # fmt: skip

    def on_mount(self) -> None:
        self.query_one("#header", SpanLine).show([(" hythe ", "head"), ("build an image", "accent")])
        hints = (("submit", "F2", "build"), ("", "tab", "next field"), ("", "→", "take what is offered"))
        self.query_one("#footer", KeyHints).hint(
            [(id, key, word, True) for id, key, word in (*hints, ("leave", "esc", "back"))]
        )
        self.form.focus_first()
        self._show_line()
        self._look_again()

    @property
    def form(self) -> Form:
        """The form."""
        return self.query_one("#build-form", Form)

    def values(self) -> Mapping[str, FieldValue]:
        """What the form holds, by the names of its fields."""
        return self.form.values()

    def spec(self) -> BuildSpec:
        """Return what is asked for now, whether it could be built or not."""
        values = self.values()
        return BuildSpec(
            absolute(str(values["folder"])),
            str(values["dockerfile"]).strip(),
            str(values["tag"]).strip(),
            str(values["target"]).strip(),
            tuple(cast("list[str]", values["args"])),
            bool(values["no_cache"]),
            bool(values["pull"]),
            cast("Builder", values["builder"]),
        )

    # checks

    def _check_dockerfile(self, text: str) -> str | None:
        if not text.strip():
            return "a Dockerfile is missing"
        folder = str(self.values()["folder"])
        if check_folder(folder) is not None:
            return None  # told at the folder
        path = Path(absolute(folder), text.strip()).expanduser()
        try:
            if not path.is_file():
                return f"{path} {'is not a file' if path.exists() else 'does not exist'}"
            return None if os.access(path, os.R_OK) else f"{path}: permission denied"
        except (OSError, ValueError):
            return "not a path"

    def _check_target(self, text: str) -> str | None:
        return check_target(text.strip(), self._offer)

    # what goes with what is typed

    def on_form_changed(self, _message: Form.Changed) -> None:
        builder = self.spec().builder
        words = builder_words(builder, default_builder(self.session), podman=self.session.ping.is_podman)
        self.form.field("builder").set_hint(words)
        self._show_line()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._look_again)

    def _show_line(self) -> None:
        line = docker_line(self.spec(), default_builder(self.session))
        self.query_one("#line", Static).update(content(f"$ {line}"))

    def _look_again(self) -> None:
        spec = self.spec()
        known = self._summary[0] if self._summary else None
        if known is None or (str(known.folder), str(known.source)) != (spec.folder, f"{spec.folder}/{spec.dockerfile}"):
            self.run_worker(self._look(spec.folder, spec.dockerfile), group="look", exclusive=True)

    async def _look(self, folder: str, dockerfile: str) -> None:
        """Read the Dockerfile for what it offers, then count what would be sent."""
        pane = self.query_one("#context", TextPane)
        self._summary = None
        if not str(self.values()["folder"]):
            pane.set_lines([("no context folder yet", "dim")])
            return
        try:
            context = await asyncio.to_thread(open_context, folder, dockerfile)
            text = await asyncio.to_thread(read_dockerfile, context)
        except (ContextError, OSError) as error:
            self._offer = Offer()
            pane.set_lines([(str(error), "bad")])
            if isinstance(error, ContextError):
                self.form.field("folder" if error.field == "context" else "dockerfile").set_error(str(error))
            return
        self._show_offer(offer_of(text))
        pane.set_lines([(f"looking through {context.folder} …", "dim")])
        summary = await asyncio.to_thread(scan_context, context)
        self._summary = (context, summary)
        pane.set_lines(context_lines(summary, context.ignore_file))

    def _show_offer(self, offer: Offer) -> None:
        self._offer = offer
        target, arguments = self.form.field("target"), self.form.field("args")
        target.set_hint(f"stages: {', '.join(offer.stages)}" if len(offer.stages) > 1 else "")
        arguments.set_hint(offered_arguments(offer.arguments))
        if target.error is not None:
            target.validate()

    # sending and leaving

    def on_form_submitted(self, _message: Form.Submitted) -> None:
        self.run_worker(self._send(), group="send", exclusive=True)

    async def _send(self) -> None:
        spec = self.spec()
        try:
            context = await asyncio.to_thread(open_context, spec.folder, spec.dockerfile)
            text = await asyncio.to_thread(read_dockerfile, context)
        except ContextError as error:
            self.form.show_error("folder" if error.field == "context" else "dockerfile", str(error))
            return
        except OSError as error:
            self.form.show_error("dockerfile", str(error))
            return
        if self._summary is not None and self._summary[1].unreadable:
            self.form.show_error("folder", f"cannot be read: {self._summary[1].unreadable[0]}")
            return
        if not await self._may_move_tag(spec.tag):
            return
        job = start_build(self.session, spec, context, text)
        self.hythe.pop_screen()
        if isinstance(self.hythe.screen, BuildScreen):
            self.hythe.pop_screen()
        self.hythe.open_screen("build_job", job=job)

    async def _may_move_tag(self, tag: str) -> bool:
        holder = held_by_another(self.session, tag)
        if holder is None:
            return True
        lines = [f"{holder.tag} is now {holder.words}", "it would lose this name when the build is done"]
        typed = holder.tag if self.session.guarded else None
        return await self.confirm(
            f"Move {holder.tag}?", lines, label="Build and move the tag", danger=True, typed=typed
        )

    def on_form_cancelled(self, _message: Form.Cancelled) -> None:
        self.action_leave()

    def action_submit(self) -> None:
        """Build."""
        self.form.action_submit()

    def action_leave(self) -> None:
        """Go back; what was typed is asked about."""
        if self.form.is_dirty:
            self.run_worker(self._leave(), group="leave", exclusive=True)
        else:
            self.hythe.pop_screen()

    async def _leave(self) -> None:
        if await self.confirm("Leave the form?", ["what was typed is lost"], label="Leave"):
            self.hythe.pop_screen()

    async def on_key_hints_pressed(self, message: KeyHints.Pressed) -> None:
        if message.id:
            await self.run_action(message.id)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")


def first_folder() -> str:
    """Return the current folder if it holds a Dockerfile, else nothing."""
    try:
        here = Path.cwd()
        return str(here) if (here / "Dockerfile").is_file() else ""
    except OSError:
        return ""


def absolute(text: str) -> str:
    """Return the absolute path of a folder as it was typed, `~` expanded; empty where none was."""
    try:
        return os.path.abspath(Path(text).expanduser()) if text.strip() else ""
    except (OSError, RuntimeError, ValueError):
        return text


def check_folder(text: str) -> str | None:
    """Return what is wrong with a context's folder, or None."""
    if not text.strip():
        return "a context folder is missing"
    path = Path(absolute(text))
    try:
        if not path.is_dir():
            return "not a folder" if path.exists() else "no such folder"
        return None if os.access(path, os.R_OK | os.X_OK) else "permission denied"
    except (OSError, ValueError):
        return "not a path, or permission denied on the way to it"
