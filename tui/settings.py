"""The settings of a run, from the command line, the environment and a TOML file, and what is wrong in them.

Nothing wrong in a settings file keeps the program from starting: the key stays at its default and the problem is told.
What guards a host fails towards safety: a `guarded` or `read_only` that cannot be read counts as true, and while a
whole file cannot be read every host is guarded.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from themes.toml_file import TomlFile, TomlFileError, read_toml
from tui import paths
from tui.settings_schema import ENVIRONMENT, HOST_KEYS, KEYS, Check, Wrong, check_keys, check_names, suggestion

Color = Literal["full", "ansi", "none"]
Slow = bool | Literal["auto"]


class SettingsProblem(msgspec.Struct, frozen=True):
    """Something wrong in the settings: the file or "environment", the line from 1 if known, the key, what to do."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class HostSettings(msgspec.Struct, frozen=True):
    """How a host is treated: found by its URL, by its Docker context, or by `name` in the place of either.

    In each of the three `*` stands for any text and `?` for one character; such an entry can fit many hosts, and
    gives none of them its name.
    """

    name: str
    url: str | None = None
    context: str | None = None
    color: str | None = None
    guarded: bool = False
    read_only: bool = False

    def fits(self, addresses: Iterable[str], contexts: Iterable[str]) -> bool:
        """Whether it is about the host with one of these addresses or contexts."""
        addresses, contexts = tuple(addresses), tuple(contexts)
        return (
            any(_matches(self.name, text) for text in (*addresses, *contexts))
            or any(_matches(self.url, text) for text in addresses)
            or any(_matches(self.context, text) for text in contexts)
        )

    @property
    def is_pattern(self) -> bool:
        """Whether it may fit more than one host."""
        return any(_is_pattern(text) for text in (self.name, self.url, self.context) if text)

    @property
    def target(self) -> str | None:
        """The one context, or else the one URL, that it is about; None when it names neither."""
        return next((text for text in (self.context, self.url) if text and not _is_pattern(text)), None)


NAMING_OPTIONS = {"host": "--host", "contexts": "--context", "groups": "--group"}
"""The options that name hosts, by what `load_settings` calls them."""


class Settings(msgspec.Struct, frozen=True):
    """Everything that a run can be told; `problems` says what of it could not be understood.

    `host` and `context` are None when nothing but Docker's own variables and contexts should decide. `contexts` has
    all that the command line named, in its order and each once: Docker contexts, and URLs where a group's member is a
    host of the settings that has no context; the first of them is also `context` or `host`. `named_by` is what named
    these, as errors say it: an option or "the settings". `theme` is None when the
    user named none: then the one remembered counts. `keys` maps command ids to the keys that replace their own.
    `log_tail` is in lines; `stop_timeout` in seconds, None for each container's own. With `check_newer` registries are
    asked, about hourly, whether images in use are newer there. With `by_project` the containers are grouped by Compose
    project at the start. `slow` says whether the line of the terminal is; "auto" finds out. `scanner` is trivy, grype,
    scout, or "auto" for the first of them that is found. `audit` is the path of the file that every command is appended
    to, None for none. `refusal` says why what the command line asks for can't be done with this file, and hythe should
    not start.
    """

    host: str | None = None
    context: str | None = None
    contexts: tuple[str, ...] = ()
    named_by: str = ""
    demo: bool = False
    read_only: bool = False
    guarded: bool = False
    theme: str | None = None
    config_path: Path | None = None
    ascii: bool = False
    slow: Slow = "auto"
    color: Color = "full"
    mouse: bool = True
    keymap_preset: str = "default"
    keys: Mapping[str, tuple[str, ...]] = {}
    hosts: Mapping[str, HostSettings] = {}
    groups: Mapping[str, tuple[str, ...]] = {}
    log_tail: int = 500
    check_newer: bool = False
    by_project: bool = False
    scanner: str = "auto"
    stop_timeout: int | None = None
    audit: str | None = None
    problems: tuple[SettingsProblem, ...] = ()
    refusal: str | None = None

    def host_settings(self, url: str, context: str | None = None, aliases: Iterable[str] = ()) -> HostSettings:
        """How to treat the host at *url* that the Docker context *context* named, with what holds for every host.

        *aliases* are other contexts with the same URL: whoever reaches a guarded host by another way finds it guarded.
        When several entries fit, the strictest of each guard counts, and the first with a colour gives it. The result
        has the name to show: that of the first entry which is about this host alone (and no alias), else the context,
        else the URL.
        """
        own = [context] if context else []
        addresses = addresses_of(url)
        fitting = [host for host in self.hosts.values() if host.fits(addresses, [*own, *aliases])]
        named = (host.name for host in fitting if not host.is_pattern and host.fits(addresses, own))
        return HostSettings(
            next(named, context or url),
            url,
            context,
            next((host.color for host in fitting if host.color), None),
            guarded=self.guarded or any(host.guarded for host in fitting),
            read_only=self.read_only or any(host.read_only for host in fitting),
        )


