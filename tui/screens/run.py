"""The run form: a container from an image, checked as it is filled in, with the equal `docker run` line."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar, cast

from textual.suggester import SuggestFromList

from tui.commands.history import Outcome
from tui.engine.containers import Created
from tui.engine.errors import ApiError, Conflict, EngineError, NotFound
from tui.engine.networks import Network
from tui.jobs.job import JobState
from tui.jobs.pull import PullJob
from tui.model.reference import check_container_name, check_reference
from tui.model.run_spec import (
    RESTART_POLICIES,
    check_env,
    check_label,
    check_port,
    check_restart,
    check_volume,
    create_body,
    docker_line,
    parse_restart,
)
from tui.present.run import (
    ImageHints,
    check_command,
    error_place,
    image_hints,
    name_holder,
    port_holder,
    port_twice,
    spec_from,
)
from tui.present.secrets import secret_names
from tui.screens.form_screen import FormScreen, Values
from widgets.fields import ChoiceField, Field, ListField, TextField, ToggleField

OUTCOMES: Mapping[JobState, Outcome] = {
    "running": "cancelled", "done": "ok", "failed": "failed", "cancelled": "cancelled"
}  # fmt: skip
OWN_NETWORKS = (("", "bridge (default)"), ("host", "host: the host's own, ports are not published"), ("none", "none"))


class RunScreen(FormScreen):
    """Runs a container from an image."""

    submit_label = "Run"
    headings: ClassVar[Mapping[str, str]] = {
        "ports": "Network",
        "env": "Environment and storage",
        "restart": "Life",
    }

    def __init__(self, image: str = "") -> None:
        super().__init__()
        self._image = image
        self._hints = ImageHints()
        self._networks: list[Network] = []
        self._read_for = ""

    def memory_key(self) -> Hashable:
        return ("run", self._image)

    def subject(self) -> str:
        image = self._read_for or self._image
        return f"run a container from {image}" if image else "run a container"

    def defaults(self) -> Values:
        nothing: list[str] = []
        return {
            "image": self._image, "name": "", "command": "", "ports": nothing, "network": "", "env": nothing,
            "volumes": nothing, "restart": "", "auto_remove": False, "tty": False, "interactive": False,
            "labels": nothing,
        }  # fmt: skip

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.hythe.settings.ascii

        def text(name: str) -> str:
            return str(values[name])

        def lines(name: str) -> list[str]:
            return cast("list[str]", values[name])

        hints = self._hints
        policies = SuggestFromList([*RESTART_POLICIES, "on-failure:5"], case_sensitive=True)
        return (
            TextField("Image", "image", text("image"), "busybox:latest", check_image, ascii=ascii_only),
            TextField("Name", "name", text("name"), "the daemon makes one up", self._check_name, ascii=ascii_only),
            TextField("Command", "command", text("command"), hints.command_placeholder, check_command, hints.command,
                      ascii=ascii_only),
            ListField("Ports", "ports", lines("ports"), hints.ports_placeholder, self._check_port, hints.ports,
                      ascii=ascii_only),
            ChoiceField("Network", "network", OWN_NETWORKS, text("network"), ascii=ascii_only),
            ListField("Environment", "env", lines("env"), "KEY=VALUE", check_env, hints.env, ascii=ascii_only),
            ListField("Volumes", "volumes", lines("volumes"), hints.volumes_placeholder, check_volume, hints.volumes,
                      ascii=ascii_only),
            TextField("Restart", "restart", text("restart"), "no", self._check_restart,
                      "no, always, unless-stopped, on-failure or on-failure:TIMES", suggester=policies,
                      ascii=ascii_only),
            ToggleField("Auto-remove", "auto_remove", values["auto_remove"] is True, "remove it when it exits",
                        ascii=ascii_only),
            ToggleField("Terminal", "tty", values["tty"] is True, "give it a terminal (-t)", ascii=ascii_only),
            ToggleField("Input", "interactive", values["interactive"] is True, "keep its input open (-i)",
                        ascii=ascii_only),
            ListField("Labels", "labels", lines("labels"), "KEY=VALUE", check_label, ascii=ascii_only),
        )  # fmt: skip

    # what is wrong, while it is filled in

    def _check_name(self, name: str) -> str | None:
        if not name:
            return None
        if problem := check_container_name(name):
            return problem
        holder = next((c for c in self.session.state.containers.values() if c.name == name), None)
        return f"{name} is the name of a container from {holder.image}, {holder.state}" if holder else None

    def _check_port(self, text: str) -> str | None:
        text = text.strip()
        if problem := check_port(text):
            return problem
        values = self.form.values() if self.form.is_mounted else {}
        if values.get("network") in ("host", "none"):
            return f"the network {values['network']} publishes no ports"
        others = [line.strip() for line in cast("list[str]", values.get("ports", [])) if not check_port(line.strip())]
        if (number := port_twice(text, others)) is not None:
            return f"the host's port {number} is asked for twice"
        held = port_holder(text, self.session.state.containers.values())
        return f"the host's port {held[0]} is published by {held[1].name}" if held else None

    def _check_restart(self, text: str) -> str | None:
        if problem := check_restart(text.strip()):
            return problem
        removed = self.form.is_mounted and self.form.field("auto_remove").value is True
        if removed and parse_restart(text.strip()).name != "no":
            return "auto-remove is on: a container that is removed when it exits cannot be restarted"
        return None

    def values_changed(self) -> None:
        for name in ("ports", "restart"):
            field = self.form.field(name)
            if field.value or field.error:
                field.validate()
        self._read_image()

    # what the image and the daemon offer

    def on_mount(self) -> None:
        super().on_mount()
        self._read_image()
        self.run_worker(self._read_networks(), group="networks")

    def form_renewed(self) -> None:
        self._tell_hints()
        self._tell_networks()

    def _read_image(self) -> None:
        """Read what the image brings along, once the field names one."""
        image = str(self.form.field("image").value).strip()
        if image != self._read_for and check_image(image) is None:
            self._read_for = image
            self.draw_header()
            self.run_worker(self._read_hints(image), group="hints", exclusive=True)

    async def _read_hints(self, image: str) -> None:
        try:
            details = await self.session.engine.images.details(image)
        except NotFound:
            self._hints = ImageHints()
            self._tell_hints()
            self.form.field("image").set_hint("not on this host: running it offers to pull it first")
            return
        except EngineError as error:
            self.form.field("image").set_hint(f"its defaults could not be read: {error}")
            return
        self._hints = image_hints(details.config)
        self._tell_hints()
        self.form.field("image").set_hint("")

    def _tell_hints(self) -> None:
        hints, form = self._hints, self.form
        cast(TextField, form.field("command")).set_placeholder(hints.command_placeholder)
        for name, text in (("command", hints.command), ("ports", hints.ports), ("env", hints.env),
                           ("volumes", hints.volumes)):  # fmt: skip
            form.field(name).set_hint(text)

    async def _read_networks(self) -> None:
        try:
            self._networks = await self.session.engine.networks.list_all()
        except EngineError as error:
            self.form.field("network").set_hint(f"the networks could not be read: {error}")
            return
        self._tell_networks()

    def _tell_networks(self) -> None:
        own = [(n.name, f"{n.name} ({n.driver})") for n in self._networks if n.name not in ("bridge", "host", "none")]
        cast(ChoiceField, self.form.field("network")).set_options([*OWN_NETWORKS, *own])

    # what it comes to

    def line_of(self, values: Values) -> str:
        try:
            return docker_line(spec_from(values))
        except ValueError:
            return ""

    async def send(self, values: Values) -> None:
        session, spec = self.session, spec_from(values)
        line = docker_line(spec, hide=secret_names(spec.env).__contains__)
        entry = session.history.begin(line, session.name)
        created: Created | None = None
        try:
            self.set_sending("creating")
            created = await session.engine.containers.create(create_body(spec), name=spec.name)
            session.set_busy(created.id, "start")
            self.set_sending("starting")
            await session.engine.containers.start(created.id)
            entry.close("ok")
            await self._done(line, created)
        except EngineError as error:
            entry.close("failed", str(error))
            if created is not None:
                session.set_busy(created.id, None)
            self.set_sending("")
            await self._failed(error, values, created)
        except asyncio.CancelledError:
            entry.close("cancelled")
            raise
        finally:
            if created is not None:
                session.set_busy(created.id, None)

    async def _done(self, line: str, created: Created) -> None:
        self.forget()
        for warning in created.warnings or ():
            self.note(warning, "warning")
        await self.go_to("container", created.id)
        self.note(f"$ {line}")

    async def _failed(self, error: EngineError, values: Values, created: Created | None) -> None:
        text = f"{error}\n{error.hint}" if error.hint else str(error)
        place = error_place(str(error)) if isinstance(error, ApiError) else None
        self.refused(text, place)
        if created is not None:
            await self._offer_removal(text, created)
        elif isinstance(error, Conflict):
            await self._offer_other(text, str(values["name"]))
        elif isinstance(error, NotFound) and place == "image":
            await self._offer_pull(values)

    async def _offer_removal(self, text: str, created: Created) -> None:
        """A start that failed leaves a created container, unless it removes itself.

        Nothing is asked of who has left the form: their keys mean something else by now.
        """
        session = self.session
        if not self.is_open:
            return
        try:
            left = await session.engine.containers.read(created.id)
        except EngineError:
            return
        lines = [f"{left.name}  ({left.image}, {left.state})", *text.splitlines()]
        if not await self.confirm(f"{left.name} was created and does not start. Remove it?", lines, label="Remove"):
            return
        entry = session.history.begin(f"docker rm {left.name}", session.name)
        try:
            await session.engine.containers.remove(created.id)
        except EngineError as error:
            entry.close("failed", str(error))
            self.note(f"remove {left.name}: {error}", "error")
        else:
            entry.close("ok")
            self.note(f"$ {entry.line}")

    async def _offer_other(self, text: str, name: str) -> None:
        """The name is taken: the container that has it may be the one that was wanted."""
        holder = name_holder(text)
        if holder is None or not self.is_open:
            return
        options = (("name", "choose another name", ""), ("open", f"go to the container {name}", holder[:12]))
        chosen = await self.choose(f"The name {name} is taken", options)
        if chosen == "open":
            self.remember()
            await self.go_to("container", holder)

    async def _offer_pull(self, values: Values) -> None:
        """The image is not here: pull it, as `docker run` would, in a job that outlives this form."""
        session, image = self.session, str(values["image"]).strip()
        if not self.is_open or check_reference(image):
            return
        options = (
            ("run", "pull it, then run the container", f"docker pull {image}"),
            ("pull", "only pull it", ""),
            ("no", "name another image", ""),
        )
        chosen = await self.choose(f"{image} is not on this host", options)
        if chosen not in ("run", "pull"):
            return
        job = PullJob(session.engine, image)
        entry = session.history.begin(job.line, session.name)
        self.show_field_error("image", None)
        session.jobs.start(job)
        self.set_sending(f"{job.title}: {job.progress}")
        unlisten = job.listen(lambda: self.set_sending(f"{job.title}: {job.progress}"))
        try:
            await job.wait()
        finally:
            unlisten()
            self.set_sending("")
            entry.close(OUTCOMES[job.state], job.error)
        await self._pulled(job, run=chosen == "run")

    async def _pulled(self, job: PullJob, *, run: bool) -> None:
        if job.state != "done":
            self.refused(job.error or f"{job.title} was cancelled", "image")
            return
        self._read_for = ""
        if not self.is_open:
            self.note(f"$ {job.line}")
        elif run and self.form.first_error() is None:
            await self.send(self.form.values())  # what stands there now: it could be edited meanwhile
        else:
            self._read_image()
            self.note(f"$ {job.line}")


def check_image(text: str) -> str | None:
    """Return what is wrong with the name or ID of an image, or None."""
    text = text.strip()
    if text and all(character in "0123456789abcdef" for character in text.removeprefix("sha256:")):
        return None
    return check_reference(text)
