"""Who may do what with a file: its mode as `ls` writes it, and its owner."""

from __future__ import annotations

import stat
from typing import Final

from tui.model.file_tree import FileTree, Kind

Span = tuple[str, str]

_TYPES: Final = {
    Kind.FOLDER: stat.S_IFDIR,
    Kind.FILE: stat.S_IFREG,
    Kind.HARDLINK: stat.S_IFREG,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.CHARACTER_DEVICE: stat.S_IFCHR,
    Kind.BLOCK_DEVICE: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}


def rights_spans(tree: FileTree, node: int) -> list[Span]:
    """Return the mode of a node, in the tone of a warning where it gives who runs it another user, and its owner."""
    kind, mode = tree.kind(node), tree.mode(node)
    risky = kind is not Kind.SYMLINK and mode & (stat.S_ISUID | stat.S_ISGID)
    uid, gid = tree.owner(node)
    return [(stat.filemode(_TYPES.get(kind, 0) | mode), "warn" if risky else "dim"), (f"{uid}:{gid}", "dim")]
