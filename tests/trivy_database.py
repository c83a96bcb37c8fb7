"""A small database of vulnerabilities for trivy itself: its own is to be had from the network alone.

A bbolt file (https://github.com/etcd-io/bbolt, format version 2) with the buckets of trivy-db's schema 2.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

PAGE = 4096
LEAF, META, FREELIST = 0x02, 0x04, 0x10
MAGIC, VERSION = 0xED0CDAED, 2
IS_BUCKET = 1

Tree = Mapping[str, "bytes | Tree"]


def write_database(folder: Path, tree: Tree) -> None:
    """Write `db/trivy.db` and its metadata below trivy's cache folder."""
    place = folder / "db"
    place.mkdir(parents=True, exist_ok=True)
    (place / "trivy.db").write_bytes(bolt(tree))
    times = {"NextUpdate": "2100-01-01T00:00:00Z", "UpdatedAt": "2026-09-01T06:12:00Z"}
    (place / "metadata.json").write_text(json.dumps({"Version": 2, **times, "DownloadedAt": "2026-09-01T07:00:00Z"}))


def bolt(tree: Tree) -> bytes:
    """Return a bbolt file with these buckets: a mapping is a bucket, bytes are a value."""
    pages: dict[int, bytes] = {}
    following = 3

    def leaf(content: Tree, number: int) -> bytes:
        """Return a leaf page; each bucket in it gets pages of its own, or is written in its place if it is small."""
        nonlocal following
        items: list[tuple[int, bytes, bytes]] = []
        for key, value in sorted(content.items(), key=lambda item: item[0].encode()):
            if isinstance(value, bytes):
                items.append((0, key.encode(), value))
                continue
            flat = all(isinstance(each, bytes) for each in value.values())
            inner = leaf(value, 0) if flat else b""
            if flat and len(inner) < PAGE // 4:
                items.append((IS_BUCKET, key.encode(), struct.pack("<QQ", 0, 0) + inner))
            else:
                items.append((IS_BUCKET, key.encode(), struct.pack("<QQ", place(value), 0)))
        body, data = b"", b""
        for at, (flags, key, value) in enumerate(items):
            body += struct.pack("<IIII", flags, (len(items) - at) * 16 + len(data), len(key), len(value))
            data += key + value
        whole = 16 + len(body) + len(data)
        return struct.pack("<QHHI", number, LEAF, len(items), (whole - 1) // PAGE) + body + data

    def place(content: Tree) -> int:
        nonlocal following
        page = leaf(content, 0)
        number, count = following, -(-len(page) // PAGE)
        following += count
        pages[number] = struct.pack("<Q", number) + page[8:].ljust(count * PAGE - 8, b"\0")
        return number

    root = place(tree)
    pages[2] = struct.pack("<QHHI", 2, FREELIST, 0, 0).ljust(PAGE, b"\0")
    for number in (0, 1):
        meta = struct.pack("<IIIIQQQQQ", MAGIC, VERSION, PAGE, 0, root, 0, 2, following, number)
        meta += struct.pack("<Q", fnv(meta))
        pages[number] = (struct.pack("<QHHI", number, META, 0, 0) + meta).ljust(PAGE, b"\0")
    return b"".join(pages[number] for number in sorted(pages))


def fnv(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    found = 0xCBF29CE484222325
    for byte in data:
        found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return found
