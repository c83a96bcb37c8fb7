"""What a container was made with, read back: to clone it into the run form, or to copy it as a line or a service."""

from __future__ import annotations

import asyncio

from tui.commands.command import Context
from tui.commands.session import Session
from tui.engine.errors import NotFound
from tui.model.compose_service import compose_text
from tui.model.containers import Container
from tui.model.images import WireImageConfig
from tui.model.run_inspect import Remade, spec_of_container
from tui.model.run_line import docker_line
from tui.model.run_spec import check_run
from tui.present.run import free_name
from tui.present.secrets import looks_secret


async def image_config(session: Session, image: str) -> WireImageConfig | None:
    """Return the configuration of an image, None where it is gone. Raises EngineError."""
    try:
        return (await session.engine.images.details(image)).config
    except NotFound:
        return None


async def read_spec(session: Session, container: str) -> Remade:
    """Return what makes a container again, without what its image and the daemon give. Raises EngineError."""
    found, daemon = await asyncio.gather(session.engine.containers.made(container), session.engine.info())
    return spec_of_container(found, await image_config(session, found.image), daemon)


async def clone(context: Context) -> None:
    """Open the run form with what the container was made with, under a name that is free."""
    session, target = context.session, context.containers[0]
    remade = await read_spec(session, target.id)
    remarks = list(remade.unsaid)
    if mac := remade.spec.one("mac-address"):
        remarks.append(f"the MAC address {mac} is left to {target.name}")
    name = free_name(target.name, (c.name for c in session.state.containers.values()))
    spec = remade.spec.with_options(name=(name,), mac_address=())
    context.ui.open("run", spec=spec, origin=target.name, remarks=remarks, session=session)


async def line_of(session: Session, target: Container) -> tuple[str, str]:
    """Return the `docker run` line that makes such a container, and the same with its secrets masked.

    Raises EngineError.
    """
    remade = await read_spec(session, target.id)
    spec = remade.spec.with_options(name=(target.name,))
    return docker_line(spec), docker_line(spec, hide=looks_secret)


async def service_of(session: Session, target: Container) -> str | None:
    """Return a Compose file with a service that makes such a container; None where it asks for what no line can say.

    Raises EngineError.
    """
    remade = await read_spec(session, target.id)
    spec = remade.spec.with_options(name=(target.name,))
    return None if check_run(spec) else compose_text(spec)
