"""A file tree as bytes, and back: what a cache on disk keeps of a layer."""

import sys
from array import array
from typing import Final

import msgspec

from tui.model.file_tree import Columns, FileTree

FORMAT: Final = 1
"""Counts up whenever the bytes, or what they mean, become others."""

_TYPES: Final = {
    "offset": "I",
    "parent": "I",
    "first": "I",
    "count": "I",
    "mode": "H",
    "uid": "I",
    "gid": "I",
    "size": "q",
    "mtime": "q",
}


class BadTree(ValueError):
    """The bytes are no file tree of this format."""


class _Wire(msgspec.Struct, array_like=True):
    """The arrays as the machine holds them: a cache is read where it was written."""

    byteorder: str
    blob: bytes
    kind: bytes
    flags: bytes
    arrays: dict[str, bytes]
    total: bytes
    files: bytes
    linked: bytes
    links: list[bytes]


def encode_tree(tree: FileTree) -> bytes:
    """Returns the tree of one layer as bytes; the marks of a merged one are left out."""
    columns = tree.columns()
    total, files = tree.totals()
    wire = _Wire(
        sys.byteorder,
        bytes(columns.blob),
        bytes(columns.kind),
        bytes(columns.flags),
        {name: getattr(columns, name).tobytes() for name in _TYPES},
        total.tobytes(),
        files.tobytes(),
        array("I", columns.link).tobytes(),
        list(columns.link.values()),
    )
    return msgspec.msgpack.encode(wire)


def decode_tree(data: bytes) -> FileTree:
    """Returns the tree that `encode_tree` wrote.

    Raises BadTree for what is cut or of another machine; whether the bytes are those that were written is for a
    checksum to tell.
    """
    try:
        wire = msgspec.msgpack.decode(data, type=_Wire)
        columns = Columns()
        columns.blob, columns.kind, columns.flags = bytearray(wire.blob), bytearray(wire.kind), bytearray(wire.flags)
        for name, code in _TYPES.items():
            setattr(columns, name, _array(code, wire.arrays[name]))
        columns.link = dict(zip(_array("I", wire.linked), wire.links, strict=True))
        totals = _array("q", wire.total), _array("I", wire.files)
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise BadTree(f"no file tree: {error}") from error
    count = len(columns.kind)
    lengths = {len(columns.flags), len(totals[0]), len(totals[1]), len(columns.offset) - 1}
    lengths |= {len(getattr(columns, name)) for name in _TYPES if name != "offset"}
    if wire.byteorder != sys.byteorder or not count or lengths != {count} or columns.offset[count] != len(wire.blob):
        raise BadTree("no file tree: its parts do not fit together")
    return FileTree(columns, totals)


def _array(code: str, data: bytes) -> "array[int]":
    made: array[int] = array(code)
    made.frombytes(data)
    return made
