"""Looks at a volume that nothing mounts through a container that is made for it, may only read, and never starts."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from shlex import quote

from tui.commands.session import Session
from tui.commands.volume_tar import NO_IMAGE, image_for
from tui.engine.errors import EngineError
from tui.engine.volume_files import PLACE, is_there, open_volume
from tui.model.containers import Container


async def open_view(session: Session, volume: str) -> Container:
    """Make the container and return it; `close_view` removes it, and so does the end of the session.

    Raises:
        EngineError: there is no image to make it from, the volume is gone, or the daemon does not make it.
    """
    image = image_for(session.state.images.values())
    if image is None:
        raise EngineError(NO_IMAGE)
    if not await is_there(session.engine, volume):
        raise EngineError(f"there is no volume {volume} any more")
    entry = session.history.begin(view_line(volume, image.reference), session.name)
    with entry.closed_by_failure():
        made = await open_volume(session.engine, volume, image.id)
    entry.close("ok")
    return Container(id=made, name=made[:12], image=image.reference, state="created")


def close_view(session: Session, view: Container, after: Sequence[Awaitable[object]] = ()) -> None:
    """Have the container removed once what reads through it still, the awaitables `after`, has ended."""
    session.engine.helpers.let_go(view.id, after)


def view_line(volume: str, image: str) -> str:
    """Return the docker line that making it equals."""
    return f"docker create --network none --volume {quote(f'{volume}:{PLACE}:ro,nocopy')} {quote(image)} never-started"
