"""Sends BuildKit the files of a folder that it asks for, and of those only what it has not got yet.

Format: fsutil's DiffCopy, the proto files under types/ of github.com/tonistiigi/fsutil: we tell the status of each
file, in order; the daemon asks by number for those whose content it needs.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from tui.engine.build_context import ContextError, stop_at, unreadable
from tui.engine.context_walk import Item, walk
from tui.engine.follow import followed
from tui.engine.ignore import IgnoreError, IgnoreMatcher, IncludeMatcher, clean_pattern
from tui.wire.grpc import Method
from tui.wire.grpc_call import NOT_FOUND, UNKNOWN, Call, GrpcError, frame
from tui.wire.protowire import WireError, as_int, bytes_field, number_field, read_fields

METHOD: Final = "/moby.filesync.v1.FileSync/DiffCopy"
CHUNK: Final = 256 << 10
"""Bytes that are read by a thread and handed over at once."""

PIECE: Final = 128 << 10
"""The most bytes of a file in one packet."""

_STAT, _REQUEST, _DATA, _END, _ERROR = 0, 1, 2, 3, 4
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MODE_BITS: Final = (
    (stat.S_ISDIR, 1 << 31),
    (stat.S_ISLNK, 1 << 27),
    (stat.S_ISBLK, 1 << 26),
    (stat.S_ISCHR, 1 << 26 | 1 << 21),
    (stat.S_ISFIFO, 1 << 25),
)
_SPECIAL_BITS: Final = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))

Progress = Callable[[str, int, int], None]
"""Told the folder's name, the bytes that were sent, and the bytes that were found, since the last time."""


class FileSync:
    """Serves folders of this machine by the names that the build knows them by."""

    def __init__(self, folders: Mapping[str, str], progress: Progress = lambda name, sent, found: None) -> None:
        """`progress` is called on the event loop."""
        self._folders = dict(folders)
        self._progress = progress
        self.failure: ContextError | None = None
        """The first file that could not be sent."""
        self.odd_names: list[str] = []
        """The first path or link that is not UTF-8: newer builders refuse it, and do not say which it is."""

    def methods(self) -> dict[str, Method]:
        """The services for the session."""
        return {METHOD: self._diff_copy}

    async def _diff_copy(self, call: Call) -> None:
        name = next(iter(call.option("dir-name")), "")
        folder = self._folders.get(name)
        if folder is None:
            raise GrpcError(NOT_FOUND, f"no access allowed to dir {name!r}")
        sender = _Sender(name, folder, call, self._progress, self.odd_names)
        try:
            await sender.run()
        except (ContextError, IgnoreError) as error:
            if isinstance(error, ContextError):
                self.failure = self.failure or error
            with suppress(GrpcError):
                await call.send(_packet(_ERROR, data=str(error).encode("utf-8", "replace")))
            raise GrpcError(UNKNOWN, str(error)) from error


class _Sender:
    """Answers one DiffCopy: the statuses go out first, then the contents, while what is asked for is taken in."""

    def __init__(self, name: str, folder: str, call: Call, progress: Progress, odd_names: list[str]) -> None:
        self._name = name
        self._folder = folder
        self._call = call
        self._progress = progress
        self._odd_names = odd_names
        self._files: dict[int, tuple[str, int, int]] = {}
        self._linked: dict[tuple[int, int], str] = {}
        self._asked: deque[int] = deque()
        self._news = asyncio.Event()
        self._ended = False
        self._found = 0
        self._sent = 0
        self._open: _OpenFile | None = None

    async def run(self) -> None:
        """Send until the daemon says that it has all. Raises ContextError, IgnoreError, GrpcError."""
        loop = asyncio.get_running_loop()
        statuses = self._statuses()
        reading = asyncio.create_task(self._take_in())
        pending: asyncio.Future[bytes] | None = None
        try:
            while True:
                pending = loop.run_in_executor(None, next, statuses, b"")
                if not (chunk := await asyncio.shield(pending)):
                    break
                await self._hand_over(chunk)
            while True:
                self._news.clear()
                pending = loop.run_in_executor(None, self._contents)
                if chunk := await asyncio.shield(pending):
                    await self._hand_over(chunk)
                elif self._ended:
                    break
                else:
                    await self._news.wait()
            await reading
            await self._call.send(_packet(_END))
        finally:
            if pending is not None and not pending.done():
                await asyncio.wait([pending])  # the thread must not go on with a file that is closed here
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            if self._open is not None:
                self._open.close()

    async def _hand_over(self, chunk: bytes) -> None:
        await self._call.send(chunk)
        sent, self._sent = self._sent, 0
        found, self._found = self._found, 0
        self._progress(self._name, sent, found)

    async def _take_in(self) -> None:
        """Keep what the daemon asks for, which must be read even while we send: it sends no more until it is."""
        try:
            while (message := await self._call.receive()) is not None:
                kind, id = _read_packet(message)
                if kind == _REQUEST:
                    self._asked.append(id)
                elif kind == _END:
                    return
                elif kind == _ERROR:
                    raise GrpcError(UNKNOWN, "the daemon could not take the files")
                self._news.set()
        finally:
            self._ended = True
            self._news.set()

    # in a thread

    def _statuses(self) -> Iterator[bytes]:
        """The packets that tell what there is, in chunks; at last the one that tells the end."""
        buffer = bytearray()
        for number, item in enumerate(self._items()):
            buffer += self._status(number, item)
            if len(buffer) >= CHUNK:
                yield bytes(buffer)
                buffer.clear()
        yield bytes(buffer) + _packet(_STAT)

    def _items(self) -> Iterator[Item]:
        option = self._call.option
        asked = [clean_pattern(text) for text in option("include-patterns")]
        follow = [clean_pattern(text) for text in option("followpaths")]
        asked += followed(self._folder, follow)
        everything = not asked or "." in asked
        ignored = IgnoreMatcher([_marked(text) for text in option("exclude-patterns")])
        included = None if everything else IncludeMatcher(asked)
        for item in walk(self._folder, ignored, stop_at, asked=included):
            if not stat.S_ISSOCK(_status_of(item).st_mode):
                yield item

    def _status(self, number: int, item: Item) -> bytes:
        status = _status_of(item)
        mode, path, link, size = status.st_mode, item.path, b"", 0
        if stat.S_ISREG(mode):
            size = status.st_size
            self._files[number] = (item.full, size, status.st_mtime_ns)
            if status.st_nlink > 1:
                known = self._linked.setdefault((status.st_dev, status.st_ino), path)
                if known != path:
                    link, size = os.fsencode(known), 0
            self._found += size
        elif stat.S_ISLNK(mode):
            try:
                link = os.fsencode(os.readlink(item.full))
            except OSError as error:
                raise unreadable(item.full, error) from error
        if not self._odd_names and not (_is_utf8(os.fsencode(path)) and _is_utf8(link)):
            self._odd_names.append(item.full)
        body = [
            bytes_field(1, os.fsencode(path)),
            number_field(2, _go_mode(mode)),
            number_field(5, size),
            number_field(6, status.st_mtime_ns),
        ]
        if link:
            body.append(bytes_field(7, link))
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            body += [number_field(8, os.major(status.st_rdev)), number_field(9, os.minor(status.st_rdev))]
        if stat.S_ISREG(mode):
            body.append(_attributes(item.full))
        return frame(bytes_field(2, b"".join(body)))

    def _contents(self) -> bytes:
        """The next chunk of what is asked for; empty where nothing is."""
        buffer = bytearray()
        while len(buffer) < CHUNK:
            if self._open is None:
                if not self._asked:
                    break
                id = self._asked.popleft()
                known = self._files.get(id)
                if known is None:
                    raise ContextError(f"the daemon asks for a file {id} that it was not told of")
                self._open = _OpenFile(id, *known)
            piece = self._open.read()
            buffer += _packet(_DATA, self._open.id, piece)
            self._sent += len(piece)
            if not piece:
                self._open.close()
                self._open = None
        return bytes(buffer)


