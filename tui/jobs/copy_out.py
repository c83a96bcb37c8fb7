"""Copies a file or a folder out of a container to this machine: what `docker cp CONTAINER:PATH FOLDER` does."""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from shlex import quote
from typing import Final

from tui.engine.archive import index_archive
from tui.engine.archive_reader import ArchiveError
from tui.engine.container_tree import end
from tui.engine.engine import Engine
from tui.engine.first_file import empty_archive
from tui.engine.layer_files import SPARSE
from tui.engine.tar_entries import kind_of
from tui.engine.tarscan import Body, TarError, TarHeader, TarScanner
from tui.engine.threads import in_thread
from tui.jobs.job import Job
from tui.jobs.safe_tree import Parts, SafeTree, UnsafeName, stays_inside
from tui.jobs.taking_out import MARGIN, MOST_LEFT_OUT, ExtractError, WrittenFile, named
from tui.model.container_tree import place_in
from tui.model.file_tree import ESCAPES, Kind
from tui.model.tree_builder import normalize
from tui.present.units import plural, rate, size

MOST_WAITING: Final = 500_000
"""Links and folders that may wait for their turn at the end."""

TOLD_SECONDS: Final = 0.2


class CopyOutJob(Job):
    """Writes `path` below `folder`, which must exist, under its own last name; nothing is written over.

    Devices, pipes, links that lead out of what is copied and names that do are left out, and named in `left_out`;
    owners and set-uid bits are not kept. Until it is done nothing is seen but a hidden folder, and nothing stays when
    it fails or is cancelled. `total` is about how many bytes are expected, 0 where that is not known. The path counts
    from `root`, a folder of the container that people call `of`; all of it goes into a folder named `leaf`.
    """

    screen = "extract"

    def __init__(
        self, engine: Engine, container: str, name: str, path: str, folder: Path, total: int = 0, *, root: str = "",
        of: str = "", leaf: str = "rootfs",
    ) -> None:  # fmt: skip
        leaf = posixpath.basename(path.rstrip("/")) or leaf
        self.target = folder / leaf
        self._whole = path == "/" and not root
        self._place = place_in(root, path)
        line = f"docker cp {quote(f'{name}:{self._place}')} {quote(str(self.target if path == '/' else folder))}"
        if self._whole:
            line = f"docker export {quote(name)} | tar -x -C {quote(str(self.target))}"
        super().__init__(f"copy {path} of {of or name}", line)
        self.folder = folder
        self.path = path
        self.total = total
        self.written = self.files = 0
        self.left_out: list[str] = []
        self.left_out_count = 0
        self._engine = engine
        self._container = container
        self._leaf = os.fsencode(leaf)
        self._waiting = _Waiting()
        self._tree: SafeTree
        self._writing: WrittenFile | None = None

    async def work(self) -> None:
        try:
            await in_thread(self._check)
            self._tree = SafeTree(self.folder)
            try:
                await self._read()
                await in_thread(self._finish)
            finally:
                await in_thread(self._close)
        except (OSError, UnsafeName) as error:
            words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ExtractError(f"{self.target}: {words}") from error
        finally:
            self._waiting = _Waiting()
        self.fraction = 1.0
        self.progress = f"{plural(self.files, 'file')}, {size(self.written)} in {self.target}"

    def _check(self) -> None:
        """Find out whether it can go there before anything is asked for."""
        if os.path.lexists(self.target):
            raise ExtractError(f"{self.target} is there already: choose another folder, or move it away")
        room = os.statvfs(self.folder)
        free = room.f_bavail * room.f_frsize
        if self.total + MARGIN > free:
            raise ExtractError(f"{size(self.total)} do not fit: {self.folder} has {size(free)} free")

    async def _read(self) -> None:
        reader = _Reader(self)
        await index_archive(self._chunks(), reader)
        reader.close()

    async def _chunks(self) -> AsyncGenerator[bytes]:
        files = self._engine.files
        source = (
            files.export(self._container) if self._whole else files.archive(self._container, self._place)
        )  # of a whole container the volumes stay where they are, as with docker export
        began = told = time.monotonic()
        async with aclosing(source) as chunks:
            async for chunk in chunks:
                yield chunk
                now = time.monotonic()
                if now - told > TOLD_SECONDS:
                    told = now
                    self.fraction = min(1.0, self.written / self.total) if self.total else None
                    of = f" of {size(self.total)}" if self.total else ""
                    self.progress = f"{size(self.written)}{of} written, {rate(self.written / (now - began))}"
                    self.changed()

    # what comes

    def wrote(self, count: int) -> None:
        """Count bytes that were written."""
        self.written += count

    def take(self, header: TarHeader) -> Body | None:
        """Take an entry of the archive; returns what takes its content. Raises ArchiveError and OSError."""
        self._end_file()
        name, flags = normalize(header.name)
        parts = tuple(part for part in name.split(b"/") if part)
        if flags & ESCAPES and not self._whole:
            self._leave_out(header.name, "its name leads out of what is copied")
            return None
        # the archive's first part is the path's own name, whatever the daemon calls it
        parts = (self._leaf, *parts) if self._whole else (self._leaf, *parts[1:])
        kind = kind_of(header)
        if kind is Kind.FOLDER:
            self._tree.make_folder(parts)
            self._waiting.folders.append((parts, header.mode, header.mtime))
        elif kind is Kind.SYMLINK:
            self._waiting.symlinks.append((parts, header.link))
        elif kind is Kind.HARDLINK:
            self._waiting.links.append((parts, header.link))
        elif kind is Kind.FILE:
            return self._open(parts, header)
        else:
            self._leave_out(header.name, kind.name.lower().replace("_", " "))
        if len(self._waiting) > MOST_WAITING:
            raise ArchiveError(f"more than {MOST_WAITING:,} folders and links, at {header.shown_name}")
        return None

    def _open(self, parts: Parts, header: TarHeader) -> Body:
        if header.type == SPARSE or header.shown_size != header.size:
            raise ArchiveError(f"{header.shown_name} is a sparse file, which can't be copied")
        try:
            self._writing = WrittenFile(self._tree.open_file(parts), header, self.wrote)
        except OSError as error:
            raise named(header, error) from error
        self.files += 1
        return self._writing

    def _leave_out(self, name: bytes, why: str) -> None:
        self.left_out_count += 1
        if len(self.left_out) < MOST_LEFT_OUT:
            self.left_out.append(f"{os.fsdecode(name)}: {why}")

    # the end

    def _finish(self) -> None:
        """Make the links, give folders their modes, and bring all to its place."""
        waiting = self._waiting
        for parts, link in waiting.links:
            self._link(parts, link)
        links = {parts for parts, _ in waiting.symlinks}
        for parts, target in waiting.symlinks:
            if stays_inside(parts, target, links):
                self._tree.make_symlink(parts, target)
            else:
                words = f"a link to {os.fsdecode(target)}, which leads out of what is copied"
                self._leave_out(b"/".join(parts), words)
        for parts, mode, mtime in reversed(waiting.folders):
            self._tree.finish_folder(parts, mode, mtime)
        if not (self.files or waiting.folders or waiting.symlinks):
            raise ExtractError(f"{self.path} is no file or folder" if self.left_out else empty_archive(self.path))
        if waiting.symlinks and not (self.files or waiting.folders):
            target = os.fsdecode(waiting.symlinks[0][1])
            raise ExtractError(f"{self.path} is a link: copy what it leads to, {target}")
        self._tree.keep(self._leaf)

    def _link(self, parts: Parts, link: bytes) -> None:
        name, flags = normalize(link)
        to = tuple(part for part in name.split(b"/") if part)
        to = (self._leaf, *to) if self._whole else (self._leaf, *to[1:])
        try:
            if flags & ESCAPES and not self._whole:
                raise FileNotFoundError
            self._tree.link_file(parts, to)
            self.files += 1
        except (FileNotFoundError, NotADirectoryError):
            self._leave_out(b"/".join(parts), f"a hard link to {os.fsdecode(link)}, which is not in what is copied")

    def _end_file(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.end()

    def _close(self) -> None:
        self._end_file()
        self._tree.close()


class _Waiting:
    """What is made at the end, so that nothing is ever written through a link."""

    def __init__(self) -> None:
        self.folders: list[tuple[Parts, int, int]] = []
        self.symlinks: list[tuple[Parts, bytes]] = []
        self.links: list[tuple[Parts, bytes]] = []

    def __len__(self) -> int:
        return len(self.folders) + len(self.symlinks) + len(self.links)


class _Reader:
    """Passes the archive's entries to the job."""

    packed = False

    def __init__(self, job: CopyOutJob) -> None:
        self._scanner = TarScanner(job.take)

    def feed(self, chunk: bytes | memoryview) -> None:
        try:
            self._scanner.feed(chunk)
        except TarError as error:
            raise ArchiveError(str(error)) from error

    def close(self) -> None:
        """Raises ArchiveError where the archive is cut."""
        end(self._scanner)
