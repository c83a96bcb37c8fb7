"""Why a registry did not give what it was asked for: its own words, or those of the way to it, and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import aiohttp
import msgspec

from tui.engine.errors import EngineError
from tui.engine.failures import describe
from tui.engine.proxies import BadProxy

MOST_ERRORS = 3

PROXY_HINT = "HTTPS_PROXY and HTTP_PROXY name the proxy, NO_PROXY what is reached without"


class RegistryError(EngineError):
    """The registry `host` refused, could not be reached, or sent what cannot be; `status` is HTTP's, 0 for none."""

    def __init__(self, host: str, words: str, hint: str = "", *, status: int = 0, may_be_plain: bool = False) -> None:
        super().__init__(f"{host}: {words}")
        self.host = host
        self.hint = hint
        self.status = status
        self.may_be_plain = may_be_plain
        """Whether it may answer to one who does not speak TLS."""


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] | None = None
    details: str = ""
    message: str = ""


def refusal(
    host: str, status: int, body: bytes, headers: Mapping[str, str], request: str, *, logged_in: bool
) -> RegistryError:
    """Return the error of an answer with such a status, in the registry's words where it has any."""
    words = words_of(body) or f"HTTP {status}"
    return RegistryError(host, f"{request}: {words}", _hint(status, headers, logged_in=logged_in), status=status)


def words_of(body: bytes) -> str:
    """Return the words in the body of an error answer; an empty text where there are none."""
    try:
        answer = msgspec.json.decode(body, type=_Errors)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body[:300].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else text
    listed = [": ".join(filter(None, (each.code, each.message))) for each in answer.errors or ()]
    return "; ".join(filter(None, listed[:MOST_ERRORS]))[:500] or (answer.details or answer.message)[:500]


def _hint(status: int, headers: Mapping[str, str], *, logged_in: bool) -> str:
    if status in (401, 403):
        return "the login is refused, or may not do this" if logged_in else "it may want a login: log in to it"
    if status == 405:
        return "the registry does not let anybody do this"
    if status == 429:
        wait = headers.get("Retry-After", "")[:40]
        return f"too many requests: try again in {wait} s" if wait.isdecimal() else "too many requests: try again later"
    return "the registry is in trouble itself" if status >= 500 else ""


def unreachable(host: str, error: BaseException) -> RegistryError:
    """Return which way a request failed before there was a whole answer."""
    if isinstance(error, BadProxy):
        return RegistryError(host, str(error), PROXY_HINT)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return RegistryError(host, f"the proxy {error.host}:{error.port}: {describe(error)}", PROXY_HINT)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        proxy = f"{error.request_info.url.host}:{error.request_info.url.port}"
        return RegistryError(host, f"the proxy {proxy}: {error.status} {error.message}"[:300], PROXY_HINT)
    cause = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return RegistryError(
            host,
            f"its certificate is not trusted: {cause.verify_message or cause.reason}",
            f"put the certificate of its authority into /etc/docker/certs.d/{host}/ca.crt, on the daemon's machine too",
        )
    if isinstance(cause, ssl.SSLError):
        return RegistryError(host, f"TLS: {(cause.reason or str(cause)).replace('_', ' ').lower()}",
                             "does it speak TLS at all?", may_be_plain=True)  # fmt: skip
    if isinstance(error, TimeoutError):
        return RegistryError(host, "no answer", "it hangs, or a firewall drops the packets")
    hint = "it is asked from this machine, not from the daemon's: it may be seen from there alone"
    words = describe(error).replace("the daemon closed", "it closed")
    return RegistryError(host, words, hint, may_be_plain=isinstance(cause, ConnectionRefusedError))
