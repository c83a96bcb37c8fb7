"""Streams a build context as a tar archive in constant memory, as the docker CLI sends it to the classic builder."""

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import Final

from tui.engine.build_context import BuildContext, ContextError, Rules, stop_at, unreadable, walk_context
from tui.engine.context_walk import Item

CHUNK: Final = 512 << 10
_BLOCK: Final = 512
_NAME: Final = 100
_MAX_OCTAL: Final = 0o77777777777
_CAPABILITY: Final = b"security.capability"
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def stream_context(
    context: BuildContext, progress: Callable[[int], None] | None = None, rules: Rules = "classic"
) -> Generator[bytes, None, None]:
    """Yields the tar stream of a context, the Dockerfile first; `progress` is told the bytes given out so far.

    Owners are root's and times whole seconds, as the docker CLI sends them. Raises ContextError in the midst of it for
    a file that changes while it is read: what was yielded till then is no whole archive.
    """
    sent = 0
    buffer = bytearray()
    for part in _Archive(context, rules).members():
        large = len(part) >= CHUNK
        if not large:
            buffer += part
        ready = bytes(buffer) if buffer and (large or len(buffer) >= CHUNK) else b""
        for chunk in (ready, part if large else b""):  # what is large already goes on as it is, without a copy
            if chunk:
                sent += len(chunk)
                yield chunk
        if ready:
            buffer.clear()
        if progress is not None and (ready or large):
            progress(sent)
    buffer += bytes(2 * _BLOCK)
    yield bytes(buffer)
    if progress is not None:
        progress(sent + len(buffer))


async def stream_context_async(
    context: BuildContext, progress: Callable[[int], None] | None = None, rules: Rules = "classic"
) -> AsyncGenerator[bytes]:
    """The same from a thread, which calls `progress` too: one chunk is read while another is sent, and no more."""
    loop = asyncio.get_running_loop()
    chunks = stream_context(context, progress, rules)
    pending = loop.run_in_executor(None, next, chunks, None)
    try:
        while (chunk := await asyncio.shield(pending)) is not None:
            pending = loop.run_in_executor(None, next, chunks, None)
            yield chunk
    finally:
        if not pending.done():
            await asyncio.wait([pending])
        if not pending.cancelled():
            pending.exception()  # has been raised, or has nobody to go to any more
        chunks.close()


class _Archive:
    """One archive on its way. It remembers which file each of several names was sent under, as tar archives do."""

    def __init__(self, context: BuildContext, rules: Rules) -> None:
        self._context = context
        self._rules: Rules = rules
        self._linked: dict[tuple[int, int], str] = {}

    def members(self) -> Iterator[bytes]:
        """The archive in pieces: headers, bodies, padding."""
        context = self._context
        own = (context.dockerfile,) if context.outside is None else (context.dockerfile, ".dockerignore")
        if context.outside is not None:
            yield _header(context.dockerfile, 0o100600, len(context.outside), 0)
            yield _padded(context.outside)
            yield from _ignore_member(context)
        elif context.linked and self._rules == "classic":
            own = ()
        else:
            yield from self._file(context.dockerfile, str(context.source), follow=True)
        for item in walk_context(context, stop_at, self._rules):
            if item.path not in own:
                yield from self._member(item)

    def _member(self, item: Item) -> Iterator[bytes]:
        entry = item.entry
        if entry.is_file(follow_symlinks=False):
            yield from self._file(item.path, item.full)
            return
        try:
            status = item.status
        except OSError as error:
            raise unreadable(item.full, error) from error
        mode, path, mtime = status.st_mode, item.path, status.st_mtime
        if stat.S_ISDIR(mode):
            yield _header(f"{path}/", mode, 0, mtime, b"5")
        elif stat.S_ISLNK(mode):
            yield _header(path, mode, 0, mtime, b"2", _target(item.full))
        elif stat.S_ISFIFO(mode):
            yield _header(path, mode, 0, mtime, b"6")
        elif stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            device = (os.major(status.st_rdev), os.minor(status.st_rdev))
            yield _header(path, mode, 0, mtime, b"3" if stat.S_ISCHR(mode) else b"4", device=device)

    def _file(self, path: str, full: str, *, follow: bool = False) -> Iterator[bytes]:
        try:
            handle = os.open(full, _OPEN & ~os.O_NOFOLLOW if follow else _OPEN)
        except OSError as error:
            raise unreadable(full, error) from error
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise ContextError(f"{full} is no file any more: it changed while the context was sent")
            if status.st_nlink > 1:
                key = (status.st_dev, status.st_ino)
                known = self._linked.setdefault(key, path)
                if known != path:
                    yield _header(path, status.st_mode, 0, status.st_mtime, b"1", known)
                    return
            capability = b"" if follow else _capability(handle, path)
            yield capability + _header(path, status.st_mode, status.st_size, status.st_mtime)
            yield from _body(handle, full, status.st_size)
        except OSError as error:
            raise ContextError(f"{full} cannot be read: {error.strerror}") from error
        finally:
            os.close(handle)


