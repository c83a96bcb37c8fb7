"""What can be done with an image from its layers screen: extract, report, compare."""

from __future__ import annotations

import asyncio
import re

from tui.commands.job_history import start_job
from tui.commands.places import here
from tui.jobs.extract import ExtractJob, Selection
from tui.jobs.log_save import place_of
from tui.paths import write_new
from tui.present.layers import Analysis
from tui.present.layers_report import image_report, report_json
from tui.present.units import size
from tui.screens.base import HytheScreen
from widgets.path_field import check_folder, check_new_file


async def extract(screen: HytheScreen, selection: Selection, what: str, image: str, title: str) -> None:
    """Ask for a folder and write a selection of an image there, as a job; `what` says what it is taken of."""
    heading = f"Extract {selection.path} of {what}"
    folder = await screen.prompt(heading, "To the folder", str(here()), check_folder)
    if folder is None:
        return
    session = screen.session
    job = ExtractJob(session.engine, image, title, selection, place_of(folder))
    start_job(session, job)
    screen.open("extract", job=job)


async def write_report(screen: HytheScreen, analysis: Analysis, image_id: str, title: str) -> None:
    """Ask for a file that does not exist yet and write the report on an image there."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", title).strip("-.") or "image"
    given = str(here() / f"{name[:100]}-layers.json")
    written = await screen.prompt("Write the report as JSON", "To the file", given, check_new_file)
    if written is None:
        return
    path = place_of(written)
    report = report_json(image_report(title, image_id, analysis))
    try:
        await asyncio.to_thread(write_new, path, report)
    except OSError as error:
        screen.note(f"{path}: {error.strerror or error}", "error")
    else:
        screen.note(f"written: {path} ({size(len(report))})")


async def compare_with_another(screen: HytheScreen, image: str, image_id: str, title: str) -> None:
    """Let another image be chosen, and open the comparison with it."""
    others = [one for one in screen.session.state.images.values() if one.id not in (image, image_id)]
    if not others:
        screen.note("compare: there is no other image", "warning")
        return
    others.sort(key=lambda one: one.created, reverse=True)
    options = [(one.id, one.reference, size(one.size)) for one in others]
    chosen = await screen.choose(f"Compare {title} with", options)
    other = next((one for one in others if one.id == chosen), None)
    if other is not None:
        screen.open("compare", first=(image, title), second=(other.id, other.reference))
