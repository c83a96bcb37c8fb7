"""gRPC over a connection that was taken over: calls that the other side makes of us, and calls that we make of it.

Format: grpc.io, "gRPC over HTTP2", without compression. HTTP/2's frames are h2's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol
from urllib.parse import quote, unquote

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tui.wire.grpc_call import CANCELLED, OK, UNIMPLEMENTED, UNKNOWN, Call, GrpcError, LineEnded, Metadata, frame

_PRINTABLE: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


class Line(Protocol):
    """Bytes both ways. `read` returns b"" at the other side's end; either raises when the line breaks."""

    async def read(self) -> bytes: ...
    async def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


Method = Callable[[Call], Awaitable[None]]
"""Answers a call; what it raises as a GrpcError becomes the call's status."""


def unary(answer: Callable[[bytes, Call], Awaitable[bytes]]) -> Method:
    """Return the method that answers one message by one."""

    async def method(call: Call) -> None:
        message = await call.receive()
        await call.send(frame(await answer(message or b"", call)))

    return method


class GrpcConnection:
    """One connection. `methods` are what we answer, by path; it lives while `run` runs, which closes the line."""

    def __init__(self, line: Line, methods: Mapping[str, Method] | None = None) -> None:
        """With `methods` we are the server, else the client."""
        self._line = line
        self._methods = methods
        config = h2.config.H2Configuration(client_side=methods is None, header_encoding=None)
        self._http = h2.connection.H2Connection(config)
        self._http.initiate_connection()
        self._calls: dict[int, Call] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._writing = False
        self._closed: Exception | None = None

    async def run(self) -> None:
        """Serve until the other side ends the connection.

        Raises:
            LineEnded: what came over it is no HTTP/2.
            Exception: what the line raised when it broke.
        """
        error: Exception | None = None
        try:
            await self._flush()
            while data := await self._line.read():
                if not self._take(self._http.receive_data(data)):
                    break
                await self._flush()
        except h2.exceptions.ProtocolError as broken:
            error = LineEnded(f"no HTTP/2: {broken}")
            raise error from broken
        except Exception as lost:
            error = lost
            raise
        finally:
            self._line.close()
            self._closed = error or LineEnded("the line was closed")
            for call in self._calls.values():
                call.end(self._closed)
            self._room.set()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # what comes

    def _take(self, events: Iterable[h2.events.Event]) -> bool:
        for event in events:
            match event:
                case h2.events.RequestReceived():
                    self._begin(event.stream_id or 0, _metadata(event.headers or ()))
                case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                    self._answered(event.stream_id or 0, _metadata(event.headers or ()))
                case h2.events.DataReceived():
                    call = self._calls.get(event.stream_id or 0)
                    size = event.flow_controlled_length or 0
                    if call is None:
                        self.taken(event.stream_id or 0, size)
                    else:
                        call.feed(event.data or b"", size)
                case h2.events.StreamEnded():
                    if (call := self._calls.get(event.stream_id or 0)) is not None:
                        call.end(_status_of(call.trailers))
                case h2.events.StreamReset():
                    self._reset(event.stream_id or 0)
                case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                    self._room.set()
                case h2.events.ConnectionTerminated():
                    return False
                case _:
                    pass
        return True

    def _begin(self, id: int, metadata: Metadata) -> None:
        call = Call(self, id, next(iter(metadata.get(":path", ())), ""), metadata)
        self._calls[id] = call
        task = asyncio.create_task(self._answer(id, call))
        self._tasks[id] = task
        task.add_done_callback(lambda _task: self._forget(id))

    def _answered(self, id: int, metadata: Metadata) -> None:
        call = self._calls.get(id)
        if call is not None:
            call.trailers = {**call.trailers, **metadata}

    def _reset(self, id: int) -> None:
        if (call := self._calls.get(id)) is not None:
            call.end(GrpcError(CANCELLED, "the daemon gave the call up"))
        if (task := self._tasks.get(id)) is not None:
            task.cancel()
        self._room.set()

    def _forget(self, id: int) -> None:
        self._calls.pop(id, None)
        self._tasks.pop(id, None)

    def taken(self, id: int, size: int) -> None:
        """Give the other side room for as many bytes again."""
        if not size or self._closed is not None:
            return
        with suppress(h2.exceptions.ProtocolError):  # its stream is closed: only the connection's window counts
            self._http.acknowledge_received_data(size, id)
        self._write_soon()

    def _write_soon(self) -> None:
        """Send what the window updates come to, without waiting for it."""
        if not self._writing:
            self._writing = True
            self._tasks[0] = asyncio.create_task(self._write_updates())

    async def _write_updates(self) -> None:
        # no step between the last look at what there is to send and the end: what comes after finds nobody writing
        try:
            await self._flush_quietly()
        finally:
            self._writing = False

    async def _flush_quietly(self) -> None:
        with suppress(Exception):  # `run` tells of a broken line
            await self._flush()

    # what is answered

    async def _answer(self, id: int, call: Call) -> None:
        method = (self._methods or {}).get(call.path)
        headers = [(b":status", b"200"), (b"content-type", b"application/grpc")]
        with suppress(h2.exceptions.ProtocolError, LineEnded):  # the call, or the line, is gone
            try:
                if method is None:
                    raise GrpcError(UNIMPLEMENTED, f"unknown method {call.path}")
                self._http.send_headers(id, headers)
                headers = []
                await method(call)
                status, words = OK, ""
            except GrpcError as error:
                status, words = error.code, str(error)
            except (h2.exceptions.ProtocolError, LineEnded):
                raise
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is told to who called, who would wait for ever
                status, words = UNKNOWN, str(error) or type(error).__name__
            trailers = [(b"grpc-status", b"%d" % status)]
            if words:
                trailers.append((b"grpc-message", quote(words, safe=_PRINTABLE).encode()))
            self._http.send_headers(id, [*headers, *trailers], end_stream=True)
            await self._flush_quietly()

    # what is asked

    @asynccontextmanager
    async def open(
        self, path: str, metadata: Mapping[str, str | tuple[str, ...]] | None = None
    ) -> AsyncGenerator[Call]:
        """Begin a call, to which messages may be sent; leaving it early gives it up."""
        if self._closed is not None:
            raise self._closed
        id = self._http.get_next_available_stream_id()
        call = self._calls[id] = Call(self, id, path, {})
        headers = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path.encode()),
            (b":authority", b"docker"),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
            (b"user-agent", b"hythe"),
        ]
        for name, values in (metadata or {}).items():
            headers += [(name.encode(), value.encode()) for value in ((values,) if isinstance(values, str) else values)]
        self._http.send_headers(id, headers)
        try:
            await self._flush()
            yield call
        finally:
            if self._calls.pop(id, None) is not None and self._closed is None:
                with suppress(Exception):  # it is over already
                    self._http.reset_stream(id, 8)
                    await self._flush()

    @asynccontextmanager
    async def call(self, path: str, message: bytes) -> AsyncGenerator[Call]:
        """Ask with one message, and give the call whose messages are the answer; leaving it early gives it up."""
        async with self.open(path) as call:
            await self.send(call.id, frame(message), last=True)
            yield call

    async def ask(self, path: str, message: bytes) -> bytes:
        """Return the one message that answers another.

        Raises:
            Exception: as `Call.receive`.
        """
        async with self.call(path, message) as call:
            answer = await call.receive() or b""
            await call.receive()
            return answer

    async def messages(self, path: str, message: bytes) -> AsyncIterator[bytes]:
        """Yield the messages that answer one."""
        async with self.call(path, message) as call:
            while (answer := await call.receive()) is not None:
                yield answer

    # what is sent

    async def send(self, id: int, data: bytes, *, last: bool = False) -> None:
        """Send data of a call, as the windows allow."""
        view = memoryview(data)
        while view or last:
            if self._closed is not None:
                raise self._closed
            room = min(self._http.local_flow_control_window(id), self._http.max_outbound_frame_size, len(view))
            if room <= 0 and view:
                self._room.clear()
                await self._flush()
                await self._room.wait()
                continue
            ends = last and room == len(view)
            self._http.send_data(id, view[:room].tobytes(), end_stream=ends)
            view = view[room:]
            last = last and not ends
        await self._flush()

    async def _flush(self) -> None:
        # what was added while this waited to write would else be sent by nobody
        while data := self._http.data_to_send():
            await self._line.write(data)


def _metadata(headers: Iterable[tuple[bytes | str, bytes | str]]) -> Metadata:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        key = _text(name)
        found[key] = (*found.get(key, ()), _text(value))
    return found


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _status_of(trailers: Metadata) -> GrpcError | None:
    """What a call that we made ended with; None for a good end, and for a call of the other side."""
    code = next(iter(trailers.get("grpc-status", ())), "")
    if not trailers or code == "0":
        return None
    words = unquote(next(iter(trailers.get("grpc-message", ())), ""))
    return GrpcError(int(code) if code.isdecimal() else UNKNOWN, words)
