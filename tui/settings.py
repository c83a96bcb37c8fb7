"""The settings of a run, from the command line, the environment and a TOML file, and what is wrong in them.

Nothing wrong in a settings file keeps the program from starting: the key stays at its default and the problem is told.
What guards a host fails towards safety: a `guarded` or `read_only` that cannot be read counts as true, and while a
whole file cannot be read every host is guarded.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from themes.toml_file import TomlFile, TomlFileError, read_toml
from tui import paths
from tui.settings_schema import ENVIRONMENT, HOST_KEYS, KEYS, Check, Wrong, check_keys, suggestion

Color = Literal["full", "ansi", "none"]


@dataclass(frozen=True)
class SettingsProblem:
    """Something wrong in the settings: the file or "environment", the line from 1 if known, the key, what to do."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


@dataclass(frozen=True)
class HostSettings:
    """How one host is treated: found by its name (a Docker context or free), its URL or its context."""

    name: str
    url: str | None = None
    context: str | None = None
    color: str | None = None
    guarded: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Settings:
    """Everything that a run can be told; `problems` says what of it could not be understood.

    `host` and `context` are None when nothing but Docker's own variables and contexts should decide. `theme` is None
    when the user named none: then the one remembered counts. `keys` maps command ids to the keys that replace their
    own. `log_tail` is in lines; `stop_timeout` in seconds, None for each container's own.
    """

    host: str | None = None
    context: str | None = None
    demo: bool = False
    read_only: bool = False
    guarded: bool = False
    theme: str | None = None
    config_path: Path | None = None
    ascii: bool = False
    color: Color = "full"
    mouse: bool = True
    keymap_preset: str = "default"
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    hosts: Mapping[str, HostSettings] = field(default_factory=dict[str, HostSettings])
    log_tail: int = 500
    stop_timeout: int | None = None
    problems: tuple[SettingsProblem, ...] = ()

    def host_settings(self, url: str, context: str | None = None) -> HostSettings:
        """How to treat the host at *url* that the Docker context *context* named, with what holds for every host.

        When several entries fit, the strictest of each guard counts.
        """
        wanted = {url, url.rstrip("/")} | ({context} if context else set[str]())
        fitting = [host for host in self.hosts.values() if wanted & {host.name, host.url, host.context}]
        first = fitting[0] if fitting else HostSettings(context or url, url, context)
        return replace(
            first,
            guarded=self.guarded or any(host.guarded for host in fitting),
            read_only=self.read_only or any(host.read_only for host in fitting),
        )


