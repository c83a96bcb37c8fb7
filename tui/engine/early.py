"""The first lists, asked for before the HTTP client is imported: one thread, the standard library's sockets.

At the start nearly all of the time goes into importing what draws and what speaks HTTP. The daemon can work in that
time. What it says is decoded as the client's own answers are, and handed to the feed, which then need not ask again.
Nothing here raises: where it fails, what comes after asks for itself.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from tui.engine.decoding import decode_each
from tui.engine.endpoint import Endpoint
from tui.engine.errors import MalformedAnswer
from tui.model.containers import Container, ContainerSummary, from_summary
from tui.model.images import Image

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 10.0
"""The longest pause between bytes: a long list takes the daemon seconds."""

NEWEST_API = (1, 51)
"""As in transport.py, which costs too much to import here: an answer in a newer version is shown, and read again."""

PIECE = 1 << 18


class Glimpse(NamedTuple):
    """Containers as the daemon listed them first: all of them, or with `whole` False the newest."""

    endpoint: Endpoint
    api_version: str
    containers: Sequence[Container]
    whole: bool


class _Answer(NamedTuple):
    headers: dict[str, str]
    body: bytearray


class EarlyLists:
    """The lists of the first of some endpoints that takes a connection.

    `glimpse` is called by the thread that reads, with the newest `first` containers and, where there are more, once
    again with all of them. Only unix sockets and plain TCP are read.
    """

    def __init__(self, endpoints: Sequence[Endpoint], first: int, glimpse: Callable[[Glimpse], object]) -> None:
        self.endpoint: Endpoint | None = None
        """Where the lists come from."""
        self.asked_ns: int | None = None
        """The daemon's clock when it was asked: events since then may not be in the lists. To the second."""
        self.containers: list[Container] | None = None
        self.images: list[Image] | None = None
        """The lists once they are whole, None as long as they are not, and for ever where they could not be read."""
        self._endpoints = endpoints
        self._first = first
        self._glimpse = glimpse
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._ended = False
        self._tell: list[Callable[[], object]] = []
        self._thread = threading.Thread(target=self._run, name="early-lists", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    async def ended(self) -> None:
        """Wait until all is read or given up."""
        import asyncio  # there by now, and not before

        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop ended first
                loop.call_soon_threadsafe(done.set)

        with self._lock:
            if self._ended:
                return
            self._tell.append(tell)
        await done.wait()

    def close(self) -> None:
        """Give up what is not read yet."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    # the thread

    def _run(self) -> None:
        try:
            self._read()
        except (OSError, ValueError, MalformedAnswer):
            pass  # the feed asks for what is missing, and tells what is wrong
        finally:
            with self._lock:
                self._ended = True
                connections, self._connections = self._connections, []
                waiting, self._tell = self._tell, []
            for connection in connections:
                connection.close()
            for tell in waiting:
                tell()

    def _read(self) -> None:
        connection = self._connect_first()
        if connection is None or self.endpoint is None:
            return
        first = _read_answer(self._ask(connection, f"/containers/json?all=1&limit={self._first + 1}"))
        version = first.headers.get("api-version", "")
        containers = list(each_listed(first.body))
        whole = len(containers) <= self._first
        self._glimpse(Glimpse(self.endpoint, version, containers[: self._first], whole))
        if not _is_known(version):
            return
        self.asked_ns = _date_ns(first.headers.get("date", ""))
        images = self._ask(self._connect(self.endpoint), "/images/json")
        if not whole:
            answer = _read_answer(self._ask(self._connect(self.endpoint), "/containers/json?all=1"))
            containers = list(each_listed(answer.body))
            self._glimpse(Glimpse(self.endpoint, version, containers, True))
        self.containers = containers
        self.images = _images(_read_answer(images).body)

    def _connect_first(self) -> socket.socket | None:
        for endpoint in self._endpoints:
            if not can_be_read(endpoint):
                return None  # who comes first must not be overtaken
            with suppress(OSError):
                connection = self._connect(endpoint)
                self.endpoint = endpoint
                return connection
        return None

    def _connect(self, endpoint: Endpoint) -> socket.socket:
        path = endpoint.socket_path
        if path is not None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(CONNECT_SECONDS)
            try:
                connection.connect(path)
            except OSError:
                connection.close()
                raise
        else:
            host, _, port = endpoint.url.removeprefix("tcp://").rpartition(":")
            connection = socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS)
        connection.settimeout(ANSWER_SECONDS)
        with self._lock:
            self._connections.append(connection)
        return connection

    @staticmethod
    def _ask(connection: socket.socket, path: str) -> socket.socket:
        # HTTP/1.0: the answer comes in one piece and ends with the connection
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: docker\r\nUser-Agent: hythe\r\n\r\n".encode())
        return connection


def can_be_read(endpoint: Endpoint) -> bool:
    """Whether the endpoint is one that these few lines can speak to: a unix socket, or TCP without TLS."""
    return endpoint.socket_path is not None or endpoint.url.startswith("tcp://")


def _read_answer(connection: socket.socket) -> _Answer:
    """Read an answer to its end; OSError or ValueError when it is none, is cut, or says anything but 200."""
    body = bytearray()
    while piece := connection.recv(PIECE):
        body += piece
    end = body.find(b"\r\n\r\n")
    status, *lines = body[: max(0, end)].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    del body[: end + 4]  # in place: a long list is not copied
    if end < 0 or status.split(" ")[1:2] != ["200"] or "transfer-encoding" in headers:
        raise ValueError(status)
    if len(body) != int(headers.get("content-length", len(body))):
        raise ValueError("cut")
    return _Answer(headers, body)


def each_listed(body: bytes | bytearray) -> Iterator[Container]:
    """Yield the containers of a list answer; MalformedAnswer when it is none."""
    shared: dict[str, str] = {}
    for wire in decode_each(body, ContainerSummary, "GET /containers/json"):
        yield from_summary(wire, lambda text: shared.setdefault(text, text))


def _images(body: bytes | bytearray) -> list[Image]:
    from tui.model.images import ImageSummary, image_from_summary

    return [image_from_summary(wire) for wire in decode_each(body, ImageSummary, "GET /images/json")]


def _is_known(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) <= NEWEST_API


def _date_ns(header: str) -> int | None:
    """The time of an HTTP Date header in nanoseconds since the epoch, or None where there is none to read."""
    from email.utils import parsedate_to_datetime  # dear to import, and not needed for the first rows

    try:
        return int(parsedate_to_datetime(header).timestamp()) * 1_000_000_000
    except ValueError:
        return None
