"""The form of a command inside a container: which, as whom, where, with what environment; remembered for its image."""

from __future__ import annotations

import shlex
from collections.abc import Hashable, Sequence

from tui.commands.shell import open_exec, shell_of
from tui.engine.errors import EngineError
from tui.model.containers import Container
from tui.model.exec_spec import ExecSpec, check_command, command_words, exec_line
from tui.model.run_options import check_env
from tui.present.secrets import looks_secret
from tui.screens.form_screen import FormScreen, Values
from widgets.choice_fields import ToggleField
from widgets.fields import Field, FieldValue, ListField, TextField


class ExecFormScreen(FormScreen):
    """Runs a command of a container on the user's terminal, and comes back to the dashboard afterwards."""

    submit_label = "Run"

    def __init__(self, container: Container) -> None:
        super().__init__()
        self._container = container
        self._shell: str | None = None

    def memory_key(self) -> Hashable:
        return ("exec", self._container.image)

    def subject(self) -> str:
        return f"run in {self._container.name}"

    def defaults(self) -> Values:
        return {"command": "", "user": "", "workdir": "", "env": list[str](), "privileged": False}

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.ascii

        def text(label: str, name: str, placeholder: str, hint: str = "") -> Field:
            check = _check_command if name == "command" else None
            return TextField(label, name, str(values[name]), placeholder, check, hint, ascii=ascii_only)

        return [
            text("Command", "command", "the best shell that is there"),
            text("User", "user", "the container's own; NAME, UID or UID:GID"),
            text("Folder", "workdir", "the container's own"),
            ListField("Environment", "env", list(texts(values["env"])), "KEY=VALUE", check_env, ascii=ascii_only),
            ToggleField("Privileged", "privileged", values["privileged"] is True,
                        "all that root may do on the daemon's machine", ascii=ascii_only),
        ]  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        self.run_worker(self._find_shell, group="shell")

    async def _find_shell(self) -> None:
        try:
            self._shell = await shell_of(self.session, self._container)
        except EngineError as error:
            self.show_problem(str(error))
            return
        found = self._shell or "it has no shell: name a program, or leave this and press e"
        self.form.field("command").set_hint(f"empty: {found}" if self._shell else found)
        self._draw_line()

    def _spec(self, values: Values) -> ExecSpec:
        text = str(values["command"]).strip()
        words = command_words(text) if text else (self._shell or "sh",)
        return ExecSpec(
            words, True, str(values["user"]).strip(), str(values["workdir"]).strip(), texts(values["env"]),
            values["privileged"] is True,
        )  # fmt: skip

    def line_of(self, values: Values) -> str:
        try:
            return exec_line(self._container.name, self._spec(values), looks_secret)
        except ValueError:
            return ""

    async def send(self, values: Values) -> None:
        spec, dashboard = self._spec(values), self.dashboard
        if not str(values["command"]).strip() and self._shell is None:
            self.refused("there is no shell in it", "command")
            return
        ui = dashboard or self
        if spec.privileged or self.session.guarded:
            lines = [self.line_of(values)]
            title = f"Run in {self._container.name} on {self.session.name}?"
            if not await self.confirm(title, lines, label="Run", danger=spec.privileged):
                return
        self.remember()
        if self.hythe.screen is self:
            await self.hythe.pop_screen()
        try:
            await open_exec(self.session, ui, self._container, spec, self._shell)
        except EngineError as error:
            hint = f"\n{error.hint}" if error.hint else ""
            ui.note(f"{shlex.join(spec.command)} in {self._container.name}: {error}{hint}", "error")


def _check_command(text: str) -> str | None:
    return check_command(text) if text.strip() else None


def texts(value: FieldValue) -> tuple[str, ...]:
    """Return the lines of a field that holds several."""
    return () if isinstance(value, str | bool) else tuple(str(each) for each in value)