def _body(handle: int, full: str, size: int) -> Iterator[bytes]:
    """A file's content; a byte more is asked for at its end, which tells whether it grew."""
    left = size
    while left:
        piece = os.read(handle, min(left + 1, CHUNK))
        if not piece:
            raise ContextError(f"{full} shrank by {left} bytes while the context was sent")
        if len(piece) > left:
            raise ContextError(f"{full} grew while the context was sent")
        left -= len(piece)
        yield piece
        if not left and len(piece) == CHUNK and os.read(handle, 1):
            raise ContextError(f"{full} grew while the context was sent")
    yield bytes(-size % _BLOCK)


def _capability(handle: int, path: str) -> bytes:
    """The extended header with the file's capabilities, which are the one attribute that the docker CLI sends."""
    try:
        value = os.getxattr(handle, _CAPABILITY)
    except (OSError, AttributeError):  # no such attribute, or a system that has none
        return b""
    record = b" SCHILY.xattr." + _CAPABILITY + b"=" + value + b"\n"
    length = len(record)
    while len(b"%d" % length) + len(record) != length:
        length = len(b"%d" % length) + len(record)
    text = b"%d" % length + record
    name = b"PaxHeaders.0/" + os.fsencode(path)[: _NAME - 20]
    return _block(name, 0o644, len(text), 0, b"x", b"") + _padded(text)


def _ignore_member(context: BuildContext) -> Iterator[bytes]:
    """An ignore file that keeps the Dockerfile from outside out of the image; and itself, where there was none."""
    path = context.folder / ".dockerignore"
    try:
        text = path.read_bytes() if path.is_file() else b".dockerignore"
    except OSError as error:
        raise ContextError(f"{path} cannot be read: {error.strerror}") from error
    text += f"\n{context.dockerfile}\n".encode()
    yield _header(".dockerignore", 0o100644, len(text), 0)
    yield _padded(text)


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError as error:
        raise ContextError(f"{path} changed while the context was sent: {error.strerror}") from error


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _header(
    path: str, mode: int, size: int, mtime: float, kind: bytes = b"0", link: str = "", device: tuple[int, int] = (0, 0)
) -> bytes:
    """A GNU tar header, long names in front; never a PAX one, which BuildKit would take for a Dockerfile's text."""
    name, target = os.fsencode(path), os.fsencode(link)
    long = b""
    if len(target) > _NAME:
        long += _long(b"K", target)
        target = target[:_NAME]
    if len(name) > _NAME:
        long += _long(b"L", name)
        name = name[:_NAME]
    return long + _block(name, mode & 0o7777, size, max(int(mtime), 0), kind, target, device)


def _long(kind: bytes, text: bytes) -> bytes:
    return _block(b"././@LongLink", 0o644, len(text) + 1, 0, kind, b"") + _padded(text + b"\0")


def _block(
    name: bytes, mode: int, size: int, mtime: int, kind: bytes, link: bytes, device: tuple[int, int] = (0, 0)
) -> bytes:
    block = b"".join(
        (
            name.ljust(_NAME, b"\0"),
            b"%07o\0" % mode,
            b"0000000\0" * 2,
            b"%011o\0" % size if size <= _MAX_OCTAL else (1 << 95 | size).to_bytes(12, "big"),
            b"%011o\0" % min(mtime, _MAX_OCTAL),
            b" " * 8,
            kind,
            link.ljust(_NAME, b"\0"),
            b"ustar  ".ljust(72, b"\0"),
            b"%07o\0%07o\0" % device,
        )
    ).ljust(_BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