class _OpenFile:
    """A file that is being sent: it must stay what its status said."""

    def __init__(self, id: int, path: str, size: int, mtime: int) -> None:
        self.id = id
        self._path = path
        self._left = size
        try:
            self._handle = os.open(path, _OPEN)
        except OSError as error:
            raise unreadable(path, error) from error
        status = os.fstat(self._handle)
        if not stat.S_ISREG(status.st_mode) or (status.st_size, status.st_mtime_ns) != (size, mtime):
            self.close()
            raise ContextError(f"{path} changed while the context was sent")

    def read(self) -> bytes:
        """The next piece, empty at the end."""
        try:
            piece = os.read(self._handle, min(PIECE, self._left + 1))
        except OSError as error:
            raise unreadable(self._path, error) from error
        if len(piece) > self._left:
            raise ContextError(f"{self._path} grew while the context was sent")
        if not piece and self._left:
            raise ContextError(f"{self._path} shrank by {self._left} bytes while the context was sent")
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Give the file up."""
        os.close(self._handle)


def _status_of(item: Item) -> os.stat_result:
    try:
        return item.status
    except OSError as error:
        raise unreadable(item.full, error) from error


def _is_utf8(name: bytes) -> bool:
    if name.isascii():
        return True
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _packet(kind: int, id: int = 0, data: bytes = b"") -> bytes:
    return frame(number_field(1, kind) + number_field(3, id) + (bytes_field(4, data) if data else b""))


def _read_packet(message: bytes) -> tuple[int, int]:
    """The kind of a packet and its number."""
    kind = id = 0
    try:
        for field, value in read_fields(message):
            if field == 1:
                kind = as_int(value)
            elif field == 3:
                id = as_int(value)
    except WireError as error:
        raise GrpcError(UNKNOWN, f"a packet that cannot be read: {error}") from error
    return kind, id


def _go_mode(mode: int) -> int:
    """A mode in the bits of Go's os.FileMode, which the protocol uses."""
    bits = mode & 0o777
    bits |= next((bit for is_kind, bit in _MODE_BITS if is_kind(mode)), 0)
    for ours, bit in _SPECIAL_BITS:
        if mode & ours:
            bits |= bit
    return bits


def _attributes(path: str) -> bytes:
    """The extended attributes that make sense on another machine: the capabilities and the user's own."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except (OSError, AttributeError):  # none, or a system that has none
        return b""
    out = b""
    for name in names:
        if name == "security.capability" or name.startswith("user."):
            with suppress(OSError):  # it has gone since
                value = os.getxattr(path, name, follow_symlinks=False)
                out += bytes_field(10, bytes_field(1, name) + bytes_field(2, value))
    return out


def _marked(pattern: str) -> str:
    """A pattern of the daemon's, cleaned; it may be an exception."""
    return f"!{clean_pattern(pattern[1:])}" if pattern.startswith("!") else clean_pattern(pattern)
