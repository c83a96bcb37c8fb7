"""The form that a build starts from: its parts, checked as they are typed, beside what its context would send."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.events import Resize
from textual.suggester import Suggester
from textual.timer import Timer

from tui.commands.build import (
    CannotBuild,
    abilities,
    best_builder,
    default_builder,
    may_move_tag,
    opened,
    start_build,
)
from tui.engine.build_context import BuildContext, ContextError, ContextSummary, Rules, scan_context
from tui.engine.buildx import Buildx, find_buildx
from tui.jobs.build import BuildJob
from tui.jobs.build_book import BuildBook
from tui.model.build_sources import is_git, is_remote
from tui.model.build_spec import (
    BuildSpec,
    Offer,
    check_argument,
    check_platform,
    check_tag,
    check_target,
    docker_line,
    offer_of,
)
from tui.model.build_way import way_of
from tui.present.build_form import context_lines, offered_arguments, remote_lines, way_words
from tui.present.secrets import secret_names
from tui.screens.build import BuildScreen
from tui.screens.build_checks import (
    check_agent,
    check_context,
    check_dockerfile,
    check_folder,
    check_secret,
    first_folder,
)
from tui.screens.build_values import fill, kept, recalled, spec_of, values_of
from tui.screens.form_screen import FormScreen, Values
from widgets.choice_fields import ChoiceField, ToggleField
from widgets.fields import Field, ListField, TextField
from widgets.path_field import PathField, complete
from widgets.text_pane import TextPane

BUILDERS = (("2", "BuildKit"), ("1", "classic"))
WITH_PLUGIN = (*BUILDERS, ("x", "docker buildx"))

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
        if not value or not folder or os.path.isabs(value) or is_remote(folder):
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
    headings: ClassVar[Mapping[str, str]] = {"secrets": "With BuildKit"}
    told_problem: ClassVar[bool] = False
    """Whether was said, in this run, that builds cannot be remembered."""

    def __init__(self, spec: BuildSpec | None = None) -> None:
        super().__init__()
        self._asked = spec
        self._offer = Offer()
        self._summary: tuple[tuple[str, str, Rules], ContextSummary] | None = None
        self._timer: Timer | None = None
        self._buildx: Buildx | None = None
        self._remembered = ""

    def memory_key(self) -> Hashable:
        return ("build", self._asked)

    def subject(self) -> str:
        return "build an image"

    def defaults(self) -> Values:
        if self._asked is not None:
            return values_of(self._asked)
        book = BuildBook()
        folder = first_folder() or next(iter(book.recent(1)), "")
        self._remembered = folder
        return values_of(BuildSpec(folder, builder=best_builder(self.session))) | recalled(book.page(folder).form)

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.hythe.settings.ascii

        def text(name: str) -> str:
            return str(values[name])

        def texts(name: str) -> list[str]:
            return cast("list[str]", values[name])

        builders = WITH_PLUGIN if self._buildx is not None or text("builder") == "x" else BUILDERS
        return (
            PathField("Context", "folder", text("folder"), "a folder, or the URL of a Git repository or a tar archive",
                      check_folder, folders_only=True, ascii=ascii_only),
            TextField("Dockerfile", "dockerfile", text("dockerfile"), "relative to the context",
                      self._check_dockerfile, suggester=ContextSuggester(self.typed_folder), ascii=ascii_only),
            TextField("Tag", "tag", text("tag"), "NAME:TAG; empty: an image without a name",
                      check_tag, ascii=ascii_only),
            TextField("Target stage", "target", text("target"), "the last one", self._check_target, ascii=ascii_only),
            ListField("Build arguments", "args", texts("args"), "KEY=VALUE",
                      check_argument, "one a line", ascii=ascii_only),
            ToggleField("No cache", "no_cache", values["no_cache"] is True, "run every step again", ascii=ascii_only),
            ToggleField("Pull", "pull", values["pull"] is True, "look for newer base images", ascii=ascii_only),
            TextField("Platform", "platform", text("platform"), "the daemon's own", check_platform, ascii=ascii_only),
            ChoiceField("Builder", "builder", builders, text("builder"), ascii=ascii_only),
            ListField("Secrets", "secrets", texts("secrets"), "id=NAME,src=FILE or id=NAME,env=VARIABLE",
                      self._check_secret, "for RUN --mount=type=secret,id=NAME; kept nowhere", ascii=ascii_only),
            ListField("SSH agents", "ssh", texts("ssh"), "default, or ID=SOCKET",
                      check_agent, "for RUN --mount=type=ssh", ascii=ascii_only),
            ListField("Named contexts", "contexts", texts("contexts"), "NAME=FOLDER, an image or a URL",
                      self._check_context, "for COPY --from=NAME and FROM NAME", ascii=ascii_only),
        )  # fmt: skip

    def compose_aside(self) -> ComposeResult:
        yield TextPane(id="context", ascii=self.hythe.settings.ascii)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_class(self.size.width >= WIDE, "-wide")
        self.run_worker(self._find_buildx, group="buildx")
        self._show_way()
        self._look_again()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")

    def typed_folder(self) -> str:
        """Return the context's folder as it is typed."""
        return str(self.form.field("folder").value)

    async def _find_buildx(self) -> None:
        self._buildx = await find_buildx()
        if self._buildx is not None:
            builder = self.form.field("builder")
            if isinstance(builder, ChoiceField):
                builder.set_options(WITH_PLUGIN)
            self._show_way()

    # checks

    def _check_dockerfile(self, text: str) -> str | None:
        return check_dockerfile(self.typed_folder(), text)

    def _check_target(self, text: str) -> str | None:
        return check_target(text.strip(), self._offer)

    def _check_secret(self, text: str) -> str | None:
        return check_secret(self.typed_folder(), text)

    def _check_context(self, text: str) -> str | None:
        return check_context(self.typed_folder(), text)

    # what goes with what is typed

    def line_of(self, values: Values) -> str:
        return docker_line(spec_of(values), default_builder(self.session)) if values["folder"] else ""

    def told_line(self, values: Values) -> str:
        spec = spec_of(values)
        hide = secret_names(spec.args).__contains__
        return docker_line(spec, default_builder(self.session), hide=hide) if values["folder"] else ""

    def values_changed(self) -> None:
        form = self.form
        self._show_way()
        for name in ("dockerfile", "secrets", "contexts"):
            if form.field(name).error is not None:
                form.field(name).validate()  # it may be in the folder that was typed since
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._look_again)

    def form_renewed(self) -> None:
        self._show_way()
        self._look_again()

    def _show_way(self) -> None:
        """Say which way the build would go, and why."""
        spec = spec_of(self.form.values())
        way = way_of(spec, abilities(self.session, self._buildx))
        builder = self.form.field("builder")
        builder.set_hint(way_words(way, spec.builder, default_builder(self.session)))
        if not isinstance(way, str):
            builder.set_error(None)

    def _look_again(self) -> None:
        self._timer = None
        spec = spec_of(self.form.values())
        rules: Rules = "classic" if spec.builder == "1" or self.session.ping.is_podman else "session"
        if self._summary is None or self._summary[0] != (spec.folder, spec.dockerfile, rules):
            self._summary = None
            self.run_worker(partial(self._look, spec.folder, spec.dockerfile, rules), group="look", exclusive=True)

    async def _look(self, folder: str, dockerfile: str, rules: Rules) -> None:
        """Read the Dockerfile for what it offers, then count what would be sent."""
        pane = self.query_one("#context", TextPane)
        if not folder:
            pane.set_lines([("the context's size and biggest files are shown here", "dim")])
            return
        await self._remember_for(folder)
        if is_remote(folder):
            self._show_offer(Offer())
            pane.set_lines(remote_lines("git" if is_git(folder) else "http", dockerfile))
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
            summary = await asyncio.to_thread(scan_context, context, stopped.is_set, rules)
        finally:
            stopped.set()  # what was typed since is about another folder: the thread need not go on
        self._summary = ((folder, dockerfile, rules), summary)
        pane.set_lines(context_lines(summary, shown_path(context), on_demand=rules == "session"))

    async def _remember_for(self, folder: str) -> None:
        """Fill in what was last built from a folder, where nothing else was typed yet; nothing of another folder."""
        if self._asked is not None or self._remembered == folder:
            return
        self._remembered = folder
        page = await asyncio.to_thread(BuildBook().page, folder)
        others = [field for field in self.form.fields if field.key != "folder"]
        if any(field.is_dirty for field in others):
            return
        form = values_of(BuildSpec(folder, builder=best_builder(self.session))) | recalled(page.form)
        changed = [field for field in others if field.value != form[field.key]]
        for field in changed:
            fill(field, form[field.key])
        if changed:
            self.values_changed()

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
        context: BuildContext | None = None
        text = ""
        if not spec.is_remote:
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
        if not await self._may_move_tag(spec):
            return
        size = self._summary[1].size if self._summary is not None else 0
        try:
            job = start_build(self.session, spec, context, text, buildx=self._buildx, size=size)
        except CannotBuild as error:
            self.refused(str(error), "builder")
            return
        self.forget()
        await self._keep(spec.folder, values)
        await self._show(job)

    async def _keep(self, folder: str, values: Values) -> None:
        """Remember the form for this context, without its secrets."""
        problem = await asyncio.to_thread(BuildBook().keep_form, folder, kept(values))
        if problem is not None and not BuildFormScreen.told_problem:
            BuildFormScreen.told_problem = True
            self.note(problem, "warning")

    async def _show(self, job: BuildJob) -> None:
        """Put the build in this screen's place, and in that of the build that this one was made from."""
        if self.hythe.screen is not self:
            self.note(f"{job.title} has begun: J lists it")
            return
        await self.hythe.pop_screen()
        if isinstance(self.hythe.screen, BuildScreen):
            await self.hythe.pop_screen()
        self.open("build_job", job=job)

    async def _may_move_tag(self, spec: BuildSpec) -> bool:
        self.set_sending("waiting for an answer")
        return await may_move_tag(self.session, self, spec)


def shown_path(context: BuildContext) -> str:
    """Return the path of the ignore file that counts, as it counts from the context; empty where there is none."""
    return os.path.relpath(context.ignore_file, context.folder) if context.ignore_file is not None else ""
