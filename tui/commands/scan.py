"""The command that has an image scanned for vulnerabilities by a tool of this machine."""

from __future__ import annotations

from tui.commands.command import Context, Ui
from tui.commands.job_history import start_job
from tui.commands.session import Session
from tui.engine.scanner import find_scanner, handed_over
from tui.jobs.scan import ScanJob


async def scan(context: Context) -> None:
    """Show what is known of the image's vulnerabilities in this run, else scan it."""
    image = context.images[0]
    await show_scan(context.session, context.ui, image.id, image.reference)


async def show_scan(session: Session, ui: Ui, image: str, name: str) -> None:
    """Open the scan of an image, by its ID: one under way, the last one that is known, or a new one."""
    running = running_scan(session, image)
    known = session.scans.latest(image)
    if running is not None:
        ui.open("scan", session=session, job=running)
    elif known is not None:
        ui.open("scan", session=session, scan=known)
    elif (job := await begin_scan(session, ui, image, name)) is not None:
        ui.open("scan", session=session, job=job)


def running_scan(session: Session, image: str) -> ScanJob | None:
    """Return the scan of an image that is under way."""
    return next((job for job in session.jobs.running if isinstance(job, ScanJob) and job.image == image), None)


async def begin_scan(session: Session, ui: Ui, image: str, name: str) -> ScanJob | None:
    """Start a scan as a job and return it; where no tool is there, say which there could be, and return None."""
    scanner = find_scanner(session.environment, session.scanner)
    if scanner is None:
        await ui.tell("No scanner is installed here", missing_words(session))
        return None
    job = ScanJob(session.engine, session.scans, scanner, session.environment, image, name, session.now)
    start_job(session, job)
    return job


def missing_words(session: Session) -> str:
    """Return which tools scan an image, and how each of them is told of this daemon."""
    wanted = session.scanner
    every = "trivy, grype, docker scout, in this order"
    looked = every if wanted == "auto" else f"{wanted} (`scanner` in the settings)"
    variables = handed_over(session.engine.endpoint)
    address = (
        "as " + " ".join(f"{key}={value}" for key, value in variables.items())
        if variables is not None
        else "as an archive of the image that hythe saves first, since they can't be given this connection"
    )
    return (
        f"Looked for on the PATH: {looked}.\n\n"
        "trivy  https://trivy.dev\n"
        "grype  https://github.com/anchore/grype\n"
        "docker scout  https://docs.docker.com/scout, a plugin of the docker CLI\n\n"
        f"trivy and grype get this daemon {address}; docker scout gets it by the docker CLI's own flags. "
        "`scanner` in the settings chooses one."
    )
