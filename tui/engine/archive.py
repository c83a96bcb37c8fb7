"""Reads an image's layers from the archive of `GET /images/{name}/get` while it streams by."""

import asyncio
import posixpath
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Final, TypeVar

import msgspec

from tui.engine.tarscan import BLOCK, Body, TarError, TarHeader, TarScanner
from tui.engine.unpack import PackedError, Unpacker, packing_of
from tui.model.file_tree import FileTree, Kind
from tui.model.layers import ImageConfig, ImageLayers, Layer
from tui.model.tree_builder import PathTooLong, TreeBuilder

MAX_ENTRIES: Final = 2_000_000
MAX_JSON: Final = 4 << 20
MAX_ALL_JSON: Final = 32 << 20
MAX_MEMBERS: Final = 100_000
MAX_LINKS: Final = 16
_SLICE: Final = 256 << 10
_KINDS: Final = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.FOLDER,
    b"6": Kind.FIFO,
}


_T = TypeVar("_T")


class ArchiveError(ValueError):
    """The archive is cut, damaged or none; the message names the entry."""


class _Manifest(msgspec.Struct, rename="pascal"):
    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


class _RootFs(msgspec.Struct):
    diff_ids: list[str] = []


class _History(msgspec.Struct):
    created_by: str | None = None
    created: str | None = None
    comment: str | None = None
    empty_layer: bool = False


class _Config(msgspec.Struct):
    rootfs: _RootFs = msgspec.field(default_factory=_RootFs)
    config: ImageConfig | None = None
    history: list[_History] | None = None
    architecture: str = ""
    os: str = ""
    created: str | None = None


class _LayerBody:
    """A layer's archive inside the image's: its entries become a tree."""

    def __init__(self, owner: "ArchiveIndexer") -> None:
        self._owner = owner
        self.builder = TreeBuilder()
        self._scanner = TarScanner(self._entry)

    def feed(self, data: memoryview | bytes) -> None:
        self._scanner.feed(data)

    def close(self) -> None:
        self._scanner.close()

    def _entry(self, header: TarHeader) -> None:
        before = len(self.builder)
        kind = _KINDS.get(header.type, Kind.OTHER)
        if kind is Kind.FILE and header.name.endswith(b"/"):
            kind = Kind.FOLDER  # how archives older than the type flag write one
        self.builder.add(
            header.name, kind, header.shown_size, header.mode, (header.uid, header.gid), header.mtime, header.link
        )
        self._owner.count(len(self.builder) - before, header.name)


class _Member:
    """A member of the image's archive whose first bytes tell what it is."""

    def __init__(self, owner: "ArchiveIndexer", name: str, size: int) -> None:
        self._owner = owner
        self._name = name
        self._size = size
        self._head = bytearray()
        self._layer: _LayerBody | None = None
        self._sink: Body | None = None
        self._text: bytearray | None = None
        self._known = False

    def feed(self, data: memoryview) -> None:
        if not self._known:
            wanted = min(BLOCK, self._size) - len(self._head)
            self._head += data[:wanted]
            if len(self._head) < min(BLOCK, self._size):
                return
            self._known = True
            self._recognize(bytes(self._head))
            self._pass(memoryview(self._head))
            data = data[wanted:]
        self._pass(data)

    def close(self) -> None:
        if self._sink is not None:
            with self._owner.naming(self._name):
                self._sink.close()
        if self._layer is not None:
            self._owner.take_layer(self._name, self._layer.builder, self._size)
        elif self._text is not None:
            self._owner.take_json(self._name, bytes(self._text))

    def _pass(self, data: memoryview) -> None:
        if self._sink is not None and len(data):
            with self._owner.naming(self._name):
                self._sink.feed(data)
        elif self._text is not None:
            self._text += data

    def _recognize(self, head: bytes) -> None:
        packing = packing_of(head)
        if packing is not None:
            self._layer = _LayerBody(self._owner)
            self._sink = Unpacker(packing, self._layer)
            self._owner.packed = True
        elif head[257:262] == b"ustar" or self._name.endswith("layer.tar") or (len(head) == BLOCK and not any(head)):
            self._sink = self._layer = _LayerBody(self._owner)
        elif head.lstrip()[:1] in (b"{", b"[") and self._owner.admits_json(self._name, self._size):
            self._text = bytearray()


