"""What the fields of the build form hold: as a build, as what is remembered of it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tui.jobs.build_book import FormValue
from tui.model.build_sources import is_remote, without_login
from tui.model.build_spec import Builder, BuildSpec
from tui.present.secrets import secret_names
from tui.screens.build_checks import absolute, resolved_context, resolved_secret
from tui.screens.form_screen import Values
from widgets.choice_fields import ChoiceField, ToggleField
from widgets.fields import Field, ListField, TextField

LISTS = ("args", "secrets", "ssh", "contexts")
SWITCHES = ("no_cache", "pull")


def spec_of(values: Values) -> BuildSpec:
    """Return what is asked for, whether it could be built or not."""

    def texts(name: str) -> tuple[str, ...]:
        return tuple(line.strip() for line in cast("list[str]", values[name]))

    folder = absolute(str(values["folder"]))
    beside = "" if is_remote(folder) else folder
    return BuildSpec(
        folder,
        str(values["dockerfile"]).strip(),
        str(values["tag"]).strip(),
        str(values["target"]).strip(),
        texts("args"),
        values["no_cache"] is True,
        values["pull"] is True,
        cast("Builder", values["builder"]),
        tuple(resolved_secret(beside, text) for text in texts("secrets")),
        texts("ssh"),
        tuple(resolved_context(beside, text) for text in texts("contexts")),
        str(values["platform"]).strip(),
    )


def values_of(spec: BuildSpec) -> dict[str, FormValue]:
    """Return what the fields hold for a build."""
    texts = ("folder", "dockerfile", "tag", "target", "builder", "platform")
    return {
        **{name: cast("str", getattr(spec, name)) for name in texts},
        **{name: list(cast("tuple[str, ...]", getattr(spec, name))) for name in LISTS},
        **{name: cast("bool", getattr(spec, name)) for name in SWITCHES},
    }


def kept(values: Values) -> dict[str, FormValue]:
    """Return what of a form is remembered: no folder, no argument that looks secret, no URL with a login in it."""
    args = cast("list[str]", values["args"])
    hidden = secret_names(args)
    lists = {name: [line for line in cast("list[str]", values[name]) if without_login(line) == line] for name in LISTS}
    lists["args"] = [line for line in lists["args"] if line.partition("=")[0].strip() not in hidden]
    return {**values, **lists, "folder": ""}


def recalled(form: Mapping[str, FormValue]) -> dict[str, FormValue]:
    """Return what a remembered form holds that this version knows, each of its own kind."""
    known = values_of(BuildSpec(""))
    found = {name: value for name, value in form.items() if name in known and type(value) is type(known[name])}
    found.pop("folder", None)
    if found.get("builder") not in (None, "1", "2", "x"):
        del found["builder"]
    return found


def fill(field: Field, value: FormValue) -> None:
    """Put a value into a field, as if it had stood there from the beginning; one of another kind is left out."""
    match field, value:
        case ListField(), list():
            field.set_value(value)
        case ToggleField(), bool():
            field.set_value(value)
        case ((TextField() | ChoiceField()), str()):
            field.set_value(value)
        case _:
            pass
