"""The run form: a container from an image, checked as it is filled in, with the equal `docker run` line."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from functools import partial
from typing import ClassVar, cast

from textual.binding import Binding, BindingType

from tui.commands.command import Option
from tui.engine.errors import EngineError, NotFound
from tui.model.compose_service import compose_text
from tui.model.run_line import ParsedLine, docker_line, looks_like_run, parse_run_line
from tui.model.run_spec import RunSpec, check_run
from tui.present.run import ImageHints, image_hints
from tui.present.run_form import FIELDS, GROUPS, RunField, spec_from, values_of
from tui.present.secrets import looks_secret
from tui.screens.form_screen import FormScreen, Values
from tui.screens.run_checks import RunChecks, check_image
from tui.screens.run_choices import Known, choices
from tui.screens.run_sending import Sending
from widgets.choice_fields import ChoiceField, ToggleField
from widgets.editors import unified
from widgets.fields import Field, ListField, TextField
from widgets.form import Group
from widgets.line_dialog import LineDialog, Remark

LOOK_AGAIN_SECONDS = 2.0
"""How often ports and names are looked at again, which others may have taken or left meanwhile."""


class RunScreen(FormScreen):
    """Runs a container from an image. `spec` fills the form in, as for a copy of the container `origin`; so does a
    `line`, which is asked about where something in it is not understood."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f7", "edit_line", "Paste or edit the line", show=False, priority=True, id="run.edit_line"),
    ]
    own_keys = (
        *(pair for pair in FormScreen.own_keys if pair[0] not in ("f3", "esc")),
        ("f3", "copy the docker line, or a Compose service of it"),
        ("f6", "choose what goes into the field"),
        ("f7", "paste or edit the line; a line pasted into the form fills it in as well"),
        ("space ← →", "on a heading: open or fold the group"),
        ("esc", "back; what is filled in is kept"),
    )
    submit_label = "Run"
    more_hints = (("f6", "choose"), ("f7", "paste a line"))
    groups = tuple(Group(group.title, [f.name for f in group.fields], group.opened) for group in GROUPS if group.title)

    def __init__(
        self,
        image: str = "",
        *,
        spec: RunSpec | None = None,
        origin: str = "",
        remarks: Sequence[str] = (),
        line: str = "",
    ) -> None:
        super().__init__()
        self._first = spec or RunSpec(image, options={"detach": ("true",)})
        self._origin = origin
        self._remarks = remarks
        self._line = unified(line)
        self._hints = ImageHints()
        self._checks = RunChecks(self._values, lambda: self.session.state)
        self._read_for = ""
        self._sending_to = Sending(self)

    def memory_key(self) -> Hashable:
        return ("run", self._origin, self._first.image)

    def subject(self) -> str:
        if self._origin:
            return f"run a copy of {self._origin}"
        image = self._read_for or self._first.image
        return f"run a container from {image}" if image else "run a container"

    def defaults(self) -> Values:
        return values_of(self._first)

    # fields

    def make_fields(self, values: Values) -> Sequence[Field]:
        fields = [self._make(field, values) for field in FIELDS.values()]
        for field in fields:
            field.further = partial(self._checks.conflict, field.key)
        return fields

    def _make(self, field: RunField, values: Values) -> Field:
        value = values.get(field.name, self._defaults.get(field.name, ""))
        check = self._checks.of(field.name)
        placeholder, hint = self._hints.placeholder(field.name), self._hint(field.name)
        if field.editor == "list":
            lines = cast("list[str]", value or [])
            return ListField(field.label, field.name, lines, placeholder, check, hint, ascii=self.ascii)
        if field.editor == "toggle":
            return ToggleField(field.label, field.name, value is True, field.caption, hint, ascii=self.ascii)
        if field.editor == "choice":
            return ChoiceField(field.label, field.name, field.options, str(value), hint, ascii=self.ascii)
        return TextField(field.label, field.name, str(value), placeholder, check, hint, ascii=self.ascii)

    def _values(self) -> Values:
        return self.form.values() if self.query("#form") else self._defaults

    def values_changed(self) -> None:
        self._find_conflicts()
        self._look_again()
        self._read_image()

    def _find_conflicts(self) -> None:
        """Find what excludes each other, and check the fields again that this, or what is out there, may touch."""
        touched = self._checks.find_conflicts()
        for field in self.form.fields:
            if field.error or field.key in touched or (field.key == "publish" and field.value):
                field.check_again()

    # what the image and the machine offer

    def on_mount(self) -> None:
        super().on_mount()
        self._read_image()
        self._look_again()
        self.set_interval(LOOK_AGAIN_SECONDS, self._look_again)
        for remark in self._remarks:
            self.note(remark, "warning")
        if self._origin:
            self._check_all()
        if self._line:
            self.take_paste(self._line)

    def form_renewed(self) -> None:
        self._check_all()
        self._look_again()
        self._read_image()

    def _check_all(self) -> None:
        """Say what is wrong with what was filled in from elsewhere; nothing of fields that are empty."""
        self._find_conflicts()
        for field in self.form.fields:
            if field.value:
                field.validate()
        for box in self.form.boxes:
            box.heading.refresh()

    def _read_image(self) -> None:
        """Read what the image brings along, once the field names one."""
        image = str(self.form.field("image").value).strip()
        if image != self._read_for and check_image(image) is None:
            self._read_for = image
            self.draw_header()
            self.run_worker(partial(self._read_hints, image), group="hints", exclusive=True)

    def read_image_again(self) -> None:
        """Read it anew: it may have come meanwhile."""
        self._read_for = ""
        self._read_image()

    async def _read_hints(self, image: str) -> None:
        hint = ""
        try:
            self._hints = image_hints((await self.session.engine.images.details(image)).config)
        except NotFound:
            self._hints = ImageHints()
            hint = "not on this host: running it offers to pull it first"
        except EngineError as error:
            hint = f"its defaults could not be read: {error}"
        if not self._has_form:
            return
        self._tell_hints()
        self.form.field("image").set_hint(hint)

    @property
    def _has_form(self) -> bool:
        """Whether the form is there: it goes before the screen does, and what was read for it comes too late then."""
        return bool(self.query("#form"))

    def _tell_hints(self) -> None:
        for field in self.form.fields:
            if field.key == "image":
                continue
            field.set_hint(self._hint(field.key))
            if isinstance(field, (TextField, ListField)):
                field.set_placeholder(self._hints.placeholder(field.key))

    def _hint(self, name: str) -> str:
        hint = self._hints.hint(name)
        return self._checks.network_hint(hint) if name == "network" else hint

    def _look_again(self) -> None:
        """Look which ports and names are taken, where any is asked for."""
        if not self._has_form:
            return
        name, publish = self.form.field("name"), self.form.field("publish")
        if name.value:
            name.check_again()
        if publish.value:
            lines = [line.strip() for line in cast("list[str]", publish.value)]
            self.run_worker(partial(self._read_listeners, lines), group="listeners", exclusive=True)

    async def _read_listeners(self, lines: list[str]) -> None:
        self._checks.listeners = await asyncio.to_thread(
            self._checks.read_listeners, self.session.engine.endpoint, lines
        )
        if self._has_form:
            self.form.field("publish").check_again()

    async def choices(self, field: str) -> Sequence[Option]:
        state = self.session.state
        known = Known(state.containers.values(), state.images.values(), state.networks.values(), state.volumes.values())
        return [*self._hints.offers.get(field, ()), *choices(field, known)]

    # the line

    def line_of(self, values: Values) -> str:
        try:
            return docker_line(spec_from(values))
        except ValueError:
            return ""

    def told_line(self, values: Values) -> str:
        return docker_line(spec_from(values), hide=looks_secret)

    def take_paste(self, text: str) -> bool:
        """Fill the form in from a pasted `docker run` line, wherever the cursor is."""
        if not looks_like_run(text):
            return False
        parsed = parse_run_line(text)
        if parsed.spec is None:
            return False
        if parsed.problems:
            self.run_worker(partial(self._ask_line, text), group="line", exclusive=True)
        else:
            self._fill_from(parsed)
        return True

    def action_edit_line(self) -> None:
        """Edit the line, or paste another one, and fill the form in from it."""
        self.run_worker(partial(self._ask_line, self.line_of(self.form.values())), group="line", exclusive=True)

    async def _ask_line(self, text: str) -> None:
        dialog = LineDialog(
            "The docker run line; nothing in it is run by a shell",
            text,
            remarks_on,
            "fill the form in",
            ascii=self.ascii,
        )
        edited = await self.hythe.push_screen_wait(dialog)
        if edited is not None and self.is_open:
            self._fill_from(parse_run_line(edited))

    def _fill_from(self, parsed: ParsedLine) -> None:
        if parsed.spec is None:
            self.note("there is no docker run in that text", "warning")
            return
        self.fill(values_of(parsed.spec))
        self.note("the form is filled in from the line; f4 starts over")

    def action_copy_line(self) -> None:
        """Copy the docker line, or a Compose service of it."""
        self.run_worker(self._copy, group="copy", exclusive=True)

    async def _copy(self) -> None:
        values = self.form.values()
        line = self.line_of(values)
        if not line:
            self.note("the command has a quote that is left open", "warning")
            return
        told = self.told_line(values)
        options = (("line", "docker run line", told), ("compose", "Compose service", "services: …"))
        chosen = await self.choose("Copy", options)
        if chosen == "line":
            self.copy(line, told)
        elif chosen == "compose":
            spec = spec_from(values)
            problems = check_run(spec)
            if problems:
                name, problem = next(iter(problems.items()))
                self.note(f"{name}: {problem}", "warning")
            else:
                self.copy(compose_text(spec), "a Compose service")

    async def send(self, values: Values) -> None:
        await self._sending_to.send(spec_from(values))


def remarks_on(text: str) -> list[Remark]:
    """Return what is to say about a `docker run` line, each at its place."""
    return [Remark(p.start, p.end, p.message, p.fatal) for p in parse_run_line(text).problems]
