"""The run form as a table: which option of `docker run` has which field, in which group, and what stands in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from tui.model.run_flags import FLAGS, Check
from tui.model.run_line import option_lines, parse_option_line
from tui.model.run_spec import RunSpec, run_spec

Editor = Literal["text", "list", "toggle", "choice"]
Value = str | bool | list[str]

OTHER = "other"
"""The name of the field that holds options without a field of their own."""


class RunField(msgspec.Struct, frozen=True):
    """One field: the option's name (or `image`, `command`, OTHER), and its words. `caption` stands beside a toggle."""

    name: str
    label: str
    editor: Editor = "text"
    placeholder: str = ""
    hint: str = ""
    caption: str = ""
    options: tuple[tuple[str, str], ...] = ()


class RunGroup(msgspec.Struct, frozen=True):
    """Fields under a heading; those of the first group stand without one."""

    title: str
    fields: tuple[RunField, ...]
    opened: bool = False


def _list(name: str, label: str, placeholder: str, hint: str = "one a line") -> RunField:
    return RunField(name, label, "list", placeholder, hint)


def _toggle(name: str, label: str, caption: str) -> RunField:
    return RunField(name, label, "toggle", caption=caption)


GROUPS: tuple[RunGroup, ...] = (
    RunGroup("", (
        RunField("image", "Image", placeholder="busybox:latest"),
        RunField("name", "Name", placeholder="the daemon makes one up"),
        RunField("command", "Command", placeholder="words as in a shell"),
    ), True),
    RunGroup("Ports and network", (
        _list("publish", "Ports", "8080:80", "[[IP:]HOST:]CONTAINER[/udp], one a line"),
        _toggle("publish-all", "Publish all", "what the image exposes, at ports that the daemon picks"),
        _list("network", "Network", "bridge", "one a line: NAME, host, none, container:NAME, name=NAME,alias=…"),
        _list("network-alias", "Aliases", "db", "further names in the first network, one a line"),
        RunField("hostname", "Host name", placeholder="the short ID"),
    ), True),
    RunGroup("Environment and files", (
        _list("env", "Environment", "KEY=VALUE", "KEY=VALUE, or KEY for hythe's own value, one a line"),
        _list("env-file", "Env files", "/path/to/.env", "read on this machine, one a line"),
        _list("volume", "Volumes", "data:/data", "NAME:/path or /host/path:/path[:ro], one a line"),
        _list("mount", "Mounts", "type=bind,source=/srv,target=/srv,readonly"),
        _list("tmpfs", "Tmpfs", "/run:size=64m,mode=1777"),
    ), True),
    RunGroup("Life", (
        RunField("restart", "Restart", placeholder="no", hint="no, always, unless-stopped, on-failure[:TIMES]"),
        _toggle("rm", "Auto-remove", "remove it when it exits (--rm)"),
        _toggle("detach", "Detach", "in the background (-d); else its output is shown"),
        _toggle("tty", "Terminal", "give it a terminal (-t)"),
        _toggle("interactive", "Input", "keep its input open (-i)"),
        RunField("pull", "Pull", placeholder="asks when the image is missing", hint="missing, always or never"),
    ), True),
    RunGroup("How it starts", (
        RunField("entrypoint", "Entrypoint", placeholder="the image's own", hint="one word; '' for none"),
        RunField("workdir", "Folder", placeholder="/"),
        RunField("user", "User", placeholder="root", hint="NAME or UID[:GROUP or GID]"),
        _list("group-add", "Groups", "audio", "further groups, one a line"),
        RunField("init", "Init", "choice", hint="a first process that passes signals on and reaps",
                 options=(("", "as the daemon is set up"), ("true", "yes"), ("false", "no"))),
        RunField("platform", "Platform", placeholder="the host's own", hint="linux/arm64"),
        RunField("stop-signal", "Stop signal", placeholder="SIGTERM"),
        RunField("stop-timeout", "Stop timeout", placeholder="10", hint="seconds from the stop signal to SIGKILL"),
    )),
    RunGroup("More of the network", (
        _list("expose", "Expose", "80/tcp", "ports that it listens on but does not publish, one a line"),
        _list("add-host", "Extra hosts", "host.docker.internal:host-gateway", "NAME:IP, one a line"),
        _list("dns", "DNS servers", "1.1.1.1"),
        _list("dns-search", "DNS search", "example.com"),
        _list("dns-option", "DNS options", "ndots:2"),
        RunField("ip", "IPv4 address", placeholder="the daemon picks", hint="in the first network"),
        RunField("ip6", "IPv6 address", placeholder="the daemon picks", hint="in the first network"),
        RunField("mac-address", "MAC address", placeholder="92:d0:c6:0a:29:33"),
        _list("link", "Links", "db:database", "CONTAINER[:ALIAS], one a line"),
        RunField("domainname", "Domain name"),
    )),
    RunGroup("More of the files", (
        _list("volumes-from", "Volumes from", "CONTAINER[:ro]", "the mounts of other containers, one a line"),
        _toggle("read-only", "Read-only", "its own file system cannot be written"),
        RunField("shm-size", "/dev/shm", placeholder="64m"),
    )),
    RunGroup("Limits", (
        RunField("memory", "Memory", placeholder="no limit", hint="512m, 2g"),
        RunField("memory-swap", "Memory and swap", placeholder="twice the memory", hint="-1 for no limit"),
        RunField("memory-reservation", "Soft limit", placeholder="none", hint="when memory is short"),
        RunField("cpus", "CPUs", placeholder="all", hint="1.5"),
        RunField("cpuset-cpus", "On CPUs", placeholder="any", hint="0-3,5"),
        RunField("cpu-shares", "CPU shares", placeholder="1024", hint="its weight beside other containers"),
        RunField("pids-limit", "Processes", placeholder="no limit", hint="-1 for no limit"),
        _list("ulimit", "Ulimits", "nofile=1024:65536", "NAME=SOFT[:HARD], one a line"),
    )),
    RunGroup("Devices", (
        _list("gpus", "GPUs", "all", 'all, a number, device=0 or "device=0,1"'),
        _list("device", "Devices", "/dev/ttyUSB0", "/dev/x[:/dev/y][:rwm], one a line"),
    )),
    RunGroup("Health check", (
        RunField("health-cmd", "Command", placeholder="the image's own", hint="a shell's line; exit 0 is healthy"),
        RunField("health-interval", "Every", placeholder="30s"),
        RunField("health-timeout", "Timeout", placeholder="30s"),
        RunField("health-retries", "Retries", placeholder="3", hint="failures in a row that make it unhealthy"),
        RunField("health-start-period", "Start period", placeholder="0s", hint="while failures don't count"),
        RunField("health-start-interval", "Start interval", placeholder="5s", hint="between checks in that period"),
        _toggle("no-healthcheck", "No check", "not even the image's"),
    )),
    RunGroup("Security and namespaces", (
        _toggle("privileged", "Privileged", "all capabilities, all devices: as root on the host"),
        _list("cap-add", "Add rights", "NET_ADMIN", "capabilities, one a line"),
        _list("cap-drop", "Drop rights", "ALL", "capabilities, one a line"),
        _list("security-opt", "Security", "no-new-privileges"),
        RunField("ipc", "IPC", placeholder="private", hint="private, shareable, host, none, container:NAME"),
        RunField("pid", "Processes of", placeholder="its own", hint="host, container:NAME"),
        RunField("uts", "Host name of", placeholder="its own", hint="host"),
        RunField("userns", "Users of", placeholder="as the daemon is set up", hint="host"),
        RunField("cgroupns", "Cgroups of", placeholder="as the daemon is set up", hint="host, private"),
        _list("sysctl", "Sysctls", "net.core.somaxconn=1024"),
        RunField("runtime", "Runtime", placeholder="the daemon's default"),
    )),
    RunGroup("Labels and logging", (
        _list("label", "Labels", "KEY=VALUE"),
        _list("label-file", "Label files", "/path/to/labels", "read on this machine, one a line"),
        RunField("log-driver", "Log driver", placeholder="the daemon's default"),
        _list("log-opt", "Log options", "max-size=10m"),
    )),
    RunGroup("Other options", (
        _list(OTHER, "Other", "--blkio-weight 300", "what has no field here, as docker run takes it, one a line"),
    )),
)  # fmt: skip

