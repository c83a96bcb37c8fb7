"""Takes a file or a folder out of an image's archive and writes it to this machine."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from shlex import quote

from tui.engine.archive_reader import ArchiveError
from tui.engine.engine import Engine
from tui.engine.layer_files import SPARSE, FileSink, read_files
from tui.engine.tarscan import Body, TarHeader
from tui.engine.threads import in_thread
from tui.jobs.job import Job
from tui.jobs.safe_tree import Parts, SafeTree, UnsafeName, stays_inside
from tui.jobs.taking_out import MARGIN, MOST_LEFT_OUT, ExtractError, WrittenFile, named
from tui.model.file_lookup import NotThere, locate
from tui.model.file_tree import ROOT, Change, FileTree, Kind
from tui.model.layers import ImageLayers
from tui.present.units import plural, size


class Selection:
    """What is taken of an image: a path of a merged tree and all below it, or only what one layer brings of it.

    A path that the view's last layer removes is taken as it was before.
    """

    def __init__(self, image: ImageLayers, view: FileTree, node: int, only: int | None = None) -> None:
        """`only` is the number of the layer; None for all that is in the view."""
        self.image = image
        self.view = view
        self.node = node
        self._only = only
        self._removed = view.change[node] == Change.REMOVED
        self.path = view.path(node)
        self._depth = 0 if node == ROOT else self.path.count("/")
        self.leaf = b"rootfs" if node == ROOT else view.name_bytes(node)

    def nodes(self) -> Iterator[int]:
        """Yield the node and all below it that is taken, folders before what is in them."""
        waiting = [self.node]
        while waiting:
            node = waiting.pop()
            if not self.takes(node):
                continue
            yield node
            waiting += self.view.children(node)

    def takes(self, node: int) -> bool:
        """Return whether a node is taken; a folder is, for the sake of what may be in it."""
        view = self.view
        if self._removed:
            return True
        if view.change[node] == Change.REMOVED:
            return False
        return self._only is None or view.layer[node] == self._only or view.kind(node) is Kind.FOLDER

    def needed(self) -> list[int]:
        """Return the nodes without the folders that a layer does not touch and that have nothing of it in them."""
        found = list(self.nodes())
        if self._only is None or self._removed:
            return found
        view, kept = self.view, {self.node}
        for node in found:
            if view.kind(node) is not Kind.FOLDER or view.layer[node] == self._only:
                while node not in kept:
                    kept.add(node)
                    node = view.parent(node)
        return [node for node in found if node in kept]

    def parts(self, node: int) -> Parts:
        """Return where a node is to be written, below the folder that was chosen."""
        if self.node == ROOT:
            below = self.view.path(node).encode("utf-8", "surrogateescape").split(b"/")[1:]
            return (self.leaf, *(part for part in below if part))
        below = self.view.path(node).encode("utf-8", "surrogateescape").split(b"/")[self._depth + 1 :]
        return (self.leaf, *below)


class _LayerSink(FileSink):
    """Takes of a layer what is selected and, under the path that has the content, what hard links lead to."""

    def __init__(self, job: ExtractJob, numbers: frozenset[int], linked: dict[bytes, Parts]) -> None:
        self._job = job
        self._numbers = numbers
        self._linked = linked
        self._writing: WrittenFile | None = None

    @property
    def done(self) -> bool:
        return False  # a path may be told twice, and the last one is it

    def entry(self, path: bytes, header: TarHeader) -> Body | None:
        parts = self._job.place(path, self._numbers) or self._linked.get(path)
        if parts is None:
            return None
        if header.type == SPARSE or header.shown_size != header.size:
            raise ArchiveError(f"{header.shown_name} is a sparse file, which can't be extracted")
        try:
            handle = self._job.tree.open_file(parts)
        except OSError as error:
            raise named(header, error) from error
        self.end()
        self._writing = WrittenFile(handle, header, self._job.wrote)
        return self._writing

    def end(self) -> None:
        """Close what is open."""
        if self._writing is not None:
            self._writing.end()

    def restart(self) -> None:
        self.end()


class ExtractJob(Job):
    """Writes a selection below `folder`, which must exist, as `leaf`; nothing is written over.

    Devices, pipes and links that lead out of what is extracted are left out, and named in `left_out`; owners and
    set-uid bits are not restored. Until it is done nothing is seen but a hidden folder, and nothing stays when it fails
    or is cancelled.
    """

    screen = "extract"

    def __init__(self, engine: Engine, image: str, title: str, selection: Selection, folder: Path) -> None:
        super().__init__(f"extract {selection.path} of {title}", f"docker save {quote(title)}")
        self.selection = selection
        self.folder = folder
        self.target = folder / os.fsdecode(selection.leaf)
        self.written = self.total = self.files = 0
        self.left_out: list[str] = []
        self.left_out_count = 0
        self.tree: SafeTree
        self._engine = engine
        self._image = image
        self._prefix = selection.path.strip("/").encode("utf-8", "surrogateescape")
        self._folders: list[int] = []
        self._symlinks: list[int] = []
        self._links: dict[tuple[int, bytes], list[Parts]] = {}
        self._wanted: set[int] = set()

    def wrote(self, count: int) -> None:
        """Count bytes that were written."""
        self.written += count

    async def work(self) -> None:
        try:
            await self._extract()
        finally:  # the job is kept in a list, and the image's trees may be large
            del self.selection
            self._folders, self._symlinks, self._links = [], [], {}

    async def _extract(self) -> None:
        self.progress = "looking at what it is"
        await in_thread(self._survey)
        try:
            self.tree = SafeTree(self.folder)
            try:
                await in_thread(self._make_folders)
                self.progress = "the daemon is preparing the archive"
                self.changed()
                await self._read()
                await in_thread(self._finish)
            finally:
                await in_thread(self.tree.close)
        except (OSError, UnsafeName) as error:
            words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ExtractError(f"{self.target}: {words}") from error
        self.fraction = 1.0
        self.progress = f"{plural(self.files, 'file')}, {size(self.written)} in {self.target}"

    def place(self, path: bytes, numbers: frozenset[int]) -> Parts | None:
        """Return where the content of a path of these layers goes; None where it is not selected."""
        prefix = self._prefix
        if prefix and path != prefix and not path.startswith(prefix + b"/"):
            return None
        view = self.selection.view
        node = view.find(path.decode("utf-8", "surrogateescape"))
        if node is None or view.kind(node) is not Kind.FILE or view.layer[node] not in numbers:
            return None
        return self.selection.parts(node) if self.selection.takes(node) else None

    def _survey(self) -> None:
        """Find out what there is to write, and whether it fits."""
        view, image = self.selection.view, self.selection.image
        for node in self.selection.needed():
            kind = view.kind(node)
            if kind is Kind.FILE:
                self._wanted.add(view.layer[node])
                self.total += view.size(node)
                self.files += 1
            elif kind is Kind.FOLDER:
                self._folders.append(node)
            elif kind is Kind.SYMLINK:
                self._symlinks.append(node)
            elif kind is Kind.HARDLINK:
                try:
                    found = locate(image, view, node)
                except NotThere as error:
                    self._leave_out(node, str(error))
                    continue
                self._wanted.add(found.layer)
                names = self._links.setdefault((found.layer, found.path), [])
                if not names:
                    self.total += found.size
                names.append(self.selection.parts(node))
                self.files += 1
            else:
                self._leave_out(node, kind.name.lower().replace("_", " "))
        if view.kind(self.selection.node) is Kind.SYMLINK:
            target = view.link(self.selection.node)
            raise ExtractError(f"{self.selection.path} is a link: extract what it leads to, {target}")
        if not self.files and not self._symlinks and view.kind(self.selection.node) is not Kind.FOLDER:
            raise ExtractError(f"{self.selection.path} is no file or folder")
        if os.path.lexists(self.target):
            raise ExtractError(f"{self.target} is there already: choose another folder, or move it away")
        room = os.statvfs(self.folder)
        free = room.f_bavail * room.f_frsize
        if self.total + MARGIN > free:
            raise ExtractError(f"{size(self.total)} do not fit: {self.folder} has {size(free)} free")

    def _leave_out(self, node: int, why: str) -> None:
        self.left_out_count += 1
        if len(self.left_out) < MOST_LEFT_OUT:
            self.left_out.append(f"{self.selection.view.path(node)}: {why}")

    def _make_folders(self) -> None:
        for node in self._folders:
            self.tree.make_folder(self.selection.parts(node))

    async def _read(self) -> None:
        if not self._wanted:
            return
        image = self.selection.image
        numbers: dict[str, set[int]] = {}
        for number in self._wanted:
            numbers.setdefault(image.layers[number].diff_id, set()).add(number)
        sinks = {
            diff_id: _LayerSink(
                self,
                frozenset(of),
                {path: names[0] for (layer, path), names in self._links.items() if layer in of},
            )
            for diff_id, of in numbers.items()
        }
        members = {layer.diff_id: layer.member for layer in image.layers if layer.member}
        diff_ids = [layer.diff_id for layer in image.layers if not layer.empty]
        try:
            await read_files(self._chunks, sinks, members, diff_ids)
        finally:
            for sink in sinks.values():
                sink.end()

    async def _chunks(self) -> AsyncGenerator[bytes]:
        async with aclosing(self._engine.images.archive(self._image)) as chunks:
            async for chunk in chunks:
                yield chunk
                self.fraction = min(1.0, self.written / self.total) if self.total else None
                self.progress = f"{size(self.written)} of {size(self.total)} written"
                self.changed()

    def _finish(self) -> None:
        """Make the links, give folders their modes, and bring all to its place."""
        selection, view = self.selection, self.selection.view
        for (number, path), names in self._links.items():
            first = self.place(path, frozenset((number,)))
            for name in names if first else names[1:]:
                self.tree.link_file(name, first or names[0])
        links = {selection.parts(node) for node in self._symlinks}
        for node in self._symlinks:
            target = view.link(node)
            raw = target.encode("utf-8", "surrogateescape")
            if stays_inside(selection.parts(node), raw, links):
                self.tree.make_symlink(selection.parts(node), raw)
            else:
                self._leave_out(node, f"a link to {target}, which leads out of what is extracted")
        for node in reversed(self._folders):
            self.tree.finish_folder(selection.parts(node), view.mode(node), view.mtime(node))
        self.tree.keep(selection.leaf)
