"""Which daemon to speak to: the docker CLI's own precedence, then the well-known sockets."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tui.engine.errors import EndpointError

DEFAULT_SOCKET = "/var/run/docker.sock"


class Endpoint(msgspec.Struct, frozen=True):
    """Where a daemon listens. `source` says who named it: `--host`, `DOCKER_HOST`, `context NAME`, a known socket.

    `url` is `unix:///path` or `tcp://host:port`; `name` is what the header shows.
    """

    url: str
    source: str
    name: str = ""

    @property
    def socket_path(self) -> str | None:
        """The path of a unix socket, or None for TCP."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None

    @property
    def label(self) -> str:
        """The name to show: the context's, or the URL."""
        return self.name or self.url


class ContextEndpoint(msgspec.Struct, rename="pascal"):
    host: str = ""
    skip_tls_verify: bool = msgspec.field(default=False, name="SkipTLSVerify")


BAD_FILE = (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading one of the docker CLI's files may raise."""


class ContextMeta(msgspec.Struct, rename="pascal"):
    """A file `contexts/meta/<sha256 of the name>/meta.json` of the docker CLI's context store."""

    name: str
    endpoints: dict[str, ContextEndpoint] = {}


class CliConfig(msgspec.Struct):
    """The part of the docker CLI's config.json that names the endpoint."""

    current_context: str | None = msgspec.field(default=None, name="currentContext")


def parse_endpoint(url: str, source: str, name: str = "") -> Endpoint:
    """Return the endpoint of a URL as DOCKER_HOST takes it; a bare path is a socket, a bare `host:port` is TCP.

    Raises:
        EndpointError: the scheme is one that hythe does not speak, or the address is incomplete.
    """
    text = url.strip()
    if text.startswith("/"):
        text = f"unix://{text}"
    elif "://" not in text:
        text = f"tcp://{text}"
    scheme, _, rest = text.partition("://")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise EndpointError(f"{source}: {url!r} needs an absolute path", "write it as unix:///var/run/docker.sock")
        return Endpoint(text, source, name)
    if scheme in ("tcp", "http"):
        return Endpoint(_tcp_url(url, rest, source), source, name)
    raise EndpointError(
        f"{source}: {scheme}:// is not supported by this version",
        "use unix:// or tcp://; for a remote daemon forward its socket: ssh -L /tmp/d.sock:/var/run/docker.sock HOST",
    )


def _tcp_url(url: str, rest: str, source: str) -> str:
    try:
        parts = urlsplit(f"tcp://{rest}")
        host, port = parts.hostname, parts.port or 2375
    except ValueError as error:
        raise EndpointError(f"{source}: {url!r} is not an address: {error}", "write it as tcp://host:2375") from None
    if not host:
        raise EndpointError(f"{source}: {url!r} names no host", "write it as tcp://host:2375")
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def config_folder(env: Mapping[str, str]) -> Path:
    """Return the docker CLI's configuration folder: DOCKER_CONFIG, else `~/.docker`."""
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or "~").expanduser() / ".docker")


def read_contexts(env: Mapping[str, str]) -> dict[str, Endpoint | EndpointError]:
    """Return the docker CLI's contexts by name, each with its endpoint, or with what is wrong with it."""
    found: dict[str, Endpoint | EndpointError] = {}
    for path in sorted(config_folder(env).glob("contexts/meta/*/meta.json")):
        try:
            meta = msgspec.json.decode(path.read_bytes(), type=ContextMeta)
        except BAD_FILE as error:
            found[path.parent.name[:12]] = EndpointError(f"{path}: {error}")
            continue
        found[meta.name] = _context_endpoint(meta, path)
    return found


def _context_endpoint(meta: ContextMeta, path: Path) -> Endpoint | EndpointError:
    docker = meta.endpoints.get("docker")
    if docker is None or not docker.host:
        return EndpointError(f"context {meta.name}: no docker endpoint in {path}")
    try:
        return parse_endpoint(docker.host, f"context {meta.name}", meta.name)
    except EndpointError as error:
        return error


