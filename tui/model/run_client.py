"""What the docker CLI does to a line before it asks the daemon: reads files, takes variables, finds paths.

Formats as the docker CLI 28 reads them; what touches files is handed in.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tui.model.run_limits import parse_device
from tui.model.run_mounts import absolute_mount, absolute_volume
from tui.model.run_options import InvalidOption
from tui.model.run_spec import RunSpec

_BOM: Final = b"\xef\xbb\xbf"
LONGEST_LINE: Final = 64 << 10


class Client(msgspec.Struct, frozen=True):
    """The client's side: its folder, its environment, how it reads a file, and what a pattern of paths finds."""

    folder: str
    """Where relative paths count from; empty where that folder is gone."""
    environment: Mapping[str, str]
    read: Callable[[str], bytes]
    """Raises OSError."""
    find: Callable[[str], list[str]]


class ClientProblem(InvalidOption):
    """Something on the client's side is missing or wrong; `option` names the option that asked for it."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def resolved(spec: RunSpec, client: Client) -> RunSpec:
    """Return the spec with everything in it that the client has to bring. Raises ClientProblem."""
    environment = client.environment
    variables = [line for path in spec.all("env-file") for line in _file("env-file", path, client, environment)]
    variables += [_with_value(text, environment) for text in spec.all("env")]
    labels = [line for path in spec.all("label-file") for line in _file("label-file", path, client, None)]
    return spec.with_options(
        env=tuple(variables),
        env_file=(),
        label=(*labels, *spec.all("label")),
        label_file=(),
        volume=tuple(_from_folder("volume", text, absolute_volume, client) for text in spec.all("volume")),
        mount=tuple(_from_folder("mount", text, absolute_mount, client) for text in spec.all("mount")),
        device=tuple(found for text in spec.all("device") for found in _devices(text, client)),
        security_opt=tuple(_profile(text, client) for text in spec.all("security-opt")),
    )


def _from_folder(option: str, text: str, absolute: Callable[[str, str], str], client: Client) -> str:
    """Return a mount whose source counts from the root."""
    found = absolute(text, client.folder or "/")
    if found != text and not client.folder:
        raise ClientProblem(option, f"{text}: the folder that it counts from is gone: write a path from /")
    return found


def _with_value(text: str, environment: Mapping[str, str]) -> str:
    """A variable without a value takes that of the client; where the client has none it is taken from the image's."""
    return f"{text}={environment[text]}" if "=" not in text and text in environment else text


def _bytes(option: str, path: str, client: Client) -> bytes:
    try:
        return client.read(path)
    except OSError as error:
        raise ClientProblem(option, f"{path}: {error.strerror or error}") from None


def _file(option: str, path: str, client: Client, environment: Mapping[str, str] | None) -> list[str]:
    try:
        return parse_file(_bytes(option, path, client), environment)
    except InvalidOption as error:
        raise ClientProblem(option, f"{path}, {error}") from None


def parse_file(data: bytes, environment: Mapping[str, str] | None) -> list[str]:
    """Return the `KEY=VALUE` lines of a file of variables or labels; a `KEY` alone takes the client's value, if any.

    Raises InvalidOption, which names the line.
    """
    found: list[str] = []
    for number, raw in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        if len(raw) >= LONGEST_LINE:
            raise InvalidOption(f"line {number}: longer than the 64 KiB that the docker CLI reads")
        try:
            line = raw.removesuffix(b"\r").decode("utf-8").lstrip()
        except UnicodeDecodeError:
            raise InvalidOption(f"line {number}: it is not UTF-8") from None
        if not line or line.startswith("#"):
            continue
        key, equals, _ = line.partition("=")
        if not key:
            raise InvalidOption(f"line {number}: the name is missing")
        if key != "".join(key.split()):
            raise InvalidOption(f"line {number}: the name {key!r} holds a blank")
        if equals:
            found.append(line)
        elif environment is not None and key in environment:
            found.append(f"{key}={environment[key]}")
    return found


def _devices(text: str, client: Client) -> list[str]:
    device = parse_device(text)
    if not device.host.endswith("*"):
        return [text]
    return [f"{path}:{path}:{device.permissions}" for path in client.find(device.host)]


def _profile(text: str, client: Client) -> str:
    """A seccomp profile is a file of the client's; the daemon gets what is in it."""
    name, _, path = text.partition("=") if "=" in text else text.partition(":")
    if name != "seccomp" or path in ("unconfined", "builtin"):
        return text
    data = _bytes("security-opt", path, client)
    try:
        return "seccomp=" + json.dumps(json.loads(data), separators=(",", ":"))
    except ValueError as error:
        raise ClientProblem("security-opt", f"{path} is not JSON: {error}") from None