FIELDS: Mapping[str, RunField] = {field.name: field for group in GROUPS for field in group.fields}

_AS_IT_IS = frozenset({"env", "label", "log-opt", "annotation", "sysctl", "health-cmd"})
"""Options whose values may end in blanks that mean something."""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as a shell splits them; nothing is run. Raises ValueError for a quote left open."""
    return tuple(shlex.split(text))


def check_command(text: str) -> str | None:
    """Return what is wrong with the command's quotes, or None."""
    try:
        words_of(text)
    except ValueError as error:
        return f"{str(error).lower()}: close the quote, or put a backslash before it"
    return None


def check_entrypoint(text: str) -> str | None:
    """Return what is wrong with the entrypoint, or None."""
    problem = check_command(text)
    if problem is None and len(words_of(text)) > 1:
        return "one word alone: its arguments are the command, or put the word in quotes"
    return problem


def check_other(text: str) -> str | None:
    """Return what is wrong with a line of other options, or None."""
    options, problem = parse_option_line(text)
    own = next((FIELDS[name] for name in options if name in FIELDS), None)
    return f"--{own.name} has a field of its own: {own.label}" if own is not None else problem


def check_of(name: str) -> Check | None:
    """Return the check of a field by itself; None where anything may stand."""
    if name == "command":
        return check_command
    if name == "entrypoint":
        return check_entrypoint
    if name == OTHER:
        return check_other
    flag = FLAGS.get(name)
    check = flag.check if flag is not None else None
    if check is None:
        return None
    # an empty text is an option that is not given; blanks around most others come from typing
    return lambda text: check(text if name in _AS_IT_IS else text.strip()) if text.strip() else None