def context_endpoint(name: str, source: str, env: Mapping[str, str]) -> Endpoint:
    """Return the endpoint of the docker context `name`.

    Raises:
        EndpointError: there is no such context, or its file is wrong. (The docker CLI makes this an error too.)
    """
    if name == "default":
        return _default_endpoint(env, source)
    folder = hashlib.sha256(name.encode()).hexdigest()
    path = config_folder(env) / "contexts" / "meta" / folder / "meta.json"
    try:
        meta = msgspec.json.decode(path.read_bytes(), type=ContextMeta)
    except FileNotFoundError:
        known = ", ".join(["default", *(n for n in read_contexts(env))])
        raise EndpointError(f"{source}: no docker context named {name!r}", f"there are: {known}") from None
    except BAD_FILE as error:
        raise EndpointError(f"{source}: {path}: {error}") from None
    found = _context_endpoint(meta, path)
    if isinstance(found, EndpointError):
        raise found
    return found


def _default_endpoint(env: Mapping[str, str], source: str) -> Endpoint:
    host = env.get("DOCKER_HOST")
    return parse_endpoint(host, "DOCKER_HOST") if host else Endpoint(f"unix://{DEFAULT_SOCKET}", source, "default")


def well_known(env: Mapping[str, str]) -> list[Endpoint]:
    """Return the sockets where daemons usually listen, in the order in which they are tried, whether there or not."""
    home = env.get("HOME") or os.path.expanduser("~")
    runtime = env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    places = [
        (DEFAULT_SOCKET, "default socket"),
        (f"{runtime}/docker.sock", "rootless Docker"),
        (f"{home}/.docker/run/docker.sock", "Docker Desktop"),
        (f"{home}/.docker/desktop/docker.sock", "Docker Desktop for Linux"),
        (f"{home}/.colima/default/docker.sock", "Colima"),
        (f"{home}/.rd/docker.sock", "Rancher Desktop"),
        (f"{runtime}/podman/podman.sock", "rootless Podman"),
        ("/run/podman/podman.sock", "Podman"),
    ]
    return [Endpoint(f"unix://{path}", source) for path, source in places]


def named_endpoint(name: str, source: str, env: Mapping[str, str]) -> Endpoint:
    """Return the endpoint of a docker context, or of a URL.

    Raises:
        EndpointError: there is no such context, or it can't be used.
    """
    if "://" in name:
        return parse_endpoint(name, source)
    return context_endpoint(name, source, env)


def candidates(host: str | None, context: str | None, env: Mapping[str, str]) -> list[Endpoint]:
    """Return the endpoints to try, best first. One that was named, by whatever means, is the only one.

    The order is the docker CLI's: --host, --context, DOCKER_HOST, DOCKER_CONTEXT, the config file's current context;
    when none of them says anything, the well-known sockets.

    Raises:
        EndpointError: the one that was named can't be used.
    """
    if host:
        return [parse_endpoint(host, "--host")]
    if context:
        return [context_endpoint(context, "--context", env)]
    if env.get("DOCKER_HOST"):
        return [parse_endpoint(env["DOCKER_HOST"], "DOCKER_HOST")]
    if env.get("DOCKER_CONTEXT"):
        return [context_endpoint(env["DOCKER_CONTEXT"], "DOCKER_CONTEXT", env)]
    current = _current_context(env)
    if current and current != "default":
        return [context_endpoint(current, "current context", env)]
    return well_known(env)


def _current_context(env: Mapping[str, str]) -> str:
    path = config_folder(env) / "config.json"
    try:
        # an empty file is as good as none, to the docker CLI too
        return msgspec.json.decode(path.read_bytes().strip() or b"{}", type=CliConfig).current_context or ""
    except FileNotFoundError:
        return ""
    except BAD_FILE as error:
        raise EndpointError(f"{path}: {error}", "the docker CLI can't read it either; repair or remove it") from None
