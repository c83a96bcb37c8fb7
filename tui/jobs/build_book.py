"""Remembers builds between runs, in a file a context: the form as it was last sent, and the last good builds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tui import paths
from tui.engine.build_context import BuildContext, ContextError, walk_context
from tui.model.build_record import BuildRecord, FileMark, compact
from tui.model.build_sources import without_login

MOST_PLACES: Final = 40
MOST_RECORDS: Final = 3
MOST_BYTES: Final = 4 << 20
VERSION: Final = 1
MOST_READ: Final = 1 << 20
"""Bytes of the largest file whose content is read to tell it from another."""

MOST_READ_IN_ALL: Final = 64 << 20

FormValue = str | bool | list[str]


class Page(msgspec.Struct, frozen=True):
    """What is known of builds of one context. `form` holds no secrets."""

    place: str = ""
    version: int = VERSION
    form: dict[str, FormValue] = {}
    records: tuple[BuildRecord, ...] = ()

    def last(self, key: tuple[str, str, str]) -> BuildRecord | None:
        """Returns the last good build of a tag and a target at a daemon: see `BuildRecord.key`."""
        return next((record for record in self.records if record.key == key), None)


class _Place(msgspec.Struct):
    """The part of a page that tells whose it is."""

    place: str = ""


class BuildBook:
    """The files of a folder; without one, or where it cannot be written, nothing is remembered.

    A file that is absent, damaged or of another version counts as an empty page.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or paths.builds_folder()

    def page(self, place: str) -> Page:
        """Returns what is known of a context: a folder's path, or a URL."""
        path = self._path(place)
        try:
            with path.open("rb") if path is not None else open(os.devnull, "rb") as file:
                page = msgspec.json.decode(file.read(MOST_BYTES), type=Page)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Page(without_login(place))
        return page if page.version == VERSION and page.place == without_login(place) else Page(without_login(place))

    def recent(self, most: int = MOST_PLACES) -> list[str]:
        """Returns the contexts, the one that was built last first."""
        found: list[str] = []
        for path in self._files()[:most]:
            with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                found.append(msgspec.json.decode(path.read_bytes()[:MOST_BYTES], type=_Place).place)
        return [place for place in found if place]

    def keep_form(self, place: str, form: Mapping[str, FormValue]) -> str | None:
        """Remember a form that was sent; returns why it could not, in words, or None."""
        return self._write(msgspec.structs.replace(self.page(place), form=dict(form)))

    def keep_record(self, place: str, record: BuildRecord) -> str | None:
        """Remember a good build; returns why it could not, in words, or None."""
        page = self.page(place)
        others = [old for old in page.records if old.key != record.key]
        return self._write(msgspec.structs.replace(page, records=(record, *others[: MOST_RECORDS - 1])))

    def _path(self, place: str) -> Path | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(without_login(place).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return self._folder / f"{name}.json"

    def _files(self) -> list[Path]:
        if self._folder is None:
            return []
        found: list[tuple[float, Path]] = []
        with suppress(OSError):
            for path in self._folder.glob("*.json"):
                with suppress(OSError):  # another hythe has taken it away
                    found.append((path.stat().st_mtime, path))
        return [path for _, path in sorted(found, reverse=True)]

    def _write(self, page: Page) -> str | None:
        path = self._path(page.place)
        if path is None:
            return "builds are not remembered: this user has no home folder"
        try:
            paths.private_folder(path.parent.parent)
            paths.write_private(path, msgspec.json.encode(page))
            for old in self._files()[MOST_PLACES:]:
                old.unlink(missing_ok=True)
        except (OSError, UnicodeEncodeError) as error:
            return f"builds are not remembered: {path}: {getattr(error, 'strerror', None) or error}"
        return None


def marks_of(
    context: BuildContext, before: Mapping[str, FileMark], stopped: Callable[[], bool] = lambda: False
) -> dict[str, FileMark]:
    """Returns what tells the files of a context from others, in at most MOST_FILES entries.

    Small files are read, up to MOST_READ_IN_ALL bytes; the digest of those that `before` knows as they are is taken
    from there. A folder that cannot be listed is left out.
    """
    marks: dict[str, FileMark] = {}
    budget = MOST_READ_IN_ALL
    try:
        for item in walk_context(context, lambda _path, _error: None, "session"):
            if stopped():
                return {}
            if item.entry.is_dir(follow_symlinks=False):
                continue
            with suppress(OSError):  # it has gone since
                status = item.status
                name = os.fsencode(item.path).decode("utf-8", "backslashreplace")
                known = before.get(name, FileMark(-1, -1))
                digest = known.digest if (known.size, known.mtime) == (status.st_size, status.st_mtime_ns) else ""
                if not digest and status.st_size <= min(MOST_READ, budget):
                    digest = _digest(item.full, is_link=item.entry.is_symlink())
                    budget -= status.st_size
                marks[name] = FileMark(status.st_size, status.st_mtime_ns, digest)
    except ContextError:
        return {}
    return compact(marks)


def _digest(path: str, *, is_link: bool) -> str:
    if is_link:
        return hashlib.blake2b(os.fsencode(os.readlink(path)), digest_size=8).hexdigest()
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return hashlib.blake2b(os.read(handle, MOST_READ + 1), digest_size=8).hexdigest()
    finally:
        os.close(handle)
