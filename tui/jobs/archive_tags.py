"""The tags that an archive of images holds, read from it without loading it."""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

MOST_MANIFEST: Final = 4 << 20
MOST_MEMBERS: Final = 100_000
_HEX: Final = re.compile(r"[0-9a-f]{64}")


class _Entry(msgspec.Struct, rename="pascal"):
    config: str = ""
    repo_tags: list[str] | None = None


def tags_in(path: Path) -> Mapping[str, str] | None:
    """Return the tags in an archive of `docker save` with the ID of the image that each names; reads the file.

    None where that can't be told without unpacking it all: it is compressed, or it is no such archive, which the
    daemon says in its own words. The IDs are those of a daemon without the containerd image store.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            for count, member in enumerate(archive):
                if count > MOST_MEMBERS:
                    return None
                if posixpath.normpath(member.name) == "manifest.json" and member.isreg():
                    return _tags(archive, member)
    except (tarfile.TarError, OSError, EOFError, ValueError, RecursionError):
        return None
    return None


def _tags(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Mapping[str, str] | None:
    file = archive.extractfile(member)
    if file is None or member.size > MOST_MANIFEST:
        return None
    entries = msgspec.json.decode(file.read(MOST_MANIFEST), type=list[_Entry])
    return {tag: _id(entry.config) for entry in entries for tag in entry.repo_tags or ()}


def _id(config: str) -> str:
    """The ID in the name of a configuration: `HEX.json` in older archives, `blobs/sha256/HEX` in newer ones."""
    found = _HEX.search(config.rpartition("/")[2])
    return f"sha256:{found[0]}" if found else ""
