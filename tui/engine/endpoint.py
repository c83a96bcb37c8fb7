"""Which daemon to speak to: the docker CLI's own precedence, then the well-known sockets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tui.engine.errors import EndpointError
from tui.engine.ssh_address import SshAddress, parse_ssh_url

DEFAULT_SOCKET = "/var/run/docker.sock"
PLAIN_PORT, TLS_PORT, HTTPS_PORT = 2375, 2376, 443


class Tls(msgspec.Struct, frozen=True):
    """What TLS is spoken with: PEM files by their path, and whether the daemon's certificate is checked.

    Without `ca` the system's authorities are trusted; without `cert` and `key` no client certificate is shown.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


class Endpoint(msgspec.Struct, frozen=True):
    """Where a daemon listens. `source` says who named it: `--host`, `DOCKER_HOST`, `context NAME`, a known socket.

    `url` is `unix:///path`, `tcp://host:port`, `https://host:port` or `ssh://[user@]host[:port][/path]`; `name` is what
    the header shows; `tls` is how TCP is spoken, None for plain.
    """

    url: str
    source: str
    name: str = ""
    tls: Tls | None = None

    @property
    def socket_path(self) -> str | None:
        """The path of a unix socket on this machine, or None for what is reached otherwise."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None

    @property
    def ssh(self) -> SshAddress | None:
        """Where ssh goes, or None for what is reached otherwise."""
        return parse_ssh_url(self.url) if self.url.startswith("ssh://") else None

    @property
    def remote_host(self) -> str:
        """The name of the machine that the daemon runs on, or an empty string where it is this one, as far as known."""
        if (ssh := self.ssh) is not None:
            return ssh.host
        host = "" if self.socket_path is not None else urlsplit(self.url).hostname or ""
        return "" if host == "localhost" or host.startswith("127.") or host == "::1" else host

    def forward_line(self, port: int, ip: str = "") -> str:
        """Return the `ssh -L` line that brings a port of the daemon's machine, bound to `ip`, to this machine."""
        return (self.ssh or SshAddress(self.remote_host)).forward_line(port, ip)

    @property
    def warning(self) -> str:
        """What a person should know as long as they are connected, or an empty string."""
        return "TLS not verified" if self.tls is not None and not self.tls.verify else ""

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


def parse_endpoint(url: str, source: str, name: str = "", tls: Tls | None = None) -> Endpoint:
    """Return the endpoint of a URL as DOCKER_HOST takes it; a bare path is a socket, a bare `host:port` is TCP.

    `tls` is for tcp:// and https:// alone; https:// has TLS without it too, with the system's authorities.

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
        port = PLAIN_PORT if tls is None else TLS_PORT
        return Endpoint(f"tcp://{_address(url, rest, source, port)}", source, name, tls)
    if scheme == "https":
        return Endpoint(f"https://{_address(url, rest, source, HTTPS_PORT)}", source, name, tls or Tls())
    if scheme == "ssh":
        try:
            return Endpoint(parse_ssh_url(text).url, source, name)
        except ValueError as error:
            hint = (
                "write it as ssh://user@host, with :port and the path of the socket where they are not the usual ones"
            )
            raise EndpointError(f"{source}: {_shown(url)}: {error}", hint) from None
    raise EndpointError(
        f"{source}: {scheme}:// is not supported", "use unix:///path, tcp://host:port, https://host or ssh://user@host"
    )


def _address(url: str, rest: str, source: str, default_port: int) -> str:
    """Return `host:port` of what stands behind the scheme of `url`."""
    hint = f"write it as {url.partition('://')[0] if '://' in url else 'tcp'}://host:{default_port}"
    try:
        parts = urlsplit(f"tcp://{rest}")
        host, port = parts.hostname, parts.port or default_port
    except ValueError as error:
        raise EndpointError(f"{source}: {_shown(url)} is not an address: {error}", hint) from None
    if not host:
        raise EndpointError(f"{source}: {_shown(url)} names no host", hint)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _shown(url: str) -> str:
    """Return an address as an error may show it: a password that somebody wrote into it stays theirs."""
    return repr(without_password(url))


def without_password(url: str) -> str:
    """Return an address, or a context's name, as it may be shown."""
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:…@", url)


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
    material = path.parents[2] / "tls" / path.parent.name / "docker"
    tls = _tls_of(material, "ca.pem", verify=not docker.skip_tls_verify)
    if tls == Tls():
        tls = None  # the docker CLI too speaks plain TCP where a context has no TLS files
    try:
        return parse_endpoint(docker.host, f"context {meta.name}", meta.name, tls)
    except EndpointError as error:
        return error


def _tls_of(folder: Path, ca: str, *, verify: bool) -> Tls:
    """Return the TLS files `ca`, `cert.pem` and `key.pem` of a folder, as far as there are any."""
    files = {name: folder / file for name, file in (("ca", ca), ("cert", "cert.pem"), ("key", "key.pem"))}
    # lexists: a link that leads nowhere is a mistake to be told, not a file that is not there
    return Tls(**{name: str(path) if os.path.lexists(path) else "" for name, path in files.items()}, verify=verify)


def environment_tls(env: Mapping[str, str]) -> Tls | None:
    """Return the TLS that DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH ask for, or None.

    As in the docker CLI any value at all counts, `0` too; the files are `ca.pem`, `cert.pem` and `key.pem` of
    DOCKER_CERT_PATH, else of its configuration folder; the first has to be there.
    """
    if not env.get("DOCKER_TLS_VERIFY") and not env.get("DOCKER_TLS"):
        return None
    folder = Path(env.get("DOCKER_CERT_PATH") or config_folder(env))
    found = _tls_of(folder, "ca.pem", verify=bool(env.get("DOCKER_TLS_VERIFY")))
    return msgspec.structs.replace(found, ca=str(folder / "ca.pem"))


def _from_environment(url: str, source: str, env: Mapping[str, str]) -> Endpoint:
    """Return the endpoint of a URL, with the environment's TLS where it is one of TCP."""
    endpoint = parse_endpoint(url, source)
    if not endpoint.url.startswith(("tcp://", "https://")) or (tls := environment_tls(env)) is None:
        return endpoint
    return parse_endpoint(url, source, tls=tls)


def context_endpoint(name: str, source: str, env: Mapping[str, str]) -> Endpoint:
    """Return the endpoint of the docker context `name`.

    Raises:
        EndpointError: there is no such context, or its file is wrong. (The docker CLI makes this an error too.)
    """
    if name == "default":
        return _default_endpoint(env, source)
    from hashlib import sha256  # only for a context's own folder

    folder = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
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
    return (
        _from_environment(host, "DOCKER_HOST", env) if host else Endpoint(f"unix://{DEFAULT_SOCKET}", source, "default")
    )


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
        return _from_environment(name, source, env)
    return context_endpoint(name, source, env)


def candidates(host: str | None, context: str | None, env: Mapping[str, str], named_by: str = "") -> list[Endpoint]:
    """Return the endpoints to try, best first. One that was named, by whatever means, is the only one.

    `named_by` is what named the host or the context, where it was not the option of that name.

    The order is the docker CLI's: --host, --context, DOCKER_HOST, DOCKER_CONTEXT, the config file's current context;
    when none of them says anything, the well-known sockets.

    Raises:
        EndpointError: the one that was named can't be used.
    """
    if host:
        return [_from_environment(host, named_by or "--host", env)]
    if context:
        return [context_endpoint(context, named_by or "--context", env)]
    if env.get("DOCKER_HOST"):
        return [_from_environment(env["DOCKER_HOST"], "DOCKER_HOST", env)]
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