class _Naming:
    """Turns the errors of a layer's archive into one that names the member it is in."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TarError | PathTooLong | PackedError):
            raise ArchiveError(f"layer {self._name!a}: {error}") from error


class ArchiveIndexer:
    """Takes the archive in pieces and keeps the trees, never the files. Memory grows with the number of paths alone.

    Layouts: docker-archive (`<id>/layer.tar`) and OCI (`blobs/sha256/…`), both with manifest.json, which may come last.
    """

    def __init__(
        self, *, known: Mapping[str, FileTree] | None = None, max_entries: int = MAX_ENTRIES, max_json: int = MAX_JSON
    ) -> None:
        """`known`: trees by the digest of their blob, whose bodies are skipped. `max_entries`: paths in all layers."""
        self._known = known or {}
        self._max_entries = max_entries
        self._max_json = max_json
        self._entries = self._members = self._json_size = 0
        self._scanner = TarScanner(self._member)
        self._layers: dict[str, tuple[FileTree, int]] = {}
        self._json: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        self._too_large: set[str] = set()
        self.bytes_seen = 0
        self.packed = False
        """Whether a layer was compressed: then a small piece may take long."""

    def feed(self, chunk: bytes | memoryview) -> None:
        """Takes the next bytes. Raises ArchiveError."""
        try:
            self._scanner.feed(chunk)
        except TarError as error:
            raise ArchiveError(str(error)) from error
        self.bytes_seen += len(chunk)

    def finish(self) -> ImageLayers:
        """Returns the layers of the archive's first image. Raises ArchiveError where it is cut or incomplete."""
        try:
            self._scanner.close()
        except TarError as error:
            raise ArchiveError(str(error)) from error
        manifests = self._read("manifest.json", list[_Manifest])
        if not manifests:
            raise ArchiveError("manifest.json names no image")
        manifest = manifests[0]
        config = self._read(manifest.config, _Config)
        return ImageLayers(
            tuple(self._stack(manifest, config)),
            config.config or ImageConfig(),
            tuple(manifest.repo_tags or ()),
            config.architecture,
            config.os,
            config.created or "",
        )

    def _member(self, header: TarHeader) -> Body | None:
        self._members += 1
        name = posixpath.normpath(header.name.decode("utf-8", "surrogateescape"))
        if self._members > MAX_MEMBERS:
            raise ArchiveError(f"the archive has more than {MAX_MEMBERS} members, at {name!a}")
        if header.type in (b"1", b"2"):
            target = header.link.decode("utf-8", "surrogateescape")
            folder = posixpath.dirname(name) if header.type == b"2" else ""
            self._links[name] = posixpath.normpath(posixpath.join(folder, target))
        if _KINDS.get(header.type) is not Kind.FILE or not header.size:
            return None
        tree = self._known.get(_digest(name))
        if tree is not None:
            self._layers[name] = (tree, header.size)
            return None
        return _Member(self, name, header.size)

    def naming(self, name: str) -> _Naming:
        """Returns a context in which errors name the member."""
        return _Naming(name)

    def count(self, paths: int, name: bytes) -> None:
        """Counts new paths of a layer."""
        self._entries += paths
        if self._entries > self._max_entries:
            raise ArchiveError(f"the layers have more than {self._max_entries} paths, at {ascii(name)[1:200]}")

    def admits_json(self, name: str, size: int) -> bool:
        """Whether a JSON member may be kept; one that may not is missed only if the manifest names it."""
        if size > self._max_json or self._json_size + size > MAX_ALL_JSON:
            self._too_large.add(name)
            return False
        self._json_size += size
        return True

    def take_layer(self, name: str, builder: TreeBuilder, size: int) -> None:
        """Keeps a layer that was read to its end."""
        self._layers[name] = (builder.finish(), size)

    def take_json(self, name: str, text: bytes) -> None:
        """Keeps a JSON member."""
        self._json[name] = text

    def _read(self, name: str, kind: type[_T]) -> _T:
        text = self._json.get(posixpath.normpath(name))
        if text is None:
            why = "is over the limit of JSON" if name in self._too_large else "is not in it"
            raise ArchiveError(f"the archive cannot be read: {name!a} {why}")
        try:
            return msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ArchiveError(f"{name!a} cannot be read: {error}") from error

    def _stack(self, manifest: _Manifest, config: _Config) -> list[Layer]:
        """The history's entries, each with its tree; layers that the history does not tell of come last."""
        bodies = [self._found(name) for name in manifest.layers]
        diff_ids = config.rootfs.diff_ids
        layers: list[Layer] = []
        taken = 0
        for entry in config.history or []:
            told = (entry.created_by or "", entry.created or "", entry.comment or "")
            if entry.empty_layer:
                layers.append(Layer(*told, empty=True))
            elif taken < len(bodies):
                layers.append(Layer(*told, False, *_place(diff_ids, taken), *bodies[taken]))
                taken += 1
        layers += [Layer("", "", "", False, *_place(diff_ids, n), *bodies[n]) for n in range(taken, len(bodies))]
        return layers

    def _found(self, name: str) -> tuple[str, int, FileTree]:
        """The digest, size and tree of a layer that the manifest names; older engines link equal ones."""
        place = posixpath.normpath(name)
        for _ in range(MAX_LINKS):
            if place not in self._links:
                break
            place = self._links[place]
        found = self._layers.get(place)
        if found is None:
            raise ArchiveError(f"the layer {name!a} that manifest.json names is not in the archive")
        return _digest(place), found[1], found[0]


def _place(diff_ids: list[str], number: int) -> tuple[str]:
    return (diff_ids[number] if number < len(diff_ids) else "",)


def _digest(name: str) -> str:
    """The digest of a blob by its name in an OCI layout; empty for other names."""
    parts = name.split("/")
    return f"{parts[1]}:{parts[2]}" if len(parts) == 3 and parts[0] == "blobs" else ""


async def index_archive(
    chunks: AsyncIterable[bytes], indexer: ArchiveIndexer, progress: Callable[[int], None] | None = None
) -> ImageLayers:
    """Returns the layers of a streamed archive, without keeping the event loop from its other work.

    `progress` is told the bytes seen so far. Raises ArchiveError, and what `chunks` raises.
    """
    async for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), _SLICE):
            piece = view[start : start + _SLICE]
            if indexer.packed:
                await asyncio.to_thread(indexer.feed, piece)
            else:
                indexer.feed(piece)
                await asyncio.sleep(0)
        if progress is not None:
            progress(indexer.bytes_seen)
    return indexer.finish()
