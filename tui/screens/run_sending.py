"""Sending the run form: pull, create, connect, start, and the way on from whatever the daemon refuses."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from tui.commands.history import Outcome
from tui.engine.containers import Created
from tui.engine.errors import ApiError, Conflict, EngineError, NotFound
from tui.jobs.job import JobState
from tui.jobs.pull import PullJob
from tui.model.containers import Container
from tui.model.reference import check_reference
from tui.model.run_body import CreateRequest, create_request
from tui.model.run_client import Client, ClientProblem, resolved
from tui.model.run_line import docker_line
from tui.model.run_spec import RunSpec
from tui.present.run import error_place, name_holder
from tui.present.run_form import field_of
from tui.present.secrets import looks_secret

if TYPE_CHECKING:
    from tui.screens.run import RunScreen

OUTCOMES: Mapping[JobState, Outcome] = {
    "running": "cancelled", "done": "ok", "failed": "failed", "cancelled": "cancelled"
}  # fmt: skip
MOST_BYTES = 4 << 20
"""Of a file of variables, of labels, or with a profile."""


def read_file(path: str) -> bytes:
    """Return what is in a file of this machine. Raises OSError, for one that is far too big as well."""
    with Path(path).open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(0, f"more than {MOST_BYTES >> 20} MiB")
    return data


def client_of(environment: Mapping[str, str]) -> Client:
    """Return this machine as the docker CLI would see it."""
    try:
        folder = str(Path.cwd())
    except OSError:
        folder = ""  # it was removed
    return Client(folder, environment, read_file, lambda pattern: sorted(glob.glob(pattern)))


class Sending:
    """What the run form does when it is sent. The user may have left it by any of the answers."""

    def __init__(self, screen: RunScreen) -> None:
        self._screen = screen

    async def send(self, spec: RunSpec) -> None:
        """Make and start the container."""
        screen = self._screen
        try:
            request = await asyncio.to_thread(self._request, spec)
        except ClientProblem as error:
            screen.refused(str(error), error.option)
            return
        if spec.one("pull") == "always" and not await self._pull(spec):
            return
        await self._run(spec, request)

    def _request(self, spec: RunSpec) -> CreateRequest:
        """What is sent. Reads what the client has to bring. Raises ClientProblem."""
        api = self._screen.session.engine.transport.api_version or (1, 41)
        return create_request(resolved(spec, client_of(self._screen.hythe.environment)), api)

    async def _run(self, spec: RunSpec, request: CreateRequest) -> None:
        screen, session = self._screen, self._screen.session
        line = docker_line(spec, hide=looks_secret)
        entry = session.history.begin(line, session.name)
        created: Created | None = None
        try:
            screen.set_sending("creating")
            created = await session.engine.containers.create(request.body, name=request.name, platform=request.platform)
            session.set_busy(created.id, "start")
            for network, endpoint in request.connect:
                screen.set_sending(f"connecting to {network}")
                await session.engine.networks.attach(network, created.id, endpoint)
            screen.set_sending("starting")
            await session.engine.containers.start(created.id)
            entry.close("ok")
            await self._done(line, spec, created)
        except EngineError as error:
            entry.close("failed", str(error))
            if created is not None:
                session.set_busy(created.id, None)
            screen.set_sending("")
            await self._failed(error, spec, created)
        except asyncio.CancelledError:
            entry.close("cancelled")
            raise
        finally:
            if created is not None:
                session.set_busy(created.id, None)

    async def _done(self, line: str, spec: RunSpec, created: Created) -> None:
        screen, session = self._screen, self._screen.session
        screen.forget()
        dashboard = screen.dashboard
        for warning in created.warnings or ():
            screen.note(warning, "warning")
        shown = None if spec.on("detach") else await self._read(created)
        if await screen.leave_for("container", created.id) and shown is not None and dashboard is not None:
            dashboard.open("logs", session=session, targets=[(session, shown)])
        screen.note(f"$ {line}")

    async def _read(self, created: Created) -> Container | None:
        """Return what was made, for its log: no table need have it yet. None, which is told, where it can't be read."""
        screen = self._screen
        try:
            return await screen.session.engine.containers.read(created.id)
        except NotFound:
            screen.note("it has ended and was removed, and its log with it", "warning")
        except EngineError as error:
            screen.note(f"its log can't be shown: {error}", "error")
        return None

    # what the daemon refuses

    async def _failed(self, error: EngineError, spec: RunSpec, created: Created | None) -> None:
        text = f"{error}\n{error.hint}" if error.hint else str(error)
        place = error_place(str(error)) if isinstance(error, ApiError) else None
        missing = isinstance(error, NotFound) and place == "image" and created is None
        if missing and spec.one("pull") == "missing":
            if await self._pull(spec):
                await self._again()
            return
        self._screen.refused(text, field_of(place) if place not in (None, "image", "command") else place)
        if created is not None:
            await self._offer_removal(text, created)
        elif isinstance(error, Conflict):
            await self._offer_other(text, spec.one("name"))
        elif missing and spec.one("pull") != "never":
            await self._offer_pull(spec)

    async def _again(self) -> None:
        """Send what stands there now: it could be edited meanwhile."""
        screen = self._screen
        if screen.is_open and screen.form.first_error() is None:
            await screen.send(screen.form.values())

    async def _offer_removal(self, text: str, created: Created) -> None:
        """A start that failed leaves a created container, unless it removes itself.

        Nothing is asked of who has left the form: their keys mean something else by now.
        """
        screen, session = self._screen, self._screen.session
        if not screen.is_open:
            return
        try:
            left = await session.engine.containers.read(created.id)
        except EngineError:
            return
        lines = [f"{left.name}  ({left.image}, {left.state})", *text.splitlines()]
        if not await screen.confirm(f"{left.name} was created and does not start. Remove it?", lines, label="Remove"):
            return
        entry = session.history.begin(f"docker rm --volumes {quote(left.name)}", session.name)
        try:
            await session.engine.containers.remove(created.id, volumes=True)
        except EngineError as error:
            entry.close("failed", str(error))
            screen.note(f"remove {left.name}: {error}", "error")
        else:
            entry.close("ok")
            screen.note(f"$ {entry.line}")

    async def _offer_other(self, text: str, name: str) -> None:
        """The name is taken: the container that has it may be the one that was wanted."""
        screen = self._screen
        holder = name_holder(text)
        if holder is None or not screen.is_open:
            return
        options = (("name", "choose another name", ""), ("open", f"go to the container {name}", holder[:12]))
        chosen = await screen.choose(f"The name {name} is taken", options)
        if chosen == "open":
            screen.remember()
            await screen.leave_for("container", holder)

    async def _offer_pull(self, spec: RunSpec) -> None:
        """The image is not here: pull it, as `docker run` would, in a job that outlives this form."""
        screen, image = self._screen, spec.image
        if not screen.is_open or check_reference(image):
            return
        options = (
            ("run", "pull it, then run the container", f"docker pull {image}"),
            ("pull", "only pull it", ""),
            ("no", "name another image", ""),
        )
        chosen = await screen.choose(f"{image} is not on this host", options)
        if chosen in ("run", "pull") and await self._pull(spec) and chosen == "run":
            await self._again()

    async def _pull(self, spec: RunSpec) -> bool:
        """Pull the image, telling how far it is; whether it is here now."""
        screen, session = self._screen, self._screen.session
        problem = check_reference(spec.image)
        if problem is not None:
            screen.refused(f"it cannot be pulled: {problem}", "image")
            return False
        job = PullJob(session.engine, spec.image, platform=spec.one("platform"))
        entry = session.history.begin(job.line, session.name)
        screen.show_field_error("image", None)
        session.jobs.start(job)
        screen.set_sending(f"{job.title}: {job.progress}")
        unlisten = job.listen(lambda: screen.set_sending(f"{job.title}: {job.progress}"))
        try:
            await job.wait()
        finally:
            unlisten()
            screen.set_sending("")
            entry.close(OUTCOMES[job.state], job.error)
        if job.state != "done":
            screen.refused(job.error or f"{job.title} was cancelled", "image")
            return False
        screen.note(f"$ {job.line}")
        if screen.is_open:
            screen.read_image_again()
        return True