def values_of(spec: RunSpec) -> dict[str, Value]:
    """Return what the fields hold for a spec; `spec_from` gives the spec back."""
    values: dict[str, Value] = {"image": spec.image, "command": shlex.join(spec.command)}
    for name, field in FIELDS.items():
        if name == OTHER:
            values[name] = option_lines(spec, [name for name in spec.options if name not in FIELDS])
        elif name == "entrypoint":
            values[name] = shlex.quote(spec.one(name)) if spec.all(name) else ""
        elif field.editor == "list":
            values[name] = list(spec.all(name))
        elif field.editor == "toggle":
            values[name] = spec.on(name)
        elif name in FLAGS:
            values[name] = spec.one(name)
    return values


def spec_from(values: Mapping[str, Value]) -> RunSpec:
    """Return the container that the fields ask for. Raises ValueError for a quote that is left open."""
    options: dict[str, tuple[str, ...]] = {}
    for name in FLAGS:
        options[name] = _given(name, values.get(name, ""))
    for line in _lines(values.get(OTHER, [])):
        for name, found in parse_option_line(line)[0].items():
            if name not in FIELDS:
                options[name] = (*options[name], *found) if FLAGS[name].kind == "list" else found
    return run_spec(str(values.get("image", "")).strip(), words_of(str(values.get("command", ""))), options)


def _lines(value: Value) -> Sequence[str]:
    return value if isinstance(value, list) else ()


def _given(name: str, value: Value) -> tuple[str, ...]:
    """The values of an option that a field asks for."""
    if isinstance(value, bool):
        return ("true",) if value else ()
    texts = value if isinstance(value, list) else [value]
    kept = tuple(text if name in _AS_IT_IS else text.strip() for text in texts if text.strip())
    if name == "entrypoint":
        words = words_of(kept[0]) if kept else ()
        return (words[0],) if words else ()
    return kept


def field_of(name: str) -> str:
    """Return the name of the field where an option stands."""
    return name if name in FIELDS else OTHER
