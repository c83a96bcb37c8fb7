"""The form that a build starts from: its parts, checked as they are typed, beside what its context would send."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import cast

from textual.app import ComposeResult
from textual.events import Resize
from textual.suggester import Suggester
from textual.timer import Timer

from tui.commands.build import default_builder, held_by_another, start_build
from tui.engine.build_context import BuildContext, ContextError, ContextSummary, open_context, scan_context
from tui.jobs.build import BuildJob
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
from tui.screens.build import BuildScreen
from tui.screens.form_screen import FormScreen, Values
from widgets.fields import ChoiceField, Field, ListField, TextField, ToggleField
from widgets.path_field import PathField, complete
from widgets.text_pane import TextPane

BUILDERS = (("2", "BuildKit"), ("1", "classic"))

PAUSE = 0.2
"""Seconds without a key before the context is looked at."""

WIDE = 110
"""From this many columns on the context stands beside the form."""


class ContextSuggester(Suggester):
    """Completes a path that counts from the context's folder, which `folder` tells."""

    def __init__(self, folder: Callable[[], str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._folder = folder

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path that is offered; None if there is none."""
        folder = self._folder()
        if not value or not folder or os.path.isabs(value):
            return None
        start = folder.rstrip("/") + "/"
        found = await asyncio.to_thread(complete, start + value)
        return found[0].removeprefix(start) if found else None


class BuildFormScreen(FormScreen):
    """Asks what to build, and starts it. `spec` fills the form in, as for building the same again."""

    DEFAULT_CSS = """
    BuildFormScreen {
        & #context { height: auto; max-height: 7; border-top: hkey $panel; padding: 0 1; }
        &.-wide #form-body { layout: horizontal; }
        &.-wide #form { width: 3fr; }
        &.-wide #context { width: 2fr; height: 1fr; max-height: 100%; border-top: none; border-left: vkey $panel; }
    }
    """
    submit_label = "Build"

    def __init__(self, spec: BuildSpec | None = None) -> None:
        super().__init__()
        self._asked = spec
        self._offer = Offer()
        self._summary: tuple[tuple[str, str], ContextSummary] | None = None
        self._timer: Timer | None = None

    def memory_key(self) -> Hashable:
        return ("build", self._asked)

    def subject(self) -> str:
        return "build an image"

    def defaults(self) -> Values:
        spec = self._asked or BuildSpec(first_folder(), builder=default_builder(self.session))
        return {
            "folder": spec.folder,
            "dockerfile": spec.dockerfile,
            "tag": spec.tag,
            "target": spec.target,
            "args": list(spec.args),
            "no_cache": spec.no_cache,
            "pull": spec.pull,
            "builder": spec.builder,
        }

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.hythe.settings.ascii
        texts = {name: str(values[name]) for name in ("folder", "dockerfile", "tag", "target", "builder")}
        return (
            PathField("Context folder", "folder", texts["folder"], "what COPY and ADD may take files from",
                      check_folder, folders_only=True, ascii=ascii_only),
            TextField("Dockerfile", "dockerfile", texts["dockerfile"], "relative to the context",
                      self._check_dockerfile, suggester=ContextSuggester(self.typed_folder), ascii=ascii_only),
            TextField("Tag", "tag", texts["tag"], "NAME:TAG; empty: an image without a name",
                      check_tag, ascii=ascii_only),
            TextField("Target stage", "target", texts["target"], "the last one", self._check_target, ascii=ascii_only),
            ListField("Build arguments", "args", cast("list[str]", values["args"]), "KEY=VALUE",
                      check_argument, "one a line", ascii=ascii_only),
            ToggleField("No cache", "no_cache", values["no_cache"] is True, "run every step again", ascii=ascii_only),
            ToggleField("Pull", "pull", values["pull"] is True, "look for newer base images", ascii=ascii_only),
            ChoiceField("Builder", "builder", BUILDERS, texts["builder"],
                        self._builder_words(texts["builder"]), ascii=ascii_only),
        )  # fmt: skip

    def _builder_words(self, builder: str) -> str:
        return builder_words(builder, default_builder(self.session), podman=self.session.ping.is_podman)

    def compose_aside(self) -> ComposeResult:
        yield TextPane(id="context", ascii=self.hythe.settings.ascii)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_class(self.size.width >= WIDE, "-wide")
        self._look_again()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")

    def typed_folder(self) -> str:
        """Return the context's folder as it is typed."""
        return str(self.form.field("folder").value)

    # checks

    def _check_dockerfile(self, text: str) -> str | None:
        return check_dockerfile(self.typed_folder(), text)

    def _check_target(self, text: str) -> str | None:
        return check_target(text.strip(), self._offer)

    # what goes with what is typed

    def line_of(self, values: Values) -> str:
        return docker_line(spec_of(values), default_builder(self.session)) if values["folder"] else ""

    def values_changed(self) -> None:
        form = self.form
        form.field("builder").set_hint(self._builder_words(str(form.field("builder").value)))
        if form.field("dockerfile").error is not None:
            form.field("dockerfile").validate()  # it may be in the folder that was typed since
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._look_again)

    def form_renewed(self) -> None:
        self._look_again()

    def _look_again(self) -> None:
        self._timer = None
        spec = spec_of(self.form.values())
        if self._summary is None or self._summary[0] != (spec.folder, spec.dockerfile):
            self._summary = None
            self.run_worker(self._look(spec.folder, spec.dockerfile), group="look", exclusive=True)

    async def _look(self, folder: str, dockerfile: str) -> None:
        """Read the Dockerfile for what it offers, then count what would be sent."""
        pane = self.query_one("#context", TextPane)
        if not folder:
            pane.set_lines([("the context's size and biggest files are shown here", "dim")])
            return
        try:
            context, text = await asyncio.to_thread(opened, folder, dockerfile)
        except ContextError as error:
            self._show_offer(Offer())
            pane.set_lines([(str(error), "bad")])
            name = "folder" if error.field == "context" else "dockerfile"
            self.show_field_error(name, self.form.field(name).problem() or str(error))
            return
        self._show_offer(offer_of(text))
        pane.set_lines([(f"looking through {context.folder} …", "dim")])
        stopped = threading.Event()
        try:
            summary = await asyncio.to_thread(scan_context, context, stopped.is_set)
        finally:
            stopped.set()  # what was typed since is about another folder: the thread need not go on
        self._summary = ((folder, dockerfile), summary)
        pane.set_lines(context_lines(summary, context.ignore_file))

    def _show_offer(self, offer: Offer) -> None:
        self._offer = offer
        target, arguments = self.form.field("target"), self.form.field("args")
        target.set_hint(f"stages: {', '.join(offer.stages)}" if len(offer.stages) > 1 else "")
        arguments.set_hint(offered_arguments(offer.arguments) or "one a line")
        if target.error is not None or target.value:
            target.validate()

    # sending

    async def send(self, values: Values) -> None:
        spec = spec_of(values)
        self.set_sending("reading the Dockerfile")
        try:
            context, text = await asyncio.to_thread(opened, spec.folder, spec.dockerfile)
        except ContextError as error:
            self.refused(str(error), "folder" if error.field == "context" else "dockerfile")
            return
        problem = check_target(spec.target, offer_of(text))
        if problem is not None:  # sent before the Dockerfile that was typed last had been read
            self.refused(problem, "target")
            return
        unreadable = self._summary[1].unreadable if self._summary is not None else ()
        if unreadable:
            self.refused(f"cannot be read: {unreadable[0]}", "folder")
            self._summary = None  # it may be cured by the next time
            return
        if not await self._may_move_tag(spec.tag):
            return
        job = start_build(self.session, spec, context, text)
        self.forget()
        await self._show(job)

    async def _show(self, job: BuildJob) -> None:
        """Put the build in this screen's place, and in that of the build that this one was made from."""
        if self.hythe.screen is not self:
            self.note(f"{job.title} has begun: J lists it")
            return
        await self.hythe.pop_screen()
        if isinstance(self.hythe.screen, BuildScreen):
            await self.hythe.pop_screen()
        self.hythe.open_screen("build_job", job=job)

    async def _may_move_tag(self, tag: str) -> bool:
        holder = held_by_another(self.session, tag)
        if holder is None:
            return True
        self.set_sending("waiting for an answer")
        lines = [f"{holder.tag} is now {holder.words}", "it would lose this name when the build is done"]
        typed = holder.tag if self.session.guarded else None
        return await self.confirm(f"Move {holder.tag}?", lines, label="Build and move it", danger=True, typed=typed)


def spec_of(values: Values) -> BuildSpec:
    """Return what is asked for, whether it could be built or not."""
    return BuildSpec(
        absolute(str(values["folder"])),
        str(values["dockerfile"]).strip(),
        str(values["tag"]).strip(),
        str(values["target"]).strip(),
        tuple(line.strip() for line in cast("list[str]", values["args"])),
        values["no_cache"] is True,
        values["pull"] is True,
        cast("Builder", values["builder"]),
    )


def opened(folder: str, dockerfile: str) -> tuple[BuildContext, str]:
    """Return the context and the text of its Dockerfile. Raises ContextError."""
    context = open_context(folder, dockerfile)
    try:
        return context, context.source.read_text("utf-8", "replace")
    except OSError as error:
        raise ContextError(f"the Dockerfile {context.source} cannot be read: {error.strerror}", "dockerfile") from error


def check_dockerfile(folder: str, text: str) -> str | None:
    """Return what is wrong with a Dockerfile's path, which counts from the folder, or None."""
    if not text.strip():
        return "a Dockerfile is missing"
    if check_folder(folder) is not None:
        return None  # told at the folder
    try:
        path = Path(absolute(folder), Path(text.strip()).expanduser())
        if not path.is_file():
            return f"{path} {'is not a file' if path.exists() else 'does not exist'}"
        return None if os.access(path, os.R_OK) else f"{path}: permission denied"
    except (OSError, RuntimeError, ValueError):
        return "not a path"


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
