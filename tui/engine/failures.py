"""Exceptions of aiohttp, the system and OpenSSL as errors of errors.py: which kind, in words, and what to do."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl

import aiohttp

from tui.engine.endpoint import Endpoint
from tui.engine.errors import ConnectionFailed, ConnectionLost, EngineError, FailureKind
from tui.engine.tls import tls_failure

USE_TLS = "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem"

TLS_ALERT = re.compile(r"b'\\+x1[56]\\+x03")
"""The start of a TLS alert, as a parser of HTTP quotes it."""


def describe(error: BaseException) -> str:
    """Return a short reason for an exception of aiohttp or the system."""
    cause = getattr(error, "os_error", None) or error
    if isinstance(cause, aiohttp.ClientPayloadError):
        return "the daemon closed the connection before the answer was whole"
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:  # a name look-up's is below 0
        return os.strerror(cause.errno)
    text = getattr(cause, "strerror", None) or str(cause)
    return text or type(cause).__name__


def connection_error(endpoint: Endpoint, error: BaseException) -> EngineError:
    """Return which way a request failed before its answer began."""
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    kind: FailureKind = "unreachable"
    hint = ""
    if (broken := _tls_error(cause)) is not None:
        return tls_failure(endpoint, broken)
    if isinstance(cause, FileNotFoundError):
        kind, hint = "no socket", "is the Docker daemon running on this machine?"
    elif isinstance(cause, PermissionError):
        kind, hint = "permission denied", socket_hint(endpoint)
    elif isinstance(cause, ConnectionRefusedError):
        kind = "refused"
        local = "nothing listens there; start the daemon (systemctl start docker)"
        hint = local if endpoint.socket_path else "nothing listens there; is the daemon set up to listen on TCP?"
    elif isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        hint = "the daemon hangs, or a firewall drops the packets"
        return ConnectionFailed(endpoint.url, "timed out", "no answer", hint)
    elif isinstance(error, aiohttp.ClientConnectorError) and isinstance(cause, ConnectionError):
        return hung_up(endpoint)  # in the middle of TLS's handshake
    elif isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)) or (
        isinstance(cause, OSError) and cause.errno in (errno.ECONNRESET, errno.EPIPE)
    ):
        return ConnectionLost(endpoint.url, describe(error) or "the daemon closed the connection")
    elif isinstance(error, aiohttp.ClientResponseError):
        if TLS_ALERT.search(str(error)):
            return ConnectionFailed(endpoint.url, "TLS", "that port speaks TLS, and was spoken to without", USE_TLS)
        return ConnectionFailed(
            endpoint.url, "not an engine", "it does not speak HTTP", "check the address and the port"
        )
    elif isinstance(error, UnicodeError):
        words = "no machine can have that name: a part of it is too long, or no name"
        return ConnectionFailed(endpoint.url, kind, words, "check the address")
    elif isinstance(cause, socket.gaierror):
        hint = "no machine has that name here: check its spelling, the network, and the DNS"
    return ConnectionFailed(endpoint.url, kind, describe(error), hint)


def _tls_error(cause: object) -> ssl.SSLError | None:
    """Return OpenSSL's error in an exception: aiohttp wraps the alert that comes after the handshake once more."""
    if isinstance(cause, ssl.SSLError):
        return cause
    inner = getattr(cause, "__cause__", None)
    return inner if isinstance(inner, ssl.SSLError) else None


def not_an_engine(endpoint: Endpoint, status: int, body: bytes) -> ConnectionFailed:
    """Return what is wrong with an answer to `GET /_ping` that is none of an engine."""
    if b"HTTP request to an HTTPS server" in body or b"plain HTTP request was sent to HTTPS port" in body:
        return ConnectionFailed(endpoint.url, "TLS", "that port speaks TLS, and was spoken to without", USE_TLS)
    if status in (401, 403):
        detail, hint = f"who stands before the daemon refuses GET /_ping (HTTP {status})", "let /_ping through there"
        return ConnectionFailed(endpoint.url, "permission denied", detail, hint)
    return ConnectionFailed(
        endpoint.url, "not an engine", f"it answers HTTP {status} without an API version", "check the address"
    )


def other_version(endpoint: Endpoint, detail: str, hint: str) -> ConnectionFailed:
    """Return that the daemon and hythe have no version of the API in common."""
    return ConnectionFailed(endpoint.url, "version", detail, hint)


def hung_up(endpoint: Endpoint) -> ConnectionFailed:
    """Return what it means that who listens at `endpoint` closes the connection before any answer."""
    if endpoint.tls is not None:
        hint = "does the daemon accept the client certificate, and is that its TLS port?"
    elif endpoint.ssh is not None:
        hint = "the connection broke; it is tried again"
    elif endpoint.socket_path is None:
        hint = f"does that port speak TLS? Then {USE_TLS}"
    else:
        hint = "is the daemon about to start or to stop?"
    return ConnectionFailed(endpoint.url, "unreachable", "who listens there hangs up without an answer", hint)


def socket_hint(endpoint: Endpoint) -> str:
    """Return which group would give access to the endpoint's socket."""
    import grp
    from pathlib import Path

    path = endpoint.socket_path
    try:
        owner = Path(path or "").stat()
        group = grp.getgrgid(owner.st_gid).gr_name
    except (OSError, KeyError):
        return "run hythe as a user who may open the socket"
    if group == "root" or not owner.st_mode & 0o020:
        return "only root may open this socket: use sudo, or a rootless daemon"
    return f"join the group {group}: sudo usermod -aG {group} $USER, then log in again"
