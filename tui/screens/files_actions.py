"""What is copied out of a container from its files screen."""

from __future__ import annotations

from tui.commands.job_history import start_job
from tui.commands.places import here
from tui.jobs.copy_out import CopyOutJob
from tui.jobs.log_save import place_of
from tui.model.containers import Container
from tui.screens.base import HytheScreen
from widgets.path_field import check_folder


async def copy_out(
    screen: HytheScreen, container: Container, path: str, total: int, *, root: str = "", of: str = "",
    leaf: str = "rootfs",
) -> CopyOutJob | None:  # fmt: skip
    """Ask for a folder and copy a path of a container there, as a job; `total` is about how many bytes it has.

    Paths count from `root`, a folder of the container that people call `of`; see CopyOutJob. Returns the job;
    None where none began.
    """
    folder = await screen.prompt(f"Copy {path} of {of or container.name}", "To the folder", str(here()), check_folder)
    if folder is None:
        return None
    session = screen.session
    job = CopyOutJob(
        session.engine, container.id, container.name, path, place_of(folder), total, root=root, of=of,
        leaf=leaf,
    )  # fmt: skip
    start_job(session, job)
    screen.open("extract", job=job)
    return job
