"""Finds where the content of a path is: in which layer, and behind which links."""

import posixpath
from typing import Final

import msgspec

from tui.model.file_tree import ROOT, Change, FileTree, Kind
from tui.model.layers import ImageLayers

MOST_LINKS: Final = 40
"""Links followed for one path, as many as Linux follows."""


class NotThere(LookupError):
    """There is nothing to read at a path; the message says why."""


class Located(msgspec.Struct, frozen=True):
    """A regular file: `path` is where the layer with that number has its content, raw and without the first slash."""

    layer: int
    path: bytes
    size: int
    mode: int
    mtime: int


def locate(image: ImageLayers, view: FileTree, node: int) -> Located:
    """Returns the file that a node of a merged tree (`ImageLayers.view`) leads to, through links.

    Raises NotThere for folders, devices, and links that lead nowhere.
    """
    for _ in range(MOST_LINKS):
        kind = view.kind(node)
        number = view.layer[node]
        if kind is Kind.FILE:
            return _located(image, number, view.path(node))
        if kind is Kind.HARDLINK:
            return _behind_hard_link(image, number, view.link(node))
        if kind is not Kind.SYMLINK:
            raise NotThere(f"{view.path(node)} is a {kind.name.lower().replace('_', ' ')}: there is nothing to read")
        target = resolve(view, view.parent(node), view.link(node))
        if target is None:
            raise NotThere(f"{view.path(node)} is a link to {view.link(node)}, which is not in the image")
        node = target
    raise NotThere(f"{view.path(node)}: too many links")


def resolve(view: FileTree, folder: int, path: str) -> int | None:
    """Returns the node that a path leads to from a folder, with links on the way followed, but for the last one."""
    node: int = ROOT if path.startswith("/") else folder
    parts = [part for part in path.split("/") if part and part != "."][::-1]
    for _ in range(MOST_LINKS * 64):
        if not parts:
            return node
        part = parts.pop()
        if part == "..":
            node = view.parent(node)
            continue
        child = view.child(node, part.encode("utf-8", "surrogateescape"))
        if child is None or (view.change and view.change[child] == Change.REMOVED):
            return None
        if parts and view.kind(child) is Kind.SYMLINK:
            target = view.link(child)
            node = ROOT if target.startswith("/") else node
            parts += [step for step in target.split("/") if step and step != "."][::-1]
            if len(parts) > 4096:
                return None
        else:
            node = child
    return None


def _behind_hard_link(image: ImageLayers, number: int, link: str) -> Located:
    """A hard link names a path of its own layer's archive."""
    tree = image.layers[number].tree
    for _ in range(MOST_LINKS):
        node = tree.find(posixpath.normpath("/" + link))
        if node is None:
            break
        if tree.kind(node) is Kind.FILE:
            return _located(image, number, tree.path(node))
        if tree.kind(node) is not Kind.HARDLINK:
            break
        link = tree.link(node)
    raise NotThere(f"a hard link to {link}, which its layer has not")


def _located(image: ImageLayers, number: int, path: str) -> Located:
    tree = image.layers[number].tree
    node = tree.find(path)
    if node is None or tree.kind(node) is not Kind.FILE:
        raise NotThere(f"{path} is not in layer {number + 1}")
    raw = path.encode("utf-8", "surrogateescape").lstrip(b"/")
    return Located(number, raw, tree.size(node), tree.mode(node), tree.mtime(node))
