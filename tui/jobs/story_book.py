"""Remembers what happened to containers between runs, in a file a daemon: the daemon keeps the last events only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tui import paths
from tui.model.happenings import Happening

VERSION: Final = 1
MOST_DAEMONS: Final = 20
MOST_CONTAINERS: Final = 500
MOST_EACH: Final = 60
MOST_BYTES: Final = 8 << 20
LONGEST: Final = 300
"""Characters that are kept of a text from outside."""

Stories = Mapping[str, Sequence[Happening]]
"""By the IDs of containers, each oldest first."""


class _Page(msgspec.Struct, frozen=True):
    daemon: str
    version: int
    stories: dict[str, tuple[Happening, ...]]


class StoryBook:
    """The files of a folder; without one, or where it cannot be read or written, nothing is remembered."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or paths.stories_folder()

    def read(self, daemon: str) -> tuple[Stories, str]:
        """Return what is remembered of the daemon with that ID, and what is wrong with it, in words, or nothing.

        A file that is damaged, or of another version, is begun afresh.
        """
        path = self._path(daemon)
        if path is None:
            return {}, ""
        try:
            with path.open("rb") as file:
                page = msgspec.json.decode(file.read(MOST_BYTES + 1), type=_Page)
        except FileNotFoundError:
            return {}, ""
        except OSError as error:
            return {}, f"what happened in earlier runs can't be read: {path}: {error.strerror or error}"
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return {}, f"what happened in earlier runs is lost, and begun afresh: {path}: {error}"
        if page.version != VERSION or page.daemon != daemon:
            return {}, f"what happened in earlier runs is begun afresh: {path} is another version's"
        return page.stories, ""

    def keep(self, daemon: str, stories: Stories) -> str:
        """Remember stories, the containers that something happened to last first; return why not, in words, or nothing.

        What another hythe wrote of the same containers meanwhile is kept too.
        """
        path = self._path(daemon)
        if path is None:
            return "what happens is not remembered: this user has no home folder"
        known, _ = self.read(daemon)
        merged = {id: _merged(known.get(id, ()), found) for id, found in stories.items() if found}
        newest = sorted(merged, key=lambda id: merged[id][-1].time_ns, reverse=True)[:MOST_CONTAINERS]
        page = _Page(daemon, VERSION, {id: merged[id] for id in newest})
        try:
            paths.private_folder(path.parent.parent)
            paths.write_private(path, msgspec.json.encode(page), durable=False)
            self._forget_oldest()
        except (OSError, UnicodeEncodeError) as error:
            return f"what happens is not remembered: {path}: {getattr(error, 'strerror', None) or error}"
        return ""

    def _path(self, daemon: str) -> Path | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(daemon.encode("utf-8", "replace")).hexdigest()[:32]
        return self._folder / f"{name}.json"

    def _forget_oldest(self) -> None:
        """Remove the files of daemons that were not seen for longest."""
        if self._folder is None:
            return
        found: list[tuple[float, Path]] = []
        for path in self._folder.glob("*.json"):
            with suppress(OSError):  # another hythe has taken it away
                found.append((path.stat().st_mtime, path))
        for _, path in sorted(found, reverse=True)[MOST_DAEMONS:]:
            path.unlink(missing_ok=True)


def _merged(one: Sequence[Happening], other: Sequence[Happening]) -> tuple[Happening, ...]:
    """Return both, oldest first, each once; the other's where both tell the same."""
    found = {each.same: each for each in one} | {each.same: _short(each) for each in other}
    return tuple(sorted(found.values(), key=lambda each: each.time_ns)[-MOST_EACH:])


def _short(happening: Happening) -> Happening:
    detail, by = happening.detail[:LONGEST], happening.by
    if detail == happening.detail and (by is None or len(by) <= LONGEST):
        return happening
    return msgspec.structs.replace(happening, detail=detail, by=None if by is None else by[:LONGEST])
