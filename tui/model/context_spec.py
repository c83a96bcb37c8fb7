"""What a Docker context is made of: the grammar of its name and host, and the equal `docker context` lines."""

import csv
import io
import re
import shlex
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

DEFAULT: Final = "default"
"""The context that is no entry of the store: DOCKER_HOST, or else the default socket."""

LONGEST_NAME: Final = 255
"""Characters; docker itself knows no limit, but nobody can read or type more."""

LONGEST_SOCKET: Final = 107
"""Bytes of a unix socket's path, the most that Linux takes."""

_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")
_SCHEMES: Final = ("unix", "tcp", "ssh", "http", "https")


class ContextSpec(msgspec.Struct, frozen=True):
    """A context as `docker context create` takes it; `ca`, `cert` and `key` are paths of PEM files, or empty."""

    name: str
    description: str = ""
    host: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    skip_tls_verify: bool = False


def check_name(text: str) -> str | None:
    """Returns what is wrong with the name of a context by docker's own rule, or None."""
    if not text:
        return "needs a name"
    if text == DEFAULT:
        return "docker keeps this name for itself: it means DOCKER_HOST, or else the default socket"
    if len(text) > LONGEST_NAME:
        return f"has {len(text):,} characters, and {LONGEST_NAME} are enough"
    if not _NAME.fullmatch(text):
        return "two or more of a-z A-Z 0-9 _ . + -, and the first a letter or digit"
    return None


def check_host(text: str) -> str | None:
    """Returns what is wrong with the URL of a daemon, or None."""
    if not text:
        return "needs the address of a daemon: unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST"
    if not text.isprintable():
        return "holds a character that cannot be printed"
    scheme, found, rest = text.partition("://")
    if not found:
        return "begins with unix://, tcp:// or ssh://"
    if scheme not in _SCHEMES:
        return f"{scheme}:// is not one of unix://, tcp://, ssh://"
    return _check_socket(rest) if scheme == "unix" else _check_address(text, scheme)


def _check_socket(path: str) -> str | None:
    if not path.startswith("/"):
        return "needs an absolute path: unix:///var/run/docker.sock"
    if len(path.encode()) > LONGEST_SOCKET:
        return f"the path has {len(path.encode()):,} bytes, and a socket's has at most {LONGEST_SOCKET}"
    return None


def _check_address(text: str, scheme: str) -> str | None:
    if " " in text:
        return "holds a blank"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"not an address: {error}"
    if not host:
        return f"names no host: {scheme}://HOST"
    if host.startswith("-"):
        return "a host does not begin with a dash"
    if port == 0:
        return "port 0 is none to connect to"
    if parts.password is not None:
        return "no password belongs here: use keys" if scheme == "ssh" else "no password belongs here"
    if parts.query or parts.fragment:
        return "ends after the host and port: no ? and no #"
    return "no user belongs here: only ssh:// has one" if parts.username is not None and scheme != "ssh" else None


def needs_no_tls(host: str) -> bool:
    """Returns whether a URL is of a kind that TLS files mean nothing to."""
    return host.startswith(("unix://", "ssh://"))


def create_line(spec: ContextSpec) -> str:
    """Returns the equal `docker context create` line, quoted for a shell."""
    words = ["docker", "context", "create"]
    if spec.description:
        words += ["--description", spec.description]
    return shlex.join([*words, "--docker", endpoint_option(spec), spec.name])


def update_line(before: ContextSpec, after: ContextSpec) -> str:
    """Returns the equal `docker context update` line, with what differs; empty when nothing does.

    The endpoint is told as a whole, since docker forgets what is left out. (Docker itself can't empty a description.)
    """
    words: list[str] = []
    if after.description != before.description:
        words += ["--description", after.description]
    if msgspec.structs.replace(after, description=before.description) != before:
        words += ["--docker", endpoint_option(after)]
    return shlex.join(["docker", "context", "update", *words, after.name]) if words else ""


def use_line(name: str) -> str:
    """Returns the line that makes a context docker's current one."""
    return shlex.join(["docker", "context", "use", name])


def remove_line(names: Sequence[str], *, force: bool) -> str:
    """Returns the line that removes contexts; `force` is needed for the current one."""
    return shlex.join(["docker", "context", "rm", *(["--force"] if force else []), *names])


def endpoint_option(spec: ContextSpec) -> str:
    """Returns the value of `--docker`: KEY=VALUE pairs in one line of CSV, as docker reads it."""
    pairs = [("host", spec.host), ("ca", spec.ca), ("cert", spec.cert), ("key", spec.key)]
    fields = [f"{key}={value}" for key, value in pairs if value]
    if spec.skip_tls_verify:
        fields.append("skip-tls-verify=true")
    if len(fields) == 1 and fields[0].count("=") == 1:
        return fields[0]  # docker takes what has one = as it is, quotes and commas included
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()
