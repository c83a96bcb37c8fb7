"""Passes through an image's archive (`GET /images/{name}/get`): tells layers from metadata, and keeps the metadata."""

import posixpath
from typing import Final, Protocol, TypeVar

import msgspec

from tui.engine.tarscan import BLOCK, Body, TarError, TarHeader, TarScanner
from tui.engine.unpack import PackedError, Unpacker, packing_of
from tui.model.layers import ImageConfig
from tui.model.tree_builder import PathTooLong

MAX_JSON: Final = 4 << 20
MAX_ALL_JSON: Final = 32 << 20
MAX_MEMBERS: Final = 100_000
MAX_LINKS: Final = 16
FILE_TYPES: Final = frozenset((b"0", b"\0", b"7", b"S"))

_T = TypeVar("_T")


class ArchiveError(ValueError):
    """The archive is cut, damaged or none; the message names the entry."""


class Manifest(msgspec.Struct, rename="pascal"):
    """One image of manifest.json: the names of its members, layers from the lowest up."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


class RootFs(msgspec.Struct):
    diff_ids: list[str] = []


class HistoryLine(msgspec.Struct):
    created_by: str | None = None
    created: str | None = None
    comment: str | None = None
    empty_layer: bool = False


class Config(msgspec.Struct):
    """An image's configuration, as the image specification names its parts."""

    rootfs: RootFs = msgspec.field(default_factory=RootFs)
    config: ImageConfig | None = None
    history: list[HistoryLine] | None = None
    architecture: str = ""
    os: str = ""
    created: str | None = None


class Naming:
    """Turns the errors of a layer's archive into one that names the member it is in."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TarError | PathTooLong | PackedError):
            raise ArchiveError(f"layer {self._name!a}: {error}") from error


class LayerBody(Protocol):
    """Takes a layer's unpacked archive in pieces."""

    def feed(self, data: memoryview) -> None:
        """Takes the next piece."""
        ...

    def close(self) -> None:
        """Takes note of the end."""
        ...


class _Member:
    """A member of the image's archive whose first bytes tell what it is."""

    def __init__(self, reader: "ArchiveReader", name: str, size: int) -> None:
        self._reader = reader
        self._name = name
        self._size = size
        self._head = bytearray()
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
            with Naming(self._name):
                self._sink.close()
        elif self._text is not None:
            self._reader.keep_json(self._name, bytes(self._text))

    def _pass(self, data: memoryview) -> None:
        if self._sink is not None and len(data):
            with Naming(self._name):
                self._sink.feed(data)
        elif self._text is not None:
            self._text += data

    def _recognize(self, head: bytes) -> None:
        packing = packing_of(head)
        plain = head[257:262] == b"ustar" or self._name.endswith("layer.tar") or (len(head) == BLOCK and not any(head))
        if packing is not None or plain:
            layer = self._reader.open_layer(self._name, self._size)
            if layer is not None and packing is not None:
                self._reader.packed = True
                layer = Unpacker(packing, layer)
            self._sink = layer
        elif head.lstrip()[:1] in (b"{", b"[") and self._reader.admits_json(self._name, self._size):
            self._text = bytearray()


class ArchiveReader:
    """Takes the archive in pieces. A subclass says which layers it opens, and what becomes of what is in them.

    Layouts: docker-archive (`<id>/layer.tar`) and OCI (`blobs/sha256/…`), both with manifest.json, which may come last.
    """

    def __init__(self, *, max_json: int = MAX_JSON) -> None:
        self._max_json = max_json
        self._members = self._json_size = 0
        self._scanner = TarScanner(self._member)
        self._json: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        self._too_large: set[str] = set()
        self.bytes_seen = 0
        self.packed = False
        """Whether a layer was compressed: then a small piece may take long."""

    # what a subclass says

    def passes_over(self, name: str, size: int) -> bool:
        """Returns whether a member is nothing to look into."""
        return False

    def open_layer(self, name: str, size: int) -> LayerBody | None:
        """Returns what takes a layer's unpacked archive; None passes over it. `size` is as the archive has it."""
        return None

    # the stream

    def feed(self, chunk: bytes | memoryview) -> None:
        """Takes the next bytes, which must not change afterwards. Raises ArchiveError."""
        try:
            self._scanner.feed(chunk)
        except TarError as error:
            raise ArchiveError(str(error)) from error
        self.bytes_seen += len(chunk)

    def close(self) -> None:
        """Raises ArchiveError where the archive is cut."""
        try:
            self._scanner.close()
        except TarError as error:
            raise ArchiveError(str(error)) from error

    def _member(self, header: TarHeader) -> Body | None:
        self._members += 1
        name = posixpath.normpath(header.name.decode("utf-8", "surrogateescape"))
        if self._members > MAX_MEMBERS:
            raise ArchiveError(f"the archive has more than {MAX_MEMBERS} members, at {name!a}")
        if header.type in (b"1", b"2"):
            target = header.link.decode("utf-8", "surrogateescape")
            folder = posixpath.dirname(name) if header.type == b"2" else ""
            self._links[name] = posixpath.normpath(posixpath.join(folder, target))
        if header.type not in FILE_TYPES or not header.size or self.passes_over(name, header.size):
            return None
        return _Member(self, name, header.size)

    # metadata

    def admits_json(self, name: str, size: int) -> bool:
        """Whether a JSON member may be kept; one that may not is missed only if the manifest names it."""
        if size > self._max_json or self._json_size + size > MAX_ALL_JSON:
            self._too_large.add(name)
            return False
        self._json_size += size
        return True

    def keep_json(self, name: str, text: bytes) -> None:
        """Keeps a JSON member."""
        self._json[name] = text

    def image(self, diff_ids: list[str] | None = None) -> tuple[Manifest, Config]:
        """Returns the archive's image with those layers, else its first one.

        An archive of the containerd store has an image for each platform, some of them without their layers. Raises
        ArchiveError where there is none.
        """
        manifests = self._read("manifest.json", list[Manifest])
        if not manifests:
            raise ArchiveError("manifest.json names no image")
        if diff_ids and len(manifests) > 1:
            for manifest in manifests:
                if posixpath.normpath(manifest.config) in self._json:
                    config = self._read(manifest.config, Config)
                    if config.rootfs.diff_ids == diff_ids:
                        return manifest, config
        return manifests[0], self._read(manifests[0].config, Config)

    def place(self, name: str) -> str:
        """Returns the member that a name of the manifest leads to; older engines link equal layers."""
        place = posixpath.normpath(name)
        for _ in range(MAX_LINKS):
            if place not in self._links:
                break
            place = self._links[place]
        return place

    def _read(self, name: str, kind: type[_T]) -> _T:
        text = self._json.get(posixpath.normpath(name))
        if text is None:
            why = "is over the limit of JSON" if name in self._too_large else "is not in it"
            raise ArchiveError(f"the archive cannot be read: {name!a} {why}")
        try:
            return msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ArchiveError(f"{name!a} cannot be read: {error}") from error
