"""Sends a folder as a build context: what it holds after .dockerignore, and its tar stream in constant memory."""

import asyncio
import os
import secrets
import stat
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from tui.engine.ignore import IgnoreError, IgnoreMatcher, Matches, find_ignore_file, read_ignore

CHUNK: Final = 512 << 10
MAX_DOCKERFILE: Final = 8 << 20
_BIGGEST: Final = 10
_UNREADABLE: Final = 20
_BLOCK: Final = 512
_NAME: Final = 100
_MAX_OCTAL: Final = 0o77777777777
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ContextError(ValueError):
    """The context cannot be sent; the message names the path, `field` the form's field that it comes from."""

    def __init__(self, message: str, field: Literal["context", "dockerfile"] = "context") -> None:
        super().__init__(message)
        self.field = field


class BuildContext(msgspec.Struct, frozen=True):
    """What is to be sent. `dockerfile` is the name for the daemon's parameter of that name.

    `outside` is the content of a Dockerfile that is not in the folder: it goes under a name of its own.
    """

    folder: Path
    dockerfile: str
    source: Path
    patterns: tuple[str, ...] = ()
    ignore_file: Path | None = None
    outside: bytes | None = None


class ContextSummary(msgspec.Struct, frozen=True):
    """What a context holds: `size` is bytes of files, `biggest` its largest, `unreadable` what would stop it."""

    files: int
    folders: int
    links: int
    size: int
    biggest: tuple[tuple[str, int], ...] = ()
    unreadable: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class _Item(msgspec.Struct):
    path: str
    full: str
    status: os.stat_result


class _LeftOut:
    """A folder that is left out, unless an exception brings back something in it."""

    def __init__(self, item: _Item, above: "_LeftOut | None") -> None:
        self._item: _Item | None = item
        self._above = above

    def bring_back(self) -> Iterator[_Item]:
        """Yields the folder and those it is in, the first time."""
        if self._item is not None:
            item, self._item = self._item, None
            if self._above is not None:
                yield from self._above.bring_back()
            yield item


def open_context(folder: str | Path, dockerfile: str | Path = "Dockerfile") -> BuildContext:
    """Returns the context of a folder and a Dockerfile, whose path counts from the folder.

    Raises ContextError: everything that can be known before a byte is sent.
    """
    root = _folder(Path(folder).expanduser())
    source = root / Path(dockerfile).expanduser()
    try:
        if not source.is_file():
            what = "is not a file" if source.exists() else "does not exist"
            raise ContextError(f"the Dockerfile {source} {what}", "dockerfile")
        with source.open("rb") as file:
            content = file.read(MAX_DOCKERFILE + 1)
    except OSError as error:
        raise ContextError(f"the Dockerfile {source} cannot be read: {error.strerror}", "dockerfile") from error
    if len(content) > MAX_DOCKERFILE:
        raise ContextError(f"the Dockerfile {source} has more than {MAX_DOCKERFILE} bytes", "dockerfile")
    inside = _relative(source, root)
    ignore_file = find_ignore_file(root, source)
    try:
        patterns = read_ignore(ignore_file) if ignore_file else []
        matcher = IgnoreMatcher(patterns)
        for needed in (".dockerignore", inside):
            if needed and matcher.excludes(needed):
                patterns.append(f"!{_literal(needed)}")
    except OSError as error:
        raise ContextError(f"{ignore_file} cannot be read: {error.strerror}") from error
    except IgnoreError as error:
        raise ContextError(f"{ignore_file}: {error}") from error
    name = inside or f".dockerfile.{secrets.token_hex(10)}"
    return BuildContext(root, name, source, tuple(patterns), ignore_file, None if inside else content)


def _folder(path: Path) -> Path:
    try:
        root = path.resolve(strict=True)
        if not root.is_dir():
            raise ContextError(f"the context {path} is not a folder")
        with os.scandir(root):
            return root
    except FileNotFoundError as error:
        raise ContextError(f"the context {path} does not exist") from error
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ContextError(f"the context {path} cannot be read: {why}") from error


