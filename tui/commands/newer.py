"""Newer images: whether registries have any, and containers recreated from them after a pull."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import cast

from tui.commands.command import Context
from tui.commands.job_history import start_job
from tui.commands.recreate import recreate
from tui.commands.registry_desk import open_registry
from tui.commands.session import Session
from tui.engine.errors import NotFound
from tui.jobs.newer import NewerJob
from tui.jobs.pull import PullJob
from tui.model.containers import Container
from tui.model.images import Image
from tui.model.reference import check_reference, is_image_id
from tui.store.newer import can_be_newer


def in_use(session: Session) -> list[Image]:
    """Return the images that some container is made from."""
    used = {container.image_id for container in session.state.containers.values()}
    return [image for id, image in session.state.images.items() if id in used]


def start_check(session: Session, images: Sequence[Image]) -> NewerJob:
    """Start to ask the registries of these images; rows that change are drawn."""
    look = partial(open_registry, session)
    job = NewerJob(session.engine, session.newer, images, lambda image: session.on_busy({image.id}), look)
    start_job(session, job)
    return job


def check_due(session: Session) -> None:
    """Ask about the images in use of which nobody asked for a while, if the host is there and is not asked already."""
    if not session.state.condition.is_live or any(isinstance(job, NewerJob) for job in session.jobs.running):
        return
    tags = [(image, tag) for image in in_use(session) for tag in can_be_newer(image)]
    if any(not session.newer.was_asked(tag) for _, tag in tags):
        start_check(session, list({image.id: image for image, _ in tags}.values()))


async def check(context: Context) -> None:
    """Ask whether the images in use are newer in their registries; where some are marked, whether those are."""
    session, ui = context.session, context.ui
    images = context.images if len(context.images) > 1 else in_use(session)
    if not any(can_be_newer(image) for image in images):
        ui.note("none of the images came from a registry: nothing to ask")
        return
    ui.note("asking the registries, through the daemon: J shows how far it is")
    job = start_check(session, images)
    await job.wait()
    if job.state == "done":
        ui.note(job.progress, "warning" if "not told" in job.progress else "information")
    elif job.error:
        ui.note(f"{job.title}: {job.error}", "error")


async def update(context: Context) -> None:
    """Pull what the containers are made from, and recreate those for which another image came."""
    session, ui = context.session, context.ui
    targets = context.containers or _users(session, context.images)
    references = {target.id: await _reference(session, target) for target in targets}
    named = [target for target in targets if references[target.id]]
    platforms = dict(
        zip(
            (target.id for target in named),
            await asyncio.gather(*(_platform(session, each) for each in named)),
            strict=True,
        )
    )
    asked = dict.fromkeys((references[target.id], platforms[target.id]) for target in named)
    if without := [target.name for target in targets if not references[target.id]]:
        ui.note(f"made from an ID or a digest, which never names another image: {', '.join(without)}", "warning")
    ids = dict(zip(asked, await asyncio.gather(*(_pull(context, *each) for each in asked)), strict=True))
    now = {target.id: ids[references[target.id], platforms[target.id]] for target in named}
    moved = [target for target in named if now[target.id] not in (None, target.image_id)]
    if same := [target.name for target in named if now[target.id] == target.image_id]:
        ui.note(f"nothing newer: {', '.join(same)}")
    if moved:
        await recreate(Context(session, ui, "containers", tuple(moved)))


def _users(session: Session, images: Sequence[Image]) -> list[Container]:
    wanted = {image.id for image in images}
    return [container for container in session.state.containers.values() if container.image_id in wanted]


async def _reference(session: Session, target: Container) -> str:
    """Return what a container was made from, where that is a name that can move; the list tells an ID once it has."""
    config: object = (await session.engine.containers.inspect(target.id)).get("Config")
    reference = str(cast("dict[str, object]", config).get("Image") or "") if isinstance(config, dict) else ""
    fixed = "@" in reference or is_image_id(reference) or check_reference(reference) is not None
    return "" if fixed else reference


async def _platform(session: Session, target: Container) -> str:
    """Return what a container's image is made for, where that is not the daemon's own architecture; else ""."""
    try:
        image, version = await asyncio.gather(session.engine.images.details(target.image_id), session.engine.version())
    except NotFound:
        return ""  # it was removed by force
    return image.platform if image.architecture not in ("", version.arch) else ""


async def _pull(context: Context, reference: str, platform: str) -> str | None:
    """Pull, and return the ID of the image that the reference names then; None where that failed, which is told."""
    session = context.session
    job = PullJob(session.engine, reference, platform=platform)
    start_job(session, job)
    await job.wait()
    if job.state != "done":
        context.ui.note(f"{job.title}: {job.error or job.state}", "error")
        return None
    try:
        return (await session.engine.images.details(reference)).id
    except NotFound as error:
        context.ui.note(f"{reference}: {error}", "error")
        return None


def has_users(context: Context) -> str | None:
    return None if _users(context.session, context.images) else "no container is made from it"
