"""Reads files out of the layers of an image's archive while it streams by."""

import posixpath
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Final, Protocol

from tui.engine.archive import digest_in, index_archive
from tui.engine.archive_reader import ArchiveError, ArchiveReader, LayerBody
from tui.engine.tarscan import Body, TarHeader, TarScanner
from tui.model.tree_builder import normalize

SPARSE: Final = b"S"


class FileSink(Protocol):
    """Takes entries of one layer. What it raises ends the reading."""

    @property
    def done(self) -> bool:
        """Whether it has all that it wants of the layer."""
        ...

    def entry(self, path: bytes, header: TarHeader) -> Body | None:
        """Returns what takes an entry's content; None passes over it. `path` has no `..` and no first slash."""
        ...

    def restart(self) -> None:
        """Forgets what it took: the archive is read once more."""
        ...


class _SunkLayer:
    """A layer's archive whose entries are offered to a sink."""

    def __init__(self, sink: FileSink, on_close: Callable[[], object]) -> None:
        self._sink = sink
        self._on_close = on_close
        self._scanner = TarScanner(self._entry)

    def feed(self, data: memoryview) -> None:
        if not self._sink.done:
            self._scanner.feed(data)

    def close(self) -> None:
        if not self._sink.done:
            self._scanner.close()
        self._on_close()

    def _entry(self, header: TarHeader) -> Body | None:
        if self._sink.done:
            return None
        path, _ = normalize(header.name)
        return self._sink.entry(path, header)


class FileReader(ArchiveReader):
    """Offers the entries of some layers, by the names of their members, to sinks."""

    def __init__(self, sinks: Mapping[str, FileSink]) -> None:
        super().__init__()
        self._sinks = sinks
        self.passed: set[str] = set()

    @property
    def done(self) -> bool:
        """Whether no sink wants anything more."""
        return all(sink.done or name in self.passed for name, sink in self._sinks.items())

    def passes_over(self, name: str, size: int) -> bool:
        return name not in self._sinks and bool(digest_in(name)) and size > self._max_json

    def open_layer(self, name: str, size: int) -> LayerBody | None:
        sink = self._sinks.get(name)
        if sink is None:
            return None
        return _SunkLayer(sink, lambda: self.passed.add(name))


async def read_files(
    archive: Callable[[], AsyncIterable[bytes]],
    sinks: Mapping[str, FileSink],
    members: Mapping[str, str],
    diff_ids: list[str],
) -> None:
    """Offers the entries of layers, by their diff IDs, to sinks, and reads the archive no further than they want.

    `members` are the names of layers in the archive, by diff ID, as far as they are known. What is not known, or not
    so, is learned from the archive itself, which is read a second time then. `diff_ids` are those of all layers of the
    image. Raises ArchiveError.
    """
    named = {members[diff_id]: sink for diff_id, sink in sinks.items() if members.get(diff_id)}
    reader = FileReader(named)
    if await index_archive(archive(), reader, lambda: len(named) == len(sinks) and reader.done):
        reader.close()
    if len(named) == len(sinks) and all(sink.done or name in reader.passed for name, sink in named.items()):
        return
    manifest, config = reader.image(diff_ids)
    places = {
        diff_id: reader.place(name) for diff_id, name in zip(config.rootfs.diff_ids, manifest.layers, strict=False)
    }
    missing = [diff_id for diff_id in sinks if diff_id not in places]
    if missing:
        raise ArchiveError(f"the image has no layer {missing[0]} any more")
    for sink in sinks.values():
        sink.restart()
    again = FileReader({places[diff_id]: sink for diff_id, sink in sinks.items()})
    if await index_archive(archive(), again, lambda: again.done):
        again.close()
    for diff_id, sink in sinks.items():
        if not sink.done and places[diff_id] not in again.passed:
            raise ArchiveError(f"the layer {posixpath.basename(places[diff_id])!a} is not in the archive")


class FirstBytes:
    """A sink for the first bytes of one file: `content`, at most `most` of them; `found` once the file was there.

    Raises ArchiveError for a sparse file, whose holes are not written down where they belong.
    """

    def __init__(self, path: bytes, size: int, mtime: int, most: int) -> None:
        """The entry of that path which also has the size and time is taken; else the last one of that path."""
        self._path = path
        self._size = size
        self._mtime = mtime
        self._most = most
        self.content = bytearray()
        self.found = False
        self.done = False
        self._right = False

    def entry(self, path: bytes, header: TarHeader) -> Body | None:
        if path != self._path:
            return None
        if header.type == SPARSE or header.shown_size != header.size:
            raise ArchiveError(f"{header.shown_name} is a sparse file: its content can't be shown")
        self.content.clear()
        self.found = True
        self._right = header.size == self._size and header.mtime == self._mtime
        return self

    def feed(self, data: memoryview) -> None:
        self.content += data[: self._most - len(self.content)]
        if len(self.content) >= self._most:
            self.close()

    def close(self) -> None:
        if self._right:
            self.done = True

    def restart(self) -> None:
        self.content.clear()
        self.found = self.done = False
