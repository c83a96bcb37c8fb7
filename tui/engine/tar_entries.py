"""What the entries of an archive are in a tree of files."""

from typing import Final

from tui.engine.tarscan import TarHeader
from tui.model.file_tree import Kind
from tui.model.tree_builder import TreeBuilder

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


def kind_of(header: TarHeader) -> Kind:
    """Return what an entry is."""
    kind = _KINDS.get(header.type, Kind.OTHER)
    # how archives older than the type flag write a folder
    return Kind.FOLDER if kind is Kind.FILE and header.name.endswith(b"/") else kind


def add_entry(builder: TreeBuilder, header: TarHeader) -> None:
    """Add an entry to a tree under its own name.

    Raises:
        PathTooLong: as `TreeBuilder.add`.
    """
    builder.add(
        header.name,
        kind_of(header),
        header.shown_size,
        header.mode,
        (header.uid, header.gid),
        header.mtime,
        header.link,
    )
