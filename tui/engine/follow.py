"""Follows the links on the way to the paths that a build copies, since what they lead to has to be sent as well."""

import os
from collections import deque
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from typing import Final

from tui.engine.ignore import IncludeMatcher, clean_pattern

MOST_LINKS: Final = 255
_WILD: Final = frozenset("*?[\\")


def followed(folder: str, paths: list[str]) -> list[str]:
    """Returns the paths, the links on their way, and where those lead: a build may copy what a link points at.

    A link that is absolute counts from the folder, and none leads out of it.
    """
    found: dict[str, None] = {}
    links: dict[str, None] = {}
    left = deque(paths)
    for _ in range(MOST_LINKS + len(paths)):
        if not left:
            break
        path = left.popleft()
        if path not in found:
            found[path] = None
            left += _targets(folder, path, links)
    return list(found | links)


def _targets(folder: str, path: str, links: dict[str, None]) -> Iterator[str]:
    """What a path becomes where a part of it is a link, which is noted."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        so_far = "/".join(parts[:end])
        if _WILD & set(parts[end - 1]):
            yield from _targets_of_wild(folder, parts, end)
            return
        try:
            target = os.readlink(join(folder, so_far))
        except (OSError, ValueError):
            continue
        links[so_far] = None
        base = "" if target.startswith("/") else dirname(so_far)
        yield _inside(join("/", base, target.lstrip("/"), *parts[end:]))
        return


def _targets_of_wild(folder: str, parts: list[str], end: int) -> Iterator[str]:
    """What the links are that a part with wildcards matches."""
    above = "/".join(parts[: end - 1])
    wanted = IncludeMatcher([parts[end - 1]])
    try:
        with os.scandir(join(folder, above)) as entries:
            names = [entry.name for entry in entries if wanted.match(entry.name, above=False)]
    except OSError:
        return
    for name in names:
        if os.path.islink(join(folder, above, name)):
            yield join(above, name, *parts[end:])


def _inside(path: str) -> str:
    return clean_pattern(normpath(path)) if normpath(path) != "/" else "."
