"""Walks a folder that is a build context: what of it is sent, folders before what is in them, in the CLI's order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from tui.engine.ignore import IgnoreMatcher, IncludeMatcher, Matches


class Item:
    """A file, folder, link or whatever else; `path` counts from the context, with slashes."""

    __slots__ = ("entry", "path")

    def __init__(self, path: str, entry: os.DirEntry[str]) -> None:
        self.path = path
        self.entry = entry

    @property
    def full(self) -> str:
        """The path to open it by."""
        return self.entry.path

    @property
    def status(self) -> os.stat_result:
        """What lstat says of it, once. Raises OSError: it has gone."""
        return self.entry.stat(follow_symlinks=False)


class _LeftOut:
    """A folder that is not sent, unless something in it is."""

    def __init__(self, item: Item, above: _LeftOut | None) -> None:
        self._item: Item | None = item
        self._above = above

    def bring_back(self) -> Iterator[Item]:
        """Yields the folder and those it is in, the first time."""
        if self._item is not None:
            item, self._item = self._item, None
            if self._above is not None:
                yield from self._above.bring_back()
            yield item


class _Folder:
    """A folder on the way, and what was found out about it for those in it."""

    __slots__ = ("entries", "excluded", "included", "left_out", "prefix")

    def __init__(
        self,
        prefix: str,
        entries: list[os.DirEntry[str]],
        excluded: Matches,
        included: bool,
        left_out: _LeftOut | None,
    ) -> None:
        self.prefix = prefix
        self.entries = iter(entries)
        self.excluded = excluded
        self.included = included
        self.left_out = left_out


def walk(
    folder: str,
    ignored: IgnoreMatcher,
    unreadable: Callable[[str, OSError], None],
    *,
    asked: IncludeMatcher | None = None,
    parents: bool = True,
) -> Iterator[Item]:
    """Yields what is sent of a folder. `unreadable` is told of the folders that cannot be listed.

    `asked`: nothing but what it matches. `parents`: the folders that something sent is in come along, though they are
    left out themselves.
    """
    stack = [_Folder("", listed(folder, unreadable), ignored.root(), asked is None, None)]
    while stack:
        here = stack[-1]
        entry = next(here.entries, None)
        if entry is None:
            stack.pop()
            continue
        path = here.prefix + entry.name
        excluded, matches = ignored.match(path, here.excluded)
        included = asked is None or asked.match(path, here.included)
        sent = included and not excluded
        item = Item(path, entry)
        if sent:
            if here.left_out is not None and parents:
                yield from here.left_out.bring_back()
            yield item
        if not entry.is_dir(follow_symlinks=False):
            continue
        if (excluded and not ignored.descends(path)) or (asked and not included and not asked.descends(path)):
            continue
        left_out = None if sent else _LeftOut(item, here.left_out)
        stack.append(_Folder(f"{path}/", listed(entry.path, unreadable), matches, included, left_out))


def listed(folder: str, unreadable: Callable[[str, OSError], None]) -> list[os.DirEntry[str]]:
    """Returns what a folder holds, ordered by the bytes of the names."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        unreadable(folder, error)
        return []
