"""Reads what a daemon of this machine keeps of its images' layers: the lists of their entries, and single files.

The daemon keeps the files of a layer, and beside them what makes the layer's archive of them again, byte for byte
(github.com/vbatts/tar-split): gzip of JSON lines, which are pieces of that archive (headers and padding, in base64)
and, in their place, the names, sizes and checksums of the bodies. That is a hundredth of what `docker save` sends,
which the daemon would first write to its disk. The folders are those of moby's `layer/filestore.go` and
`image/fs.go`; root alone may look into them, and the containerd image store has others.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tui.engine.archive import MAX_ENTRIES, KnownLayer
from tui.engine.archive_reader import MAX_JSON, Config
from tui.engine.data_root import own_paths
from tui.engine.endpoint import Endpoint
from tui.engine.tar_entries import add_entry
from tui.engine.tarscan import TarError, TarHeader, TarScanner
from tui.model.file_tree import FileTree
from tui.model.tree_builder import PathTooLong, TreeBuilder

MAX_LINE: Final = 8 << 20
"""Bytes of one line; a piece holds at most some headers with long names, each under a megabyte."""

_CHUNK: Final = 64 << 10
"""Packed bytes taken at once; they may unpack to a thousand times as many."""
_UNPACKED: Final = 1 << 20
_PIECE: Final = 2
_BODY: Final = 1
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_CACHE_ID: Final = re.compile(rb"[0-9a-z]{1,80}")
_METACOPY: Final = "trusted.overlay.metacopy"
"""What marks a file of an overlay whose content is in a layer below."""

_DRIVER: Final = re.compile(r"[a-z0-9]+")


class ListError(Exception):
    """What the daemon keeps is not there, may not be read, or is damaged: the archive has to be asked for."""


class _Line(msgspec.Struct, gc=False):
    """A piece of the archive, or a body of `size` bytes that is left out."""

    type: int
    size: int = 0
    payload: bytes | None = None


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """Return the chain ID of each layer, the lowest first: the digest of all that is below it and itself.

    OCI image specification 1.1, config.md, "Layer ChainID".
    """
    chain: list[str] = []
    for diff_id in diff_ids:
        chain.append(_digest(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return chain


class LayerLists:
    """The lists in a daemon's data folder, which is `root` from here, of images that its storage `driver` holds."""

    def __init__(self, root: Path, driver: str) -> None:
        self._images = root / "image" / driver / "imagedb" / "content" / "sha256"
        self._layers = root / "image" / driver / "layerdb" / "sha256"
        self._files = root / driver

    def config(self, image_id: str) -> Config:
        """Return the configuration of an image, whose ID is its digest.

        Raises:
            ListError: it is not there, or is another one.
        """
        data = _read(self._images / _digits(image_id), MAX_JSON)
        if _digest(data) != image_id:
            raise ListError(f"what is kept as the configuration of {image_id} is another one")
        try:
            return msgspec.json.decode(data, type=Config)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ListError(f"the configuration of {image_id} can't be read: {error}") from error

    def packed_size(self, chain_id: str) -> int:
        """Return the bytes of a layer's list as it is kept.

        Raises:
            ListError: it is not there.
        """
        try:
            return (self._layers / _digits(chain_id) / "tar-split.json.gz").stat().st_size
        except OSError as error:
            raise ListError(f"there is no list of {chain_id}: {error.strerror}") from error

    def layer(
        self,
        chain_id: str,
        diff_id: str,
        *,
        max_entries: int = MAX_ENTRIES,
        on_bytes: Callable[[int], object] = lambda _count: None,
    ) -> KnownLayer:
        """Return a layer by its chain ID; for a thread. `on_bytes` is told of packed bytes as they are read; what it
        raises ends the reading.

        Raises:
            ListError: it is not there, is another one, is damaged, or has more than `max_entries` paths.
        """
        folder = self._layers / _digits(chain_id)
        if _read(folder / "diff", 200).strip() != diff_id.encode():
            raise ListError(f"what is kept as {chain_id} is not the layer {diff_id}")
        reader = _ListReader(max_entries)
        try:
            descriptor = _open(folder / "tar-split.json.gz")
            with open(descriptor, "rb", buffering=0) as packed:
                while chunk := packed.read(_CHUNK):
                    reader.feed(chunk)
                    on_bytes(len(chunk))
            return KnownLayer(diff_id, reader.finish())
        except OSError as error:
            raise ListError(f"the list of {chain_id} can't be read: {error.strerror}") from error
        except (zlib.error, msgspec.DecodeError, TarError, PathTooLong, RecursionError) as error:
            raise ListError(f"the list of {chain_id} is damaged: {error}") from error

    def content(self, chain_id: str, path: bytes, size: int, most: int) -> bytes:
        """Return the first bytes, at `most`, of a layer's file of `size` bytes; `path` is raw, from the layer's root.

        No link is followed on the way. For a thread.

        Raises:
            ListError: it can't be read, or is not what the list tells of it.
        """
        folder = _read(self._layers / _digits(chain_id) / "cache-id", 200).strip()
        if not _CACHE_ID.fullmatch(folder):
            raise ListError(f"what {chain_id} is kept as is no name: {folder[:100]!a}")
        parts = path.split(b"/")
        if not all(parts) or b".." in parts or b"." in parts:
            raise ListError("the path is none of a layer")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        at = None
        try:
            at = os.open(self._files / folder.decode() / "diff", flags | os.O_DIRECTORY)
            for part in parts:
                below = os.open(part, flags, dir_fd=at)
                os.close(at)
                at = below
            found = os.fstat(at)
            if not stat.S_ISREG(found.st_mode) or found.st_size != size or _METACOPY in os.listxattr(at):
                raise ListError("the file is not what the layer's list tells of it")
            with open(at, "rb", closefd=False) as file:
                return file.read(most)
        except (OSError, ValueError) as error:
            raise ListError(f"the file can't be read: {error}") from error
        finally:
            if at is not None:
                os.close(at)