def addresses_of(url: str) -> tuple[str, ...]:
    """The ways in which people write *url*: without a slash at its end, and without the port that goes without saying.

    Ports are left out where they are those of Docker (2375, 2376) or of ssh (22).
    """
    url = url.rstrip("/")
    short = re.sub(r"(?<=^tcp://)(.+):237[56]$|(?<=^ssh://)(.+):22$", lambda found: found[1] or found[2], url)
    return (url,) if short == url else (url, short)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _matches(pattern: str | None, text: str) -> bool:
    """Whether *text* is what a pattern with `*` and `?` means; a bracket is itself: IPv6 addresses have them."""
    if pattern is None:
        return False
    if not _is_pattern(pattern):
        return pattern.rstrip("/") == text
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(char) or re.escape(char) for char in pattern), text, re.DOTALL) is not None


def load_settings(arguments: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this run; the command line wins over the environment, that over the file. Never raises.

    *arguments* holds what the command line named: host, contexts and groups (lists of names), demo, read_only, theme,
    config, ascii, slow; None or False where it named nothing.
    """
    environment = os.environ if environment is None else environment
    file = arguments.get("config") or environment.get("HYTHE_CONFIG")
    path = Path(os.path.expanduser(str(file))) if file else paths.settings_file()
    values, problems = _read_file(path, must_exist=bool(file))
    if environment.get("DOCKER_HOST") or environment.get("DOCKER_CONTEXT"):
        values.pop("host", None)
        values.pop("context", None)
    _apply_environment(values, problems, environment)
    _apply_arguments(values, arguments)
    _apply_groups(values, problems, cast("Sequence[str]", arguments.get("groups") or ()), path)
    if values.get("host") or values.get("context"):
        named = (option for name, option in NAMING_OPTIONS.items() if arguments.get(name))
        values["named_by"] = next(named, "the settings")
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
    if any(arguments.get(name) for name in ("host", "contexts", "groups", "demo")):
        values.pop("host", None)
        values.pop("context", None)
    for name in ("host", "demo", "read_only", "theme", "ascii", "slow"):
        if arguments.get(name):
            values[name] = arguments[name]
    if named := cast("Sequence[str] | None", arguments.get("contexts")):
        values["contexts"] = tuple(dict.fromkeys(named))
        values["context"] = named[0]


def _apply_groups(
    values: dict[str, Any], problems: Sequence[SettingsProblem], named: Sequence[str], path: Path | None
) -> None:
    """Put the members of the groups that were named in the place of contexts."""
    groups: Mapping[str, tuple[str, ...]] = values.get("groups", {})
    hosts: Mapping[str, HostSettings] = values.get("hosts", {})
    members: dict[str, None] = {}
    for name in named:
        if name not in groups:
            about = next((str(each) for each in problems if each.key in ("", f"groups.{name}")), None)
            known = ", ".join(groups)
            hint = about or (f"there are: {known}" if known else 'write [groups] and NAME = ["CONTEXT"] there')
            values["refusal"] = f"no group {name!r} in {path or 'the settings'}: {hint}"
            return
        for member in groups[name]:
            host = hosts.get(member)
            members[(host.target if host else None) or member] = None
    if members:
        first = next(iter(members))
        values["contexts"] = tuple(members)
        values["host" if "://" in first else "context"] = first


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
        values["groups"] = self.groups(values.pop("groups", {}))
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

    def groups(self, table: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
        """The members of each group by its name."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in table.items():
            try:
                found[name] = check_names(value)
            except Wrong as wrong:
                self.note(wrong.message, "groups", name)
        return found
