"""Lines an image's history up with its layers where the image's own configuration, which tells it, is not at hand."""

from collections.abc import Sequence
from typing import Final

from tui.model.file_tree import ROOT, FileTree
from tui.model.layers import instruction_of

_METADATA: Final = frozenset(
    ("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL",
     "STOPSIGNAL", "USER", "VOLUME")
)  # fmt: skip
"""Instructions that never bring files."""


def line_up(history: Sequence[tuple[str, int]], trees: Sequence[FileTree]) -> list[bool] | None:
    """Returns which entries of a history are empty, or None where that is not certain.

    `history` is (created_by, bytes) an entry, the oldest first, as the daemon tells it: it does not tell an empty entry
    from one whose layer brings folders or removals alone. `trees` are those of the layers, the lowest first.
    """
    empty = [size == 0 and _is_metadata(created_by) for created_by, size in history]
    missing = len(history) - sum(empty) - len(trees)
    if missing > 0:  # instructions that brought nothing: which ones is certain only if all that have no bytes did
        idle = [number for number, entry in enumerate(history) if not empty[number] and entry[1] == 0]
        if len(idle) != missing:
            return None
        for number in idle:
            empty[number] = True
    sizes = [size for (_, size), none in zip(history, empty, strict=True) if not none]
    if len(sizes) != len(trees):
        return None
    bytes_of = [tree.total_size(ROOT) for tree in trees]
    # a daemon that counts what its store takes tells other sizes: then no size may be missing, at least
    exact = sizes == bytes_of
    return empty if exact or all(size or not length for size, length in zip(sizes, bytes_of, strict=True)) else None


def _is_metadata(created_by: str) -> bool:
    return instruction_of(created_by).partition(" ")[0].upper() in _METADATA