def layer_lists(endpoint: Endpoint, folder: str, driver: str) -> LayerLists | None:
    """Return the lists of the daemon at `endpoint`, which calls its data folder and storage driver so; for a thread.

    None where they are not to be had: the daemon is elsewhere, its files may not be looked at, or its images are in
    another kind of store.
    """
    if not _DRIVER.fullmatch(driver):
        return None
    for path in own_paths(endpoint, folder):
        if os.access(f"{path}/image/{driver}/layerdb/sha256", os.R_OK | os.X_OK):
            return LayerLists(Path(path), driver)
    return None


class _ListReader:
    """Makes a tree of a list in pieces."""

    def __init__(self, max_entries: int) -> None:
        self._unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._decoder = msgspec.json.Decoder(_Line)
        self._pending = b""
        self._builder = TreeBuilder()
        self._scanner = TarScanner(self._entry)
        self._most = max_entries
        self._size = 0

    def feed(self, packed: bytes) -> None:
        while packed and not self._unpack.eof:
            data = self._pending + self._unpack.decompress(packed, _UNPACKED)
            packed = self._unpack.unconsumed_tail
            whole = data.rfind(b"\n") + 1
            self._pending = data[whole:]
            if len(self._pending) > MAX_LINE:
                raise TarError(f"a line of it has more than {MAX_LINE} bytes")
            if whole:
                self._take(data[:whole])

    def finish(self) -> FileTree:
        """Return the tree."""
        if not self._unpack.eof or self._pending.strip():
            raise TarError("it is cut")
        self._scanner.close()
        return self._builder.finish()

    def _take(self, lines: bytes) -> None:
        scanner = self._scanner
        for line in self._decoder.decode_lines(lines):
            if line.type == _PIECE:
                scanner.feed(line.payload or b"")
            elif line.type == _BODY:
                if self._size:  # a link may tell the size of what it leads to, and has no body
                    scanner.pass_over(line.size)
            else:
                raise TarError(f"it has a line of type {line.type}")

    def _entry(self, header: TarHeader) -> None:
        self._size = header.size
        add_entry(self._builder, header)
        if len(self._builder) > self._most:
            raise TarError(f"it has more than {self._most} paths")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digits(digest: str) -> str:
    """The digits of a digest that comes from outside: they are to be the name of a file."""
    if not _DIGEST.fullmatch(digest):
        raise ListError(f"{digest[:100]!a} is no SHA-256 digest")
    return digest.removeprefix("sha256:")


def _open(path: Path) -> int:
    """Open a file that is one, and no link to others."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ListError(f"{path.name} is no file")
    return descriptor


def _read(path: Path, most: int) -> bytes:
    """The content of a small file."""
    try:
        with open(_open(path), "rb", buffering=0) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ListError(f"{path.name} can't be read: {error.strerror}") from error
    if len(data) > most:
        raise ListError(f"{path.name} has more than {most} bytes")
    return data
