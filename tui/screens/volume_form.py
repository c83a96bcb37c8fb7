"""The form of a new volume: name, driver, options and labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from tui.commands.command import Option
from tui.commands.steps import take
from tui.engine.errors import EngineError
from tui.model.run_options import check_label
from tui.model.volume_spec import VolumeSpec, check_option, check_volume_name, option_problem, pairs, volume_line
from tui.present.secrets import looks_secret
from tui.screens.exec_form import texts
from tui.screens.form_screen import FormScreen, Values
from widgets.fields import Field, ListField, TextField

OPTIONS: Sequence[Option] = (
    ("type=nfs", "type=nfs", "with o=addr=HOST,rw and device=:/PATH"),
    ("type=cifs", "type=cifs", "with o=addr=HOST,username=NAME and device=//HOST/SHARE"),
    ("type=tmpfs", "type=tmpfs", "in memory; with device=tmpfs and o=size=100m"),
    ("o=bind", "o=bind", "with type=none and device=/PATH: a folder of the daemon's machine"),
)


class VolumeFormScreen(FormScreen):
    """Makes a volume."""

    submit_label = "Create"
    more_hints = (("f6", "choose"),)
    own_keys = (*FormScreen.own_keys, ("f6", "choose from what there is"))

    def memory_key(self) -> Hashable:
        return "volume"

    def subject(self) -> str:
        return "new volume"

    def defaults(self) -> Values:
        return {"name": "", "driver": "local", "options": list[str](), "labels": list[str]()}

    def make_fields(self, values: Values) -> Sequence[Field]:
        ascii_only = self.ascii
        return [
            TextField("Name", "name", str(values["name"]), "empty: the daemon makes one up", self._check_name,
                      ascii=ascii_only),
            TextField("Driver", "driver", str(values["driver"]), "local, or a plugin", _check_driver, ascii=ascii_only),
            ListField("Options", "options", list(texts(values["options"])), "KEY=VALUE", check_option,
                      "of the local driver: type, o, device, size", ascii=ascii_only),
            ListField("Labels", "labels", list(texts(values["labels"])), "KEY=VALUE", check_label, ascii=ascii_only),
        ]  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        options = self.form.field("options")
        options.further = lambda: option_problem(self._spec(self.form.values()))

    def values_changed(self) -> None:
        self.form.field("options").check_again()

    def form_renewed(self) -> None:
        self.values_changed()

    async def choices(self, field: str) -> Sequence[Option]:
        return OPTIONS if field == "options" else ()

    def _check_name(self, text: str) -> str | None:
        known = self.session.state.volumes
        return check_volume_name(text) or ("there is a volume of this name" if text.strip() in known else None)

    def _spec(self, values: Values) -> VolumeSpec:
        return VolumeSpec(
            str(values["name"]).strip(), str(values["driver"]).strip() or "local", texts(values["options"]),
            texts(values["labels"]),
        )  # fmt: skip

    def line_of(self, values: Values) -> str:
        return volume_line(self._spec(values))

    def told_line(self, values: Values) -> str:
        return volume_line(self._spec(values), looks_secret)

    async def send(self, values: Values) -> None:
        spec, session = self._spec(values), self.session
        line = self.told_line(values)
        try:
            made = await take(
                session, line,
                lambda: session.engine.volumes.create(
                    spec.name, driver=spec.driver, labels=pairs(spec.labels), options=pairs(spec.options)
                ),
            )  # fmt: skip
        except EngineError as error:
            self.refused(f"{error}\n{error.hint}" if error.hint else str(error), error_place(str(error)))
            return
        self.forget()
        await self.leave_for("volume", made.name)
        self.note(f"$ {line}")


def _check_driver(text: str) -> str | None:
    return "a name, without blanks" if len(text.split()) > 1 else None


def error_place(message: str) -> str | None:
    """Return the field that a refusal is about, or None when the daemon's words tell of none."""
    lower = message.lower()
    if "plugin" in lower or "driver" in lower:
        return "driver"
    if "option" in lower:
        return "options"
    return "name" if "name" in lower else None