def _relative(source: Path, root: Path) -> str:
    """The Dockerfile's name inside the context; empty where it is outside, or too long to stand first in a tar."""
    try:
        name = (source.parent.resolve() / source.name).relative_to(root).as_posix()
    except ValueError:
        return ""
    return name if len(os.fsencode(name)) <= _NAME else ""


def _literal(path: str) -> str:
    return "".join("\\" + character if character in "*?[\\" else character for character in path)


def _walk(context: BuildContext, unreadable: Callable[[str, OSError], None]) -> Iterator[_Item]:
    """Yields what is sent, folders before what is in them, by name."""
    matcher = IgnoreMatcher(context.patterns)
    stack: list[tuple[str, str, Matches, _LeftOut | None]] = [("", str(context.folder), matcher.root(), None)]
    while stack:
        prefix, folder, above, left_out = stack.pop()
        below: list[tuple[str, str, Matches, _LeftOut | None]] = []
        try:
            with os.scandir(folder) as entries:
                names = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unreadable(folder, error)
            continue
        for entry in names:
            path = prefix + entry.name
            excluded, matches = matcher.match(path, above)
            is_folder = entry.is_dir(follow_symlinks=False)
            if excluded and not (is_folder and matcher.descends(path)):
                continue
            try:
                item = _Item(path, entry.path, entry.stat(follow_symlinks=False))
            except OSError as error:
                unreadable(entry.path, error)
                continue
            if is_folder:
                below.append((f"{path}/", entry.path, matches, _LeftOut(item, left_out) if excluded else None))
            if not excluded:
                if left_out is not None:
                    yield from left_out.bring_back()
                yield item
        stack += reversed(below)


def scan_context(context: BuildContext, stopped: Callable[[], bool] = lambda: False) -> ContextSummary:
    """Returns what would be sent. Reads no file. Once `stopped` says so it ends, with what it has counted by then."""
    files = folders = links = size = 0
    biggest: list[tuple[int, str]] = []
    unreadable: list[str] = []
    skipped: list[str] = []

    def note(path: str, error: OSError) -> None:
        unreadable.append(f"{path}: {error.strerror}")

    for item in _walk(context, note):
        if stopped():
            break
        mode = item.status.st_mode
        if stat.S_ISDIR(mode):
            folders += 1
        elif stat.S_ISLNK(mode):
            links += 1
        elif stat.S_ISREG(mode):
            files += 1
            size += item.status.st_size
            if len(biggest) < _BIGGEST or item.status.st_size > biggest[-1][0]:
                biggest = sorted([*biggest, (item.status.st_size, item.path)], reverse=True)[:_BIGGEST]
            if not os.access(item.full, os.R_OK):
                unreadable.append(f"{item.full}: {os.strerror(13)}")
        elif not stat.S_ISFIFO(mode):
            skipped.append(item.path)
    return ContextSummary(
        files,
        folders,
        links,
        size,
        tuple((path, number) for number, path in biggest),
        tuple(unreadable[:_UNREADABLE]),
        tuple(skipped[:_UNREADABLE]),
    )


def stream_context(
    context: BuildContext, progress: Callable[[int], None] | None = None
) -> Generator[bytes, None, None]:
    """Yields the tar stream of a context, the Dockerfile first; `progress` is told the bytes given out so far.

    Owners are root's and times whole seconds, as the docker CLI sends them. Raises ContextError in the midst of it for
    a file that changes while it is read: what was yielded till then is no whole archive.
    """
    sent = 0
    buffer = bytearray()
    for part in _members(context):
        buffer += part
        if len(buffer) >= CHUNK:
            sent += len(buffer)
            yield bytes(buffer)
            buffer.clear()
            if progress is not None:
                progress(sent)
    buffer += bytes(2 * _BLOCK)
    yield bytes(buffer)
    if progress is not None:
        progress(sent + len(buffer))


