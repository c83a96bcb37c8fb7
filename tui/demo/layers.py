"""Image layers as trees of files, and the tar archives that hold them."""

import hashlib
import io
import posixpath
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class Node:
    """A file, a folder or a symbolic link; `mtime` in seconds."""

    kind: str = "file"
    data: bytes = b""
    mode: int = 0o644
    target: str = ""
    mtime: int = 0
    uid: int = 0


def folder(mode: int = 0o755, mtime: int = 0) -> Node:
    """Return a folder."""
    return Node("dir", mode=mode, mtime=mtime)


Tree = Mapping[str, Node]


def clean(path: str) -> str:
    """Return the path without leading slash, dots or doubled slashes; the root is the empty string."""
    return posixpath.normpath("/" + path).lstrip("/")


def with_parents(nodes: Tree, known: Tree | None = None) -> dict[str, Node]:
    """Return the tree with the folders that lead to its files, except those `known` already."""
    full: dict[str, Node] = {}
    for path in sorted(nodes):
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            parent = "/".join(parts[:depth])
            if parent not in full and parent not in nodes and (known is None or parent not in known):
                full[parent] = folder(mtime=nodes[path].mtime)
        full[path] = nodes[path]
    return dict(sorted(full.items()))


class Layer:
    """One immutable layer; its archive and digest are made when first asked for."""

    def __init__(self, nodes: Tree) -> None:
        self.nodes: dict[str, Node] = dict(sorted(nodes.items()))

    @cached_property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(len(node.data) for node in self.nodes.values())

    @cached_property
    def tar(self) -> bytes:
        """Return the uncompressed archive."""
        return pack(self.nodes)

    @cached_property
    def diff_id(self) -> str:
        """Return the digest of the archive."""
        return "sha256:" + hashlib.sha256(self.tar).hexdigest()


def pack(nodes: Tree) -> bytes:
    """Return a tar of the tree, the same bytes for the same tree."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, node in nodes.items():
            add_node(tar, path, node)
    return out.getvalue()


def add_node(tar: tarfile.TarFile, path: str, node: Node) -> None:
    """Append one entry to an open archive."""
    info = tarfile.TarInfo(path)
    info.mode = node.mode
    info.mtime = node.mtime
    info.uid = info.gid = node.uid
    if node.kind == "dir":
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif node.kind == "link":
        info.type = tarfile.SYMTYPE
        info.linkname = node.target
        tar.addfile(info)
    else:
        info.size = len(node.data)
        tar.addfile(info, io.BytesIO(node.data))


def unpack(data: bytes) -> dict[str, Node]:
    """Return the tree in a tar, plain or gzipped; raises `tarfile.TarError` for anything else.

    Device nodes are left out: nothing here can use them.
    """
    nodes: dict[str, Node] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as tar:
        for info in tar:
            path = clean(info.name)
            if not path:
                continue
            mtime = int(info.mtime)
            if info.isdir():
                nodes[path] = Node("dir", mode=info.mode & 0o7777, mtime=mtime, uid=info.uid)
            elif info.issym():
                nodes[path] = Node("link", mode=0o777, target=info.linkname, mtime=mtime, uid=info.uid)
            elif info.islnk():
                nodes[path] = nodes.get(clean(info.linkname), Node(mtime=mtime))
            elif info.isreg():
                source = tar.extractfile(info)
                nodes[path] = Node("file", source.read() if source else b"", info.mode & 0o7777, "", mtime, info.uid)
    return nodes


def flatten(layers: Iterable[Layer]) -> dict[str, Node]:
    """Return what a container of these layers sees: later layers win, whiteouts hide."""
    seen: dict[str, Node] = {}
    for layer in layers:
        apply(seen, layer.nodes)
    return seen


def apply(seen: dict[str, Node], nodes: Tree) -> None:
    """Lay one layer over a tree, in place."""
    for path in nodes:
        parent, name = posixpath.split(path)
        if name == OPAQUE:
            _drop(seen, parent, itself=False)
        elif name.startswith(WHITEOUT):
            _drop(seen, posixpath.join(parent, name.removeprefix(WHITEOUT)), itself=True)
    seen.update({p: node for p, node in nodes.items() if not posixpath.basename(p).startswith(WHITEOUT)})


def _drop(seen: dict[str, Node], path: str, *, itself: bool) -> None:
    prefix = path + "/"
    for known in [p for p in seen if p.startswith(prefix) or (itself and p == path)]:
        del seen[known]


def whiteout(path: str) -> str:
    """Return the name of the entry that hides a path."""
    parent, name = posixpath.split(path)
    return posixpath.join(parent, WHITEOUT + name)
