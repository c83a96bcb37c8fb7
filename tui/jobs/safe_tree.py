"""Writes a tree of files below one folder, and never outside it, whatever the names and links say.

Every step goes from the descriptor of a folder to a single name in it, and no link is followed; links are made last.
All of it grows in a new private folder, and comes to its place in one step at the end.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

LATEST: Final = 253_402_300_799
"""The end of the year 9999, in seconds since the epoch."""

Parts = tuple[bytes, ...]
"""A path below the folder, name by name."""


class UnsafeName(ValueError):
    """A name that can be no name of a file here; the message holds it."""


class SafeTree:
    """A tree that grows beside its place in `folder`. Use it as a context: what is not kept is removed at the end.

    Raises OSError, and UnsafeName for `..`, slashes and NUL bytes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._name = f".hythe-{secrets.token_hex(8)}"
        self._open: list[tuple[bytes, int]] = []
        try:
            os.mkdir(self._name, 0o700, dir_fd=self._folder)
            self._root = os.open(self._name, FOLDER_FLAGS, dir_fd=self._folder)
        except OSError:
            os.close(self._folder)
            raise

    def __enter__(self) -> SafeTree:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was not kept."""
        self._close_folders()
        os.close(self._root)
        shutil.rmtree(self._name, ignore_errors=True, dir_fd=self._folder)
        os.close(self._folder)

    def make_folder(self, parts: Parts) -> None:
        """Make a folder, and those above it."""
        self._enter(parts)

    def open_file(self, parts: Parts) -> int:
        """Return a descriptor to write a new file with; a file of that name that is there already is removed."""
        folder = self._enter(parts[:-1])
        name = _checked(parts[-1])
        try:
            return os.open(name, FILE_FLAGS, 0o600, dir_fd=folder)
        except FileExistsError:
            os.unlink(name, dir_fd=folder)
            return os.open(name, FILE_FLAGS, 0o600, dir_fd=folder)

    def link_file(self, parts: Parts, to: Parts) -> None:
        """Make `parts` one more name of the file at `to`."""
        source = os.dup(self._enter(to[:-1]))
        try:
            folder = self._enter(parts[:-1])
            os.link(_checked(to[-1]), _checked(parts[-1]), src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(source)

    def make_symlink(self, parts: Parts, target: bytes) -> None:
        """Make a symbolic link. Whether it may point there is for the caller to know."""
        folder = self._enter(parts[:-1])
        os.symlink(target, _checked(parts[-1]), dir_fd=folder)

    def finish_folder(self, parts: Parts, mode: int, mtime: int) -> None:
        """Give a folder its mode, of which its owner keeps all rights, and its time."""
        folder = self._enter(parts)
        os.fchmod(folder, mode & 0o755 | 0o700)
        moment = a_time(mtime)
        os.utime(folder, (moment, moment))

    def keep(self, leaf: bytes) -> None:
        """Bring what was made under the name `leaf` to its place in the folder.

        Raises FileExistsError where something has that name: it is left as it is.
        """
        name = _checked(leaf)
        self._close_folders()
        if _exists(name, self._folder):
            raise FileExistsError(f"{os.fsdecode(leaf)!a} is there already")
        status = os.stat(name, dir_fd=self._root, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.rename(name, name, src_dir_fd=self._root, dst_dir_fd=self._folder)
        else:  # a link, unlike a renaming, never takes the place of another file
            os.link(name, name, src_dir_fd=self._root, dst_dir_fd=self._folder, follow_symlinks=False)

    def _enter(self, parts: Parts) -> int:
        """Return the descriptor of a folder, made with those above it; the way to the last one is kept open."""
        shared = 0
        while shared < min(len(parts), len(self._open)) and self._open[shared][0] == parts[shared]:
            shared += 1
        while len(self._open) > shared:
            os.close(self._open.pop()[1])
        for part in parts[shared:]:
            above = self._open[-1][1] if self._open else self._root
            name = _checked(part)
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=above)
            self._open.append((bytes(part), os.open(name, FOLDER_FLAGS, dir_fd=above)))
        return self._open[-1][1] if self._open else self._root

    def _close_folders(self) -> None:
        while self._open:
            os.close(self._open.pop()[1])


def stays_inside(parts: Parts, target: bytes, links: Collection[Parts]) -> bool:
    """Return whether a symbolic link at `parts` leads to something below the first of them, on any machine.

    `links` are the other ones: a `..` behind one of them starts from wherever that one leads.
    """
    if not target or target.startswith(b"/") or b"\0" in target or len(parts) < 2:
        return False
    place, through_link = list(parts[:-1]), False
    for step in target.split(b"/"):
        if step in (b"", b"."):
            continue
        if step != b"..":
            place.append(step)
            through_link = through_link or tuple(place) in links
        elif through_link or len(place) < 2:
            return False
        else:
            place.pop()
    return True


def a_time(mtime: int) -> int:
    """Return a time of an archive as one that every file system takes."""
    return max(0, min(mtime, LATEST))


def _checked(name: bytes) -> bytes:
    if not name or name in (b".", b"..") or b"/" in name or b"\0" in name:
        raise UnsafeName(f"{name[:200]!r} can be no name of a file")
    return bytes(name)


def _exists(name: bytes, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