async def stream_context_async(
    context: BuildContext, progress: Callable[[int], None] | None = None
) -> AsyncIterator[bytes]:
    """The same from a thread, which calls `progress` too: one chunk is read while another is sent, and no more."""
    loop = asyncio.get_running_loop()
    chunks = stream_context(context, progress)
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


def _members(context: BuildContext) -> Iterator[bytes]:
    """The archive in pieces: headers, bodies, padding."""
    if context.outside is not None:
        yield _header(context.dockerfile, 0o100600, len(context.outside), 0)
        yield _padded(context.outside)
        yield from _ignore_member(context)
    else:
        yield from _file(context.dockerfile, str(context.source), follow=True)

    def stop(path: str, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            raise ContextError(f"{path} vanished while the context was sent") from error
        raise ContextError(f"{path} cannot be read: {error.strerror}") from error

    for item in _walk(context, stop):
        if item.path == context.dockerfile or (context.outside is not None and item.path == ".dockerignore"):
            continue
        mode = item.status.st_mode
        if stat.S_ISREG(mode):
            yield from _file(item.path, item.full)
        elif stat.S_ISDIR(mode):
            yield _header(f"{item.path}/", mode, 0, item.status.st_mtime, b"5")
        elif stat.S_ISLNK(mode):
            yield _header(item.path, mode, 0, item.status.st_mtime, b"2", _target(item.full))
        elif stat.S_ISFIFO(mode):
            yield _header(item.path, mode, 0, item.status.st_mtime, b"6")


def _ignore_member(context: BuildContext) -> Iterator[bytes]:
    """An ignore file that keeps the Dockerfile from outside, and itself, out of the image."""
    path = context.folder / ".dockerignore"
    try:
        text = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise ContextError(f"{path} cannot be read: {error.strerror}") from error
    text += f"\n.dockerignore\n{context.dockerfile}\n".encode()
    yield _header(".dockerignore", 0o100644, len(text), 0)
    yield _padded(text)


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError as error:
        raise ContextError(f"{path} changed while the context was sent: {error.strerror}") from error


def _file(path: str, full: str, *, follow: bool = False) -> Iterator[bytes]:
    try:
        handle = os.open(full, _OPEN & ~os.O_NOFOLLOW if follow else _OPEN)
    except FileNotFoundError as error:
        raise ContextError(f"{full} vanished while the context was sent") from error
    except OSError as error:
        raise ContextError(f"{full} cannot be read: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ContextError(f"{full} is no file any more: it changed while the context was sent")
        yield _header(path, status.st_mode, status.st_size, status.st_mtime)
        left = status.st_size
        while left:
            piece = os.read(handle, min(left, CHUNK))
            if not piece:
                raise ContextError(f"{full} shrank by {left} bytes while the context was sent")
            left -= len(piece)
            yield piece
        if os.fstat(handle).st_size > status.st_size:
            raise ContextError(f"{full} grew while the context was sent")
        yield bytes(-status.st_size % _BLOCK)
    except OSError as error:
        raise ContextError(f"{full} cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _header(path: str, mode: int, size: int, mtime: float, kind: bytes = b"0", link: str = "") -> bytes:
    """A GNU tar header, long names in front; never a PAX one, which BuildKit would take for a Dockerfile's text."""
    name, target = os.fsencode(path), os.fsencode(link)
    long = b""
    if len(target) > _NAME:
        long += _long(b"K", target)
        target = target[:_NAME]
    if len(name) > _NAME:
        long += _long(b"L", name)
        name = name[:_NAME]
    return long + _block(name, mode & 0o7777, size, max(int(mtime), 0), kind, target)


def _long(kind: bytes, text: bytes) -> bytes:
    return _block(b"././@LongLink", 0o644, len(text) + 1, 0, kind, b"") + _padded(text + b"\0")


def _block(name: bytes, mode: int, size: int, mtime: int, kind: bytes, link: bytes) -> bytes:
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
            b"ustar  \0root".ljust(40, b"\0"),
            b"root",
        )
    ).ljust(_BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
