"""Asks where on this machine something is to be written, and whether it may replace what is there."""

from __future__ import annotations

from pathlib import Path

from tui.commands.command import Ui
from tui.jobs.log_save import check_place, place_of, size_of
from tui.present.units import size


def here() -> Path:
    """Return the folder that hythe was started in; the root where that is gone."""
    try:
        return Path.cwd()
    except OSError:
        return Path("/")


async def ask_file(ui: Ui, title: str, name: str, label: str = "To the file, on this machine") -> Path | None:
    """Ask for the file to write, `name` in this folder unless another is typed; None when nothing is to be written."""
    text = await ui.prompt(title, label, str(here() / name), check_place)
    if text is None:
        return None
    path = place_of(text)
    if (known := size_of(path)) is not None:
        lines = [f"{path}  ({size(known)})"]
        if not await ui.confirm("Replace this file?", lines, label="Replace", danger=True):
            return None
    return path