def load_settings(arguments: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this run; the command line wins over the environment, that over the file. Never raises.

    *arguments* holds what the command line named: host, context, demo, read_only, theme, config, ascii; None or False
    where it named nothing.
    """
    environment = os.environ if environment is None else environment
    named = arguments.get("config") or environment.get("HYTHE_CONFIG")
    path = Path(os.path.expanduser(str(named))) if named else paths.settings_file()
    values, problems = _read_file(path, must_exist=bool(named))
    if environment.get("DOCKER_HOST") or environment.get("DOCKER_CONTEXT"):
        values.pop("host", None)
        values.pop("context", None)
    _apply_environment(values, problems, environment)
    _apply_arguments(values, arguments)
    values["ascii"] = bool(values.get("ascii", prefers_ascii(environment)))
    if values.get("color", "auto") == "auto":
        values["color"] = terminal_color(environment)
    return Settings(config_path=path, problems=tuple(problems), **values)


def prefers_ascii(environment: Mapping[str, str]) -> bool:
    """True when the locale names an encoding other than UTF-8; an unset locale says nothing against it."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    return bool(locale) and "utf8" not in locale.lower().replace("-", "")


def terminal_color(environment: Mapping[str, str]) -> Color:
    """The colours to use: none with NO_COLOR (https://no-color.org), the terminal's 16 where nothing promises more."""
    if environment.get("NO_COLOR"):
        return "none"
    term = environment.get("TERM", "")
    many = environment.get("COLORTERM") in ("truecolor", "24bit") or any(word in term for word in ("256", "direct"))
    return "full" if many or term in ("xterm-kitty", "alacritty", "foot", "xterm-ghostty") else "ansi"


def _apply_arguments(values: dict[str, Any], arguments: Mapping[str, object]) -> None:
    if any(arguments.get(name) for name in ("host", "context", "demo")):
        values.pop("host", None)
        values.pop("context", None)
    for name in ("host", "context", "demo", "read_only", "theme", "ascii"):
        if arguments.get(name):
            values[name] = arguments[name]


def _apply_environment(values: dict[str, Any], problems: list[SettingsProblem], environment: Mapping[str, str]) -> None:
    for variable, (key, check) in ENVIRONMENT.items():
        if text := environment.get(variable):
            try:
                values[key] = check(text)
            except Wrong as wrong:
                problems.append(SettingsProblem("environment", None, variable, wrong.message))
                if wrong.safe is not None:
                    values[key] = wrong.safe


def _read_file(path: Path | None, *, must_exist: bool) -> tuple[dict[str, Any], list[SettingsProblem]]:
    """The checked values of the settings file, and what is wrong in it."""
    if path is None:
        return {}, []
    try:
        source = read_toml(path)
    except TomlFileError as error:
        if isinstance(error.__cause__, (FileNotFoundError, NotADirectoryError)) and not must_exist:
            return {}, []
        message = f"{error.message}; every host is guarded until this file can be read"
        return {"guarded": True}, [SettingsProblem(str(path), error.line, "", message)]
    return _Reader(source).settings()


class _Reader:
    """Checks a settings file key by key, keeping what is right and noting what is not."""

    def __init__(self, source: TomlFile) -> None:
        self.source = source
        self.problems: list[SettingsProblem] = []

    def settings(self) -> tuple[dict[str, Any], list[SettingsProblem]]:
        """The values as Settings takes them, and the problems in the order of their lines."""
        values = self.table(self.source.data, KEYS)
        if "keymap" in values:
            values["keymap_preset"] = values.pop("keymap")
        values["keys"] = self.keys(values.pop("keys", {}))
        values["hosts"] = self.hosts(values.pop("hosts", {}))
        if values.get("host") and values.get("context"):
            self.note("there is a host already: name one of the two", "context")
            del values["context"]
        self.problems.sort(key=lambda problem: problem.line or 0)
        return values, self.problems

    def note(self, message: str, *key: str) -> None:
        """Record a problem with the dotted *key*."""
        line = self.source.line_of(*key)
        self.problems.append(SettingsProblem(str(self.source.path), line, ".".join(key), message))

    def table(self, table: Mapping[str, object], checks: Mapping[str, Check], *above: str) -> dict[str, Any]:
        """The right values of one table; unknown keys and wrong values are noted."""
        right: dict[str, Any] = {}
        for key, value in table.items():
            if key not in checks:
                self.note(f"unknown key{suggestion(key, checks)}", *above, key)
                continue
            try:
                right[key] = checks[key](value)
            except Wrong as wrong:
                self.note(wrong.message, *above, key)
                if wrong.safe is not None:
                    right[key] = wrong.safe
        return right

    def keys(self, table: Mapping[str, object], *above: str) -> dict[str, tuple[str, ...]]:
        """The keys of each command; `container.stop = "s"` and `[keys.container]` mean the same."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in table.items():
            if isinstance(value, dict):
                found |= self.keys(cast("dict[str, object]", value), *above, name)
                continue
            try:
                found[".".join((*above, name))] = check_keys(value)
            except Wrong as wrong:
                self.note(wrong.message, "keys", *above, name)
        return found

    def hosts(self, table: Mapping[str, object]) -> dict[str, HostSettings]:
        """Each host of the table by its name."""
        found: dict[str, HostSettings] = {}
        for name, value in table.items():
            if isinstance(value, dict):
                values = self.table(cast("dict[str, object]", value), HOST_KEYS, "hosts", name)
                found[name] = HostSettings(name, **values)
            else:
                self.note(f"must be a table: write [hosts.{name}]", "hosts", name)
        return found
