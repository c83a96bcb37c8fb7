"""The address of a daemon behind ssh: `ssh://[user@]host[:port][/path/of/the/socket]`, as the docker CLI takes it."""

from __future__ import annotations

import re
from shlex import quote
from urllib.parse import unquote, urlsplit

import msgspec

# What a shell, ssh's own %-expansion or its option parser might take for something else has no place in a name.
_HOST = re.compile(r"[A-Za-z0-9_.:\[\]][A-Za-z0-9_.:%\[\]-]*")
_USER = re.compile(r"[^-\s'\"`$\\;&<>|(){}*?~#\x00-\x1f\x7f-\x9f][^\s'\"`$\\;&<>|(){}*?~#\x00-\x1f\x7f-\x9f]*")


class SshAddress(msgspec.Struct, frozen=True):
    """Where ssh goes: `host` is a name of the user's ssh configuration or of the network.

    `user` and `port` are empty and 0 where ssh decides, `path` is empty where the remote side does.
    """

    host: str
    user: str = ""
    port: int = 0
    path: str = ""

    @property
    def url(self) -> str:
        """The address as a URL."""
        return f"ssh://{self.destination}{f':{self.port}' if self.port else ''}{self.path}"

    @property
    def destination(self) -> str:
        """The address as a person writes it: `user@host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}" if self.user else host

    def arguments(self) -> list[str]:
        """Return ssh's arguments for it; the last is the host, behind `--` so that it is never an option."""
        user = ["-l", self.user] if self.user else []
        port = ["-p", str(self.port)] if self.port else []
        return [*user, *port, "--", self.host]

    def forward_line(self, port: int, ip: str = "") -> str:
        """Return the `ssh -L` line that brings the remote `port` to the same port of this machine."""
        to = "localhost" if ip in ("", "0.0.0.0", "::") else f"[{ip}]" if ":" in ip else ip
        flag = f"-p {self.port} " if self.port else ""
        who = f"{self.user}@{self.host}" if self.user else self.host
        return f"ssh -N {flag}-L {quote(f'{port}:{to}:{port}')} {quote(who)}"


def parse_ssh_url(url: str) -> SshAddress:
    """Return the parts of an `ssh://` URL.

    Raises:
        ValueError: the docker CLI would not take it either, or a name in it is not plain; the text says what is wrong.
    """
    parts = urlsplit(url)
    if parts.password is not None:
        raise ValueError("a password in the address is not supported; ssh asks for it, or use a key")
    if parts.query or parts.fragment:
        raise ValueError("nothing may follow the path of the socket")
    host, user, path = parts.hostname or "", unquote(parts.username or ""), unquote(parts.path)
    # urlsplit gives the host in lower case, but the names of an ssh configuration have a case
    found = re.search(re.escape(host), parts.netloc.rpartition("@")[2], re.IGNORECASE)
    host = found[0] if found else host
    if not host:
        raise ValueError("it names no host")
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is no name of a host")
    if user and not _USER.fullmatch(user):
        raise ValueError(f"{user!r} is no name of a user")
    if any(not character.isprintable() for character in path):
        raise ValueError("the path of the socket has control characters")
    return SshAddress(host, user, parts.port or 0, "" if path == "/" else path)
