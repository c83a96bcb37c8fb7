"""The layers that were read, on disk for the next run: bounded, checked, and worked without where it can't be used."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from tui import paths
from tui.engine.archive import KnownLayer
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.tree_codec import FORMAT, BadTree, decode_tree, encode_tree

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdError, compress, decompress, get_frame_info
else:
    from backports.zstd import CompressionParameter, ZstdError, compress, decompress, get_frame_info

LIMIT: Final = 256 << 20
"""Bytes that the cache may take on disk."""

MOST_IMAGES: Final = 500
LARGEST: Final = 1 << 30
"""Bytes that an entry may unpack to: two million paths are some 200 MB."""

_MAGIC: Final = b"hythe layer cache\n"
_OPTIONS: Final[dict[int, int]] = {CompressionParameter.compression_level: 1, CompressionParameter.checksum_flag: 1}
_STALE_SECONDS: Final = 3600.0
_DIGITS: Final = frozenset("0123456789abcdef")

_T = TypeVar("_T")


class LayerLine(msgspec.Struct, frozen=True, array_like=True):
    """A layer of an image as the cache keeps it; the tree is kept by the diff ID, once for all images."""

    created_by: str
    created: str
    comment: str
    empty: bool
    diff_id: str
    digest: str
    blob_size: int
    member: str


class ImageLine(msgspec.Struct, frozen=True, array_like=True):
    """An image as the cache keeps it."""

    layers: tuple[LayerLine, ...]
    config: ImageConfig
    tags: tuple[str, ...]
    architecture: str
    os: str
    created: str


class LayerStore:
    """Files in `folder` (None: there is none, and nothing is kept), each written in one step and checked when read.

    Trees are named by the diff ID of their layer, and linked to by the other digests that archives tell them by; images
    by their ID. Safe to use from several threads and by several processes at once: a file is whole, or it is not there.
    """

    def __init__(self, folder: Path | None, limit: int = LIMIT) -> None:
        self._base = folder
        self._folder = folder / f"layers-{FORMAT}" if folder else None
        self._limit = limit
        self._broken = folder is None
        self.problem = "" if folder else "there is no home folder for a cache: layers are read anew in each run"
        """Why nothing is kept on disk; empty while all is well."""

    @classmethod
    def of_user(cls) -> LayerStore:
        """Return the store in the user's cache folder."""
        return cls(paths.cache_folder())

    # layers

    def tree(self, digest: str) -> KnownLayer | None:
        """Return a layer by the digits of its diff ID, or of another digest that it was kept with; None: not there."""
        path = self._path("trees", digest)
        if path is None:
            return None
        data = self._read(path)
        if data is None:
            return None
        try:
            diff_id, encoded = msgspec.msgpack.decode(data, type=tuple[str, bytes])
            return KnownLayer(diff_id, decode_tree(encoded))
        except (msgspec.DecodeError, BadTree):
            self._discard(path)
            return None

    def diff_id(self, digest: str) -> str:
        """Return the digits of the diff ID of the layer that was kept with another digest; empty: not there."""
        path = self._path("trees", digest)
        try:
            name = path.readlink().name if path is not None else ""
        except OSError:
            return ""
        return name if _is_digest(name) else ""

    def put_tree(self, layer: KnownLayer, other: str = "") -> None:
        """Keep a layer, by its diff ID and by another digest, both as digits."""
        digits = layer.diff_id.removeprefix("sha256:")
        path = self._path("trees", digits)
        if path is None or self._broken:
            return
        data = msgspec.msgpack.encode((layer.diff_id, encode_tree(layer.tree)))
        if self._write(path, data) and other != digits and (link := self._path("trees", other)) is not None:
            new = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
            try:
                new.symlink_to(path.name)
                new.replace(link)  # in one step: another hythe may do the same
            except OSError as error:
                self._fail(error)

    # images

    def image(self, image_id: str) -> ImageLine | None:
        """Return what is kept of an image, its trees apart; None: not there."""
        path = self._path("images", image_id.removeprefix("sha256:"))
        data = self._read(path) if path else None
        if path is None or data is None:
            return None
        try:
            return msgspec.msgpack.decode(data, type=ImageLine)
        except msgspec.DecodeError:
            self._discard(path)
            return None

    def put_image(self, image_id: str, image: ImageLayers) -> None:
        """Keep an image, its trees apart."""
        path = self._path("images", image_id.removeprefix("sha256:"))
        if path is None or self._broken:
            return
        lines = tuple(
            LayerLine(
                layer.created_by,
                layer.created,
                layer.comment,
                layer.empty,
                layer.diff_id,
                layer.digest,
                layer.blob_size,
                layer.member,
            )
            for layer in image.layers
        )
        line = ImageLine(lines, image.config, image.tags, image.architecture, image.os, image.created)
        self._write(path, msgspec.msgpack.encode(line))

    # bounds

    def trim(self) -> None:
        """Remove what was used longest ago until the rest is within the bounds, and what other versions left."""
        if self._folder is None or self._base is None or self._broken:
            return
        try:
            for other in self._base.glob("layers-*"):
                if other != self._folder:
                    shutil.rmtree(other, ignore_errors=True)
            self._bound("images", self._limit // 8, MOST_IMAGES)
            self._bound("trees", self._limit, sys.maxsize)
        except OSError as error:
            self._fail(error)

    def _bound(self, part: str, most_bytes: int, most: int) -> None:
        files: list[tuple[float, int, str]] = []
        links: list[os.DirEntry[str]] = []
        for entry in self._entries(part):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # another hythe was faster
            if entry.name.startswith("."):
                if time.time() - status.st_mtime > _STALE_SECONDS:
                    Path(entry.path).unlink(missing_ok=True)  # left behind by one that was killed
            elif entry.is_symlink():
                links.append(entry)
            else:
                files.append((status.st_mtime, status.st_size, entry.path))
        taken, count = sum(size for _, size, _ in files), len(files)
        for _, size, path in sorted(files):
            if taken <= most_bytes and count <= most:
                break
            Path(path).unlink(missing_ok=True)
            taken, count = taken - size, count - 1
        for link in links:
            if not Path(link.path).exists():
                Path(link.path).unlink(missing_ok=True)

    def _entries(self, part: str) -> Iterator[os.DirEntry[str]]:
        assert self._folder is not None
        try:
            with os.scandir(self._folder / part) as entries:
                yield from entries
        except FileNotFoundError:
            return

    # files

    def _path(self, part: str, digits: str) -> Path | None:
        """Where something of that digest is kept; None for what is no digest: it comes from outside."""
        return self._folder / part / digits if self._folder is not None and _is_digest(digits) else None

    def _read(self, path: Path) -> bytes | None:
        """The content of a file; None where there is none, or a damaged one, which is removed."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._fail(error)
            return None
        packed = memoryview(data)[len(_MAGIC) :]
        try:
            length = get_frame_info(packed).decompressed_size if data.startswith(_MAGIC) else None
            if length is None or length > LARGEST:
                raise ValueError("no entry of this cache")
            unpacked = decompress(packed)
        except (ZstdError, ValueError, MemoryError):
            self._discard(path)
            return None
        try:
            os.utime(path)
        except OSError:
            return unpacked  # a read-only cache can't tell what was used last
        return unpacked

    def _write(self, path: Path, data: bytes) -> bool:
        if len(data) > LARGEST:
            return False
        try:
            if self._folder is not None:
                paths.private_folder(self._folder)
            paths.write_private(path, _MAGIC + compress(data, options=_OPTIONS), durable=False)
        except OSError as error:
            self._fail(error)
            return False
        return True

    def _discard(self, path: Path) -> None:
        try:
            if digits := self.diff_id(path.name):  # a link: what it leads to is damaged
                path.with_name(digits).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self._broken = True
        words = error.strerror or str(error)
        self.problem = self.problem or f"layers are not kept in {self._folder}: {words}"


def _is_digest(text: str) -> bool:
    return len(text) == 64 and _DIGITS.issuperset(text)


def layers_of(line: ImageLine, trees: dict[str, KnownLayer]) -> ImageLayers | None:
    """Return an image of the cache with its trees by diff ID; None where one is missing."""
    if any(not layer.empty and layer.diff_id not in trees for layer in line.layers):
        return None
    layers = tuple(
        Layer(layer.created_by, layer.created, layer.comment, True)
        if layer.empty
        else Layer(
            layer.created_by,
            layer.created,
            layer.comment,
            False,
            layer.diff_id,
            layer.digest,
            layer.blob_size,
            trees[layer.diff_id].tree,
            layer.member,
        )
        for layer in line.layers
    )
    return ImageLayers(layers, line.config, line.tags, line.architecture, line.os, line.created)
