"""The files of a container as a tree widget asks for them: marks of `docker diff`, modes, owners, sizes, mounts."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.container_tree import ContainerTree, FilePath
from tui.model.containers import Mount
from tui.model.file_tree import IMPLIED, Kind
from tui.present.changes import MARKS, WORDS
from tui.present.file_rights import rights_spans
from tui.present.units import size

Span = tuple[str, str]


class FilesSource:
    """The tree, all of it or only what the container changed; `wide` has columns of modes and owners."""

    def __init__(
        self, tree: ContainerTree, *, only_changes: bool = False, wide: bool = False, by_size: bool = False,
        arrow: str = "→",
    ) -> None:  # fmt: skip
        self.wide = wide
        self._tree = tree
        self._only_changes = only_changes
        self._by_size = by_size
        self._arrow = arrow

    # what a tree view asks

    def roots(self) -> Sequence[FilePath]:
        """Return the first level: what is in `/`, else the folders that were read."""
        return self._kept(self._tree.tops())

    def children(self, node: FilePath) -> Sequence[FilePath]:
        """Return what is in a folder, by name or the greatest first."""
        return self._kept(self._tree.children(node))

    def has_children(self, node: FilePath) -> bool:
        """Return whether a folder has something that is shown."""
        if self._only_changes:
            return any(self._tree.changes_below(child) for child in self._tree.children(node))
        return self._tree.has_children(node)

    def label(self, node: FilePath) -> Sequence[Span]:
        """Return mark, name, where a link points, and what is mounted there."""
        tree = self._tree
        change = tree.change(node)
        letter, tone = (" ", "") if change is None else MARKS.get(change, (" ", ""))
        kind = node.kind
        name = (str(node) if tree.is_top(node) else node.rpartition("/")[2]) + ("/" if kind is Kind.FOLDER else "")
        spans: list[Span] = [(f"{letter} ", tone), (name, tone or ("bold" if kind is Kind.FOLDER else ""))]
        if kind is Kind.SYMLINK:
            spans.append((f" {self._arrow} {node.tree.link(node.node)}", "dim"))
        elif kind is Kind.HARDLINK:
            spans.append((f" = {node.tree.link(node.node)}", "dim"))
        elif kind.special:
            spans.append((f" ({kind.name.lower().replace('_', ' ')})", "dim"))
        mount = tree.mounts.get(node)
        if mount is not None:
            spans.append((f"  {mount_words(mount)}", "accent"))
        if tree.unread_mount(node) is not None:
            spans.append(("  enter reads it", "dim"))
        return spans

    def columns(self, node: FilePath) -> Sequence[Span]:
        """Return mode, owner and size, or the size alone."""
        kind = node.kind
        known = kind in (Kind.FILE, Kind.FOLDER) and self._tree.unread_mount(node) is None
        length: Span = (size(self._tree.size(node)) if known else "", "number")
        if not self.wide:
            return [length]
        if node.deleted or node.tree.flags(node.node) & IMPLIED:
            return [("", "dim"), ("", "dim"), length]
        return [*rights_spans(node.tree, node.node), length]

    def search_text(self, node: FilePath) -> str:
        """Return the name."""
        return node.rpartition("/")[2]

    # how

    def _kept(self, nodes: list[FilePath]) -> list[FilePath]:
        if self._only_changes:
            nodes = [node for node in nodes if self._tree.changes_below(node)]
        return sorted(nodes, key=self._tree.size, reverse=True) if self._by_size else nodes


def mount_words(mount: Mount) -> str:
    """Return what is mounted: "volume pgdata", "bind /srv (read-only)"."""
    source = f" {mount.source}" if mount.source else ""
    return f"{mount.type}{source}{' (read-only)' if mount.read_only else ''}"


def change_spans(tree: ContainerTree) -> list[Span]:
    """Return the counts of what differs from the image, each with its letter: "  A 3 added  C 1 changed"."""
    counts = dict.fromkeys(WORDS, 0)
    for kind in tree.changes.values():
        if kind in counts:
            counts[kind] += 1
    return [
        (f"  {MARKS[kind][0]} {counts[kind]:,} {word}", MARKS[kind][1]) for kind, word in WORDS.items() if counts[kind]
    ]


def first_changes(tree: ContainerTree, most: int) -> list[str]:
    """Return the changed paths that have no changed path below them; none where there are more than `most`."""
    above = {path.rpartition("/")[0] for path in tree.changes}
    found = sorted(path for path in tree.changes if path not in above)
    return found if len(found) <= most else []
