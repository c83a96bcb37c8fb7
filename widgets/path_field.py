"""A field for a path of the local file system that completes it: the listing is bounded and made in a thread."""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from pathlib import Path

from textual.suggester import Suggester

from widgets.fields import Check, TextField

MOST_ENTRIES = 10_000
"""The entries of a folder that are looked at; in a bigger one the rest is not offered."""


class PathSuggester(Suggester):
    """Offers the first entry (by name; hidden ones last) that goes on from what is typed."""

    def __init__(self, *, folders_only: bool = False) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._folders_only = folders_only

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path that is offered, folders with a slash at the end; None if there is none."""
        found = await asyncio.to_thread(complete, value, self._folders_only) if value else []
        return found[0] if found else None


def complete(typed: str, folders_only: bool = False) -> list[str]:
    """The paths that begin with what is typed, as it is typed (`~` stays). Empty if the folder cannot be read."""
    folder, slash, start = typed.rpartition("/")
    try:
        with os.scandir(Path(folder + slash or ".").expanduser()) as entries:
            found = [
                (entry.name.startswith("."), entry.name + ("/" if entry.is_dir() else ""))
                for entry in islice(entries, MOST_ENTRIES)
                if entry.name.startswith(start) and entry.name.isprintable() and (entry.is_dir() or not folders_only)
            ]
    except (OSError, RuntimeError, ValueError):
        return []  # unreadable, no home folder, or a NUL: there is nothing to offer, and the check says why
    return [folder + slash + name for _, name in sorted(found)]


def check_folder(text: str) -> str | None:
    """A check: the path of a folder that exists."""
    path = _expanded(text)
    if path is None:
        return "not a path"
    return None if path.is_dir() else "no such folder" if not path.exists() else "not a folder"


def check_file(text: str) -> str | None:
    """A check: the path of a file that exists."""
    path = _expanded(text)
    if path is None:
        return "not a path"
    return None if path.is_file() else "no such file" if not path.exists() else "not a file"


def check_new_file(text: str) -> str | None:
    """A check: the path of a file that does not exist, in a folder that does."""
    path = _expanded(text)
    if path is None:
        return "not a path"
    if path.exists():
        return "a folder" if path.is_dir() else "is there already: choose another name"
    return None if path.parent.is_dir() else "no such folder"


def _expanded(text: str) -> Path | None:
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    return path if text else None


class PathField(TextField):
    """A text field whose text is a path; the right arrow takes what is offered."""

    def __init__(
        self,
        label: str,
        name: str,
        value: str = "",
        placeholder: str = "",
        check: Check | None = None,
        hint: str = "",
        *,
        folders_only: bool = False,
        ascii: bool = False,
        id: str | None = None,
    ) -> None:
        suggester = PathSuggester(folders_only=folders_only)
        super().__init__(label, name, value, placeholder, check, hint, suggester=suggester, ascii=ascii, id=id)
