"""What can go wrong between hythe and a daemon.

EngineError
├── EndpointError           the address of the daemon is wrong, or names something that hythe can't speak to
├── ContextError            docker's own files of contexts can't be read, or not be changed so
├── ConnectionFailed        nobody answered: no socket, no permission, refused, timed out, TLS or ssh in the way
├── ConnectionLost          the daemon answered, and the line broke before the answer was whole
├── ApiError                the daemon said no, in its own words, with an HTTP status
│   ├── Forbidden           403: a proxy, or an authorization plugin of the daemon
│   ├── NotFound            404
│   └── Conflict            409
├── ExecFailed              a command that was run inside a container ended with an error
├── ProcessUnknown          which of a container's processes is meant can't be told
├── MalformedAnswer         the answer is not what the API says: cut, HTML, a wrong type, a missing field
└── ReadOnly                the client refused to write, because it was told to
"""

from __future__ import annotations

from typing import Literal

FailureKind = Literal[
    "no socket", "permission denied", "refused", "timed out", "not an engine", "unreachable", "version",
    "TLS", "ssh", "ssh asks",
]  # fmt: skip
"""`ssh asks`: ssh needs an answer (a password, a passphrase, whether to trust a host key), and had nobody to ask."""


class EngineError(Exception):
    """Base of all of them; `str()` is a sentence for a person, `hint` what to do about it (or empty)."""

    hint: str = ""


class EndpointError(EngineError):
    """An endpoint that can't be used, told before anything is sent."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ContextError(EngineError):
    """Docker's contexts can't be read or changed so; `field` names what of a ContextSpec is at fault, if that is it."""

    def __init__(self, message: str, hint: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.field = field


class ConnectionFailed(EngineError):
    """No answer from `endpoint` (its URL), for the reason `kind`."""

    def __init__(self, endpoint: str, kind: FailureKind, detail: str = "", hint: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.endpoint = endpoint
        self.kind: FailureKind = kind
        self.detail = detail
        self.hint = hint


class ConnectionLost(EngineError):
    """The line to `endpoint` broke while an answer or a stream was under way."""

    def __init__(self, endpoint: str, detail: str) -> None:
        super().__init__(f"connection lost: {detail}")
        self.endpoint = endpoint


class ApiError(EngineError):
    """The daemon refused: `status` is HTTP's, `message` the daemon's own words."""

    def __init__(self, status: int, message: str, request: str = "", *, in_between: bool = False) -> None:
        self.message = f"{message} from a proxy before the daemon" if in_between else message
        super().__init__(self.message)
        self.status = status
        self.request = request
        self.in_between = in_between
        """Whether it was not the daemon that answered, but what stands before it."""
        if in_between:
            self.hint = f"the proxy has to let {request} through"


class Forbidden(ApiError):
    """403: who stands before the daemon does not let this call through."""


class NotFound(ApiError):
    """404: the object does not exist (any more)."""


class Conflict(ApiError):
    """409: the object's state, or another object, stands in the way."""


class ExecFailed(EngineError):
    """A command that hythe ran inside a container for its own purposes failed, in that command's words."""


class ProcessUnknown(EngineError):
    """A process that is meant can't be told from others, or is there no longer; says why."""


class MalformedAnswer(EngineError):
    """The answer to `request` is not what the Engine API says."""

    def __init__(self, request: str, detail: str) -> None:
        super().__init__(f"unexpected answer to {request}: {detail}")
        self.request = request


class ReadOnly(EngineError):
    """A write that the read-only setting holds back."""

    hint = "hythe was started with --read-only, or the settings say read_only for this host"

    def __init__(self, request: str) -> None:
        super().__init__(f"read-only: {request} was not sent")


def api_error(status: int, message: str, request: str, *, in_between: bool = False) -> ApiError:
    """Return the error for an HTTP status."""
    kind = {403: Forbidden, 404: NotFound, 409: Conflict}.get(status, ApiError)
    return kind(status, message, request, in_between=in_between)
