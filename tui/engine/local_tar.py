"""Streams a file or a folder of this machine as a tar, in constant memory, as `docker cp` sends it to a container."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NoReturn

import msgspec

CHUNK: Final = 512 << 10
MOST_NAMED: Final = 20
_BLOCK: Final = 512
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalError(ValueError):
    """The files can't be sent; the message names the path."""


class LocalFiles(msgspec.Struct, frozen=True):
    """What there is to send: `size` is bytes of files, `archive` about those of the tar that they become.

    `unreadable` tells of what would stop it, `left_out` of sockets, pipes and devices.
    """

    files: int
    folders: int
    size: int
    archive: int
    unreadable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def look_at(path: Path) -> LocalFiles:
    """Return what there is to send. Reads no file; links are not followed. Raises LocalError: there is nothing."""
    files = folders = size = archive = 0
    unreadable: list[str] = []
    left_out: list[str] = []

    def refused(place: str, error: OSError) -> None:
        unreadable.append(f"{place}: {error.strerror}")

    for full, _ in _walk(path, refused):
        try:
            about = os.lstat(full)
        except OSError as error:
            refused(full, error)
            continue
        archive += _BLOCK
        if stat.S_ISDIR(about.st_mode):
            folders += 1
        elif stat.S_ISREG(about.st_mode):
            files += 1
            size += about.st_size
            archive += about.st_size + -about.st_size % _BLOCK
            if not os.access(full, os.R_OK):
                unreadable.append(f"{full}: {os.strerror(13)}")
        elif not stat.S_ISLNK(about.st_mode):
            left_out.append(full)
    return LocalFiles(files, folders, size, archive, tuple(unreadable[:MOST_NAMED]), tuple(left_out[:MOST_NAMED]))


def stream_local(path: Path, name: str) -> Iterator[bytes]:
    """Yield a tar of a file or a folder under `name`, all of it root's, in chunks of some hundred kilobytes.

    Raises LocalError in the midst of it for a file that changes meanwhile: what came till then is no whole archive.
    """
    buffer = bytearray()
    for part in _members(path, name):
        buffer += part
        if len(buffer) >= CHUNK:
            yield bytes(buffer)
            buffer.clear()
    buffer += bytes(2 * _BLOCK)
    yield bytes(buffer)


def _members(path: Path, name: str) -> Iterator[bytes]:
    """The archive in pieces: headers, bodies, padding."""
    for full, below in _walk(path, _stop):
        try:
            about = os.lstat(full)
        except OSError as error:
            _stop(full, error)
        header = tarfile.TarInfo(name + below)
        header.mode = stat.S_IMODE(about.st_mode)
        header.mtime = max(0, int(about.st_mtime))
        if stat.S_ISDIR(about.st_mode):
            header.type = tarfile.DIRTYPE
            yield _packed(header)
        elif stat.S_ISLNK(about.st_mode):
            header.type = tarfile.SYMTYPE
            header.linkname = os.readlink(full)
            yield _packed(header)
        elif stat.S_ISREG(about.st_mode):
            yield from _file(full, header)


def _file(full: str, header: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        handle = os.open(full, _OPEN)
    except OSError as error:
        _stop(full, error)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise LocalError(f"{full} is no file any more: it changed while it was sent")
        header.size = left = about.st_size
        yield _packed(header)
        while left:
            piece = os.read(handle, min(left, CHUNK))
            if not piece:
                raise LocalError(f"{full} shrank by {left:,} bytes while it was sent")
            left -= len(piece)
            yield piece
        yield bytes(-header.size % _BLOCK)
    except OSError as error:
        _stop(full, error)
    finally:
        os.close(handle)


def _packed(header: tarfile.TarInfo) -> bytes:
    # GNU's format takes names and sizes of any length
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _walk(path: Path, refused: Callable[[str, OSError], object]) -> Iterator[tuple[str, str]]:
    """Yield each path and what of it is below the first one, folders before what is in them, in the order of names."""
    top = os.fspath(path)
    waiting = [(top, "")]
    while waiting:
        full, below = waiting.pop()
        yield full, below
        if os.path.islink(full) or not os.path.isdir(full):
            continue
        try:
            with os.scandir(full) as entries:
                names = sorted((entry.name for entry in entries), reverse=True)
        except OSError as error:
            refused(full, error)
            continue
        waiting += [(f"{full}/{name}", f"{below}/{name}") for name in names]


def _stop(place: str, error: OSError) -> NoReturn:
    what = "vanished while it was sent" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
    raise LocalError(f"{place} {what}") from error
