"""Reads the headers of a container's archive while it streams by: a tree of its files, never what is in them."""

from __future__ import annotations

from typing import Final

from tui.engine.archive_reader import ArchiveError
from tui.engine.tar_entries import kind_of
from tui.engine.tarscan import TarError, TarHeader, TarScanner
from tui.model.file_tree import FileTree, Kind
from tui.model.tree_builder import PathTooLong, TreeBuilder, normalize

MAX_PATHS: Final = 2_000_000


class ContainerTreeReader:
    """Takes an archive of `GET /containers/{id}/export`, or of `…/archive`, in pieces; memory grows with its paths."""

    packed = False

    def __init__(self, *, whole: bool, max_paths: int = MAX_PATHS) -> None:
        """`whole`: its names count from the root; else their first part is the path's own, and becomes the root."""
        self._whole = whole
        self._max_paths = max_paths
        self._builder = TreeBuilder(layer=False)
        self._paths = 0
        self._scanner = TarScanner(self._entry)
        self.bytes_seen = 0
        """Bytes of the archive that passed."""

    @property
    def paths(self) -> int:
        """How many paths it has by now, the root not counted."""
        return self._paths

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes. Raises ArchiveError."""
        try:
            self._scanner.feed(chunk)
        except (TarError, PathTooLong) as error:
            raise ArchiveError(str(error)) from error
        self.bytes_seen += len(chunk)

    def finish(self, *, cut: bool = False) -> FileTree:
        """Return the tree, of a `cut` archive as far as it came. Raises ArchiveError where it is cut and should not."""
        if not cut:
            end(self._scanner)
        return self._builder.finish()

    def _entry(self, header: TarHeader) -> None:
        path = header.name if self._whole else below(header.name)
        link = header.link
        kind = kind_of(header)
        if kind is Kind.HARDLINK and not self._whole:
            link = below(link)
        owner = (header.uid, header.gid)
        self._builder.add(path, kind, header.shown_size, header.mode, owner, header.mtime, link)
        self._paths = len(self._builder) - 1
        if self._paths > self._max_paths:
            raise ArchiveError(f"more than {self._max_paths:,} paths, at {ascii(header.name)[1:200]}")


def end(scanner: TarScanner) -> None:
    """Take note of an archive's end.

    Raises ArchiveError where it is cut, or has no end mark: a daemon that fails in the midst of it may just stop.
    """
    try:
        scanner.close()
    except TarError as error:
        raise ArchiveError(str(error)) from error
    if not scanner.done:
        raise ArchiveError(f"the archive is cut behind {ascii(scanner.last_name)[1:200]}: it has no end mark")


def below(name: bytes) -> bytes:
    """Return a name of an archive of one path without its first part, which is the path's own."""
    clean, _ = normalize(name)
    return clean.partition(b"/")[2]
