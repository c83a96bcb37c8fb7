"""What ssh, sshd and the remote side say when there is no way through, as errors of errors.py."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Sequence
from typing import NamedTuple

from tui.engine.errors import ConnectionFailed, FailureKind
from tui.engine.ssh_address import SshAddress

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

ASK_HINT = "F5 lets ssh ask you for it; with a key in the agent (ssh-add) it need not"


class _Rule(NamedTuple):
    """A text of OpenSSH's (or of the remote docker command), and what it means; `{}` is the host."""

    pattern: str
    kind: FailureKind
    detail: str = ""
    hint: str = ""


# The first that matches counts. Texts as of OpenSSH 8 to 10: sshconnect.c, sshconnect2.c, kex.c, readconf.c.
_RULES = (
    _Rule(r"REMOTE HOST IDENTIFICATION HAS CHANGED", "ssh", "the host key of {} is not the one that is known",
          "somebody may be listening in between; where the change is right: ssh-keygen -R {}"),
    _Rule(r"you have requested strict checking|No .* host key is known for .* strict", "ssh",
          "the host key of {} is not known, and StrictHostKeyChecking lets no other in",
          "add the key to known_hosts, from a source that you trust"),
    _Rule(r"Host key verification failed", "ssh asks", "the host key of {} is not known yet", ASK_HINT),
    _Rule(r"Too many authentication failures", "ssh", "{} refused too many keys",
          "set IdentitiesOnly and IdentityFile for this host in your ssh configuration"),
    _Rule(r"Permission denied \(", "ssh asks", "{} takes no key that needs no answer", ASK_HINT),
    _Rule(r"Could not resolve hostname", "unreachable", "no machine has the name {}",
          "check its spelling, your ssh configuration and the network"),
    _Rule(r"Connection refused", "refused", "", "does sshd run there, and on that port?"),
    _Rule(r"Operation timed out|Connection timed out|timed out during banner|No route to host|Network is unreachable",
          "timed out", "", "is the machine up, and the way to it open?"),
    _Rule(r"kex_exchange_identification|Connection (closed|reset) by", "ssh", "sshd of {} closed the connection",
          "too many connections at once (MaxStartups), or its rules keep this machine out"),
    _Rule(r"Bad owner or permissions on|Bad configuration option|terminating, \d+ bad configuration", "ssh", "",
          "your ssh configuration needs a look"),
    _Rule(r"no matching (host key|cipher|key exchange|MAC)", "ssh", "", "that sshd is too old or too new for this ssh"),
)  # fmt: skip


def clean_lines(data: bytes) -> list[str]:
    """Return the lines of what a program printed, without control characters."""
    lines = (CONTROL.sub("", line).strip() for line in data.decode("utf-8", "replace").splitlines())
    return [line for line in lines if line]


def ssh_failure(address: SshAddress, lines: Sequence[str], code: int | None, *, asked: bool) -> ConnectionFailed:
    """Return why ssh did not get through, from its last `lines`; `asked` is whether it could ask a person."""
    said = "\n".join(lines)
    last = lines[-1] if lines else f"ssh ended with {code}"
    if code is not None and code < 0:
        return ConnectionFailed(address.url, "ssh", "given up" if -code == signal.SIGINT else f"ssh got signal {-code}")
    for rule in _RULES:
        if re.search(rule.pattern, said, re.IGNORECASE):
            kind, detail, hint = rule.kind, rule.detail.format(address.host), rule.hint.replace("{}", address.host)
            if kind == "ssh asks" and asked:
                kind, detail, hint = "ssh", last, "try it outside: ssh " + address.destination
            return ConnectionFailed(address.url, kind, detail or last, hint)
    return ConnectionFailed(address.url, "ssh", last, "try it outside: ssh " + address.destination)


def here_failure(address: SshAddress, error: OSError) -> ConnectionFailed:
    """Return what stands in the way on this machine: no room for ssh's private folder, or for one more process."""
    words = os.strerror(error.errno) if error.errno else str(error)
    path = error.filename if isinstance(error.filename, str) else ""
    if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        words, hint = f"no ssh can be started: {words}", "too much runs here at once: see ulimit -a"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
        hint = "ssh's sockets need a folder of your own: see that $XDG_RUNTIME_DIR or /tmp can be written to"
    else:
        hint = f"try it outside: ssh {address.destination}"
    return ConnectionFailed(address.url, "ssh", f"{path}: {words}" if path else words, hint)


def remote_failure(address: SshAddress, lines: Sequence[str]) -> ConnectionFailed:
    """Return why the way through ssh ends at no daemon, from what the remote `docker system dial-stdio` said."""
    said = "\n".join(lines)
    last = lines[-1] if lines else "the way through ssh ends at no daemon"
    host = address.host
    if re.search(r"permission denied", said, re.IGNORECASE):
        hint = f"on {host}, join the group that may: sudo usermod -aG docker $USER, then connect again"
        return ConnectionFailed(address.url, "permission denied", last, hint)
    if re.search(r"not found|not recognized|No such file or directory.*docker", said, re.IGNORECASE):
        if address.path:
            detail = f"sshd of {host} forwards no sockets, and there is no docker command in its place"
            hint = f"on {host}, install the docker command, or set AllowStreamLocalForwarding yes for sshd"
            return ConnectionFailed(address.url, "ssh", detail, hint)
        detail = f"{host} has no docker command, and no socket of a daemon where they usually are"
        return ConnectionFailed(address.url, "no socket", detail, f"name the socket: {address.url}/path/of/docker.sock")
    if re.search(r"Cannot connect to the Docker daemon|failed to connect to the docker API", said, re.IGNORECASE):
        return ConnectionFailed(address.url, "no socket", last, f"start the daemon on {host}")
    return ConnectionFailed(
        address.url, "unreachable", last, f"try it outside: ssh {address.destination} docker version"
    )


def socket_failure(address: SshAddress, path: str, state: str) -> ConnectionFailed:
    """Return what is wrong with the remote socket `path`: `state` is none, denied, or usable but nobody answers."""
    host = address.host
    if state == "none":
        return ConnectionFailed(address.url, "no socket", f"{host} has no {path}", f"is the daemon running on {host}?")
    if state == "denied":
        hint = f"on {host}, join the group that may: sudo usermod -aG docker $USER, then connect again"
        return ConnectionFailed(address.url, "permission denied", f"{path} on {host}", hint)
    return ConnectionFailed(
        address.url, "refused", f"nobody answers at {path} on {host}", f"start the daemon on {host}"
    )
