"""The protobuf encoding of BuildKit's StatusResponse (moby.buildkit.v1, control.proto), written by hand."""

from collections.abc import Iterable
from dataclasses import dataclass

from tui.demo.clock import NS
from tui.wire.protowire import bytes_field, number_field


def data(field: int, value: bytes | str) -> bytes:
    """Return a length-delimited field, nothing for an empty value."""
    return bytes_field(field, value) if value else b""


def timestamp(field: int, ns: int) -> bytes:
    """Return a google.protobuf.Timestamp field, nothing for 0."""
    return data(field, number_field(1, ns // NS) + number_field(2, ns % NS)) if ns else b""


@dataclass(frozen=True, slots=True)
class Vertex:
    """A step; times in ns, 0 for not yet."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    cached: bool = False
    started_ns: int = 0
    completed_ns: int = 0
    error: str = ""

    def encode(self) -> bytes:
        """Return field 1 of a StatusResponse."""
        body = data(1, self.digest) + b"".join(data(2, item) for item in self.inputs) + data(3, self.name)
        body += number_field(4, int(self.cached)) + timestamp(5, self.started_ns) + timestamp(6, self.completed_ns)
        return data(1, body + data(7, self.error))


@dataclass(frozen=True, slots=True)
class Status:
    """The progress of a part of a step."""

    id: str
    vertex: str
    at_ns: int
    current: int = 0
    total: int = 0
    started_ns: int = 0
    completed_ns: int = 0

    def encode(self) -> bytes:
        """Return field 2 of a StatusResponse."""
        body = data(1, self.id) + data(2, self.vertex) + number_field(4, self.current) + number_field(5, self.total)
        body += timestamp(6, self.at_ns) + timestamp(7, self.started_ns) + timestamp(8, self.completed_ns)
        return data(2, body)


@dataclass(frozen=True, slots=True)
class Log:
    """Output of a step."""

    vertex: str
    at_ns: int
    stream: int
    message: bytes

    def encode(self) -> bytes:
        """Return field 3 of a StatusResponse."""
        return data(
            3, data(1, self.vertex) + timestamp(2, self.at_ns) + number_field(3, self.stream) + data(4, self.message)
        )


@dataclass(frozen=True, slots=True)
class Warning_:
    """A remark of the Dockerfile frontend on some lines."""

    vertex: str
    short: str
    detail: str
    url: str
    dockerfile: str
    line: int

    def encode(self) -> bytes:
        """Return field 4 of a StatusResponse."""
        source = data(1, "Dockerfile") + data(2, self.dockerfile) + data(4, "Dockerfile")
        position = number_field(1, self.line)
        body = (
            data(1, self.vertex) + number_field(2, 1) + data(3, self.short) + data(4, self.detail) + data(5, self.url)
        )
        return data(4, body + data(6, source) + data(7, data(1, position) + data(2, position)))


def response(parts: Iterable[Vertex | Status | Log | Warning_]) -> bytes:
    """Return a StatusResponse of these parts."""
    return b"".join(part.encode() for part in parts)
