"""A shell beside a container that has none: in a helper container that shares its namespaces and volumes."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from tui.commands.command import Option, Ui
from tui.commands.lending import Left, Lent
from tui.commands.session import Session
from tui.engine.errors import ApiError, EngineError
from tui.engine.interactive import Interactive, container_with_terminal
from tui.model.containers import Container
from tui.model.images import Image
from tui.present.units import size

LIKELY = ("busybox", "alpine", "debian", "ubuntu", "fedora", "nicolaka/netshoot")
"""Images that have a shell, by their names: offered first."""

MOST_OFFERED = 500


async def offer_helper(session: Session, ui: Ui, target: Container) -> None:
    """Say that the container has no shell, and open one beside it, in an image that the user chooses."""
    options = images_for(session.state.images.values(), target)
    if not options:
        ui.note(f"{target.name} has no shell, and no image is here to open one beside it: pull busybox", "warning")
        return
    title = f"{target.name} has no shell: open one beside it, from which image?"
    chosen = await ui.choose(title, options)
    if chosen is not None:
        await open_helper(session, ui, target, chosen)


def images_for(images: Iterable[Image], target: Container) -> list[Option]:
    """Return the tagged images but the container's own, those that likely have a shell first."""

    def order(image: Image) -> tuple[int, str]:
        name = image.tags[0].rpartition(":")[0]
        likely = next((at for at, each in enumerate(LIKELY) if name.endswith(each)), len(LIKELY))
        return likely, name

    others = sorted((each for each in images if each.tags and each.id != target.image_id), key=order)
    return [(image.id, image.reference, size(image.size)) for image in others[:MOST_OFFERED]]


def helper_body(target: Container, image: str, ipc_mode: str) -> dict[str, Any]:
    """Return the body of the helper's create request. Memory is shared (ipc) only where the target lets it be."""
    of = f"container:{target.id}"
    host: dict[str, Any] = {"PidMode": of, "NetworkMode": of, "VolumesFrom": [target.id]}
    if ipc_mode in ("shareable", "host") or ipc_mode.startswith("container:"):
        host["IpcMode"] = of
    return {
        "Image": image, "Entrypoint": ["sh"], "Cmd": [], "Tty": True, "OpenStdin": True, "StdinOnce": True,
        "AttachStdin": True, "AttachStdout": True, "AttachStderr": True,
        "Healthcheck": {"Test": ["NONE"]}, "HostConfig": host,
    }  # fmt: skip


def helper_line(target: Container, image: str, body: dict[str, Any]) -> str:
    """Return the docker line that it equals."""
    name = shlex.quote(target.name)
    words = ["docker run --rm -it", f"--pid=container:{name}", f"--network=container:{name}"]
    if "IpcMode" in body["HostConfig"]:
        words.append(f"--ipc=container:{name}")
    return " ".join([*words, f"--volumes-from={name}", "--entrypoint=sh", shlex.quote(image)])


async def open_helper(session: Session, ui: Ui, target: Container, image: str) -> None:
    """Open a shell in a new container beside the target, and remove that container when it is left."""
    engine = session.engine
    known = session.state.images.get(image)
    reference = known.reference if known else image
    made = await engine.containers.made(target.id)
    body = helper_body(target, image, made.host_config.ipc_mode)
    entry = session.history.begin(helper_line(target, reference, body), session.name)
    try:
        with entry.closed_by_failure():
            async with container_with_terminal(engine, target.id, body) as helper:
                left = await _lent(session, ui, target, helper, reference, made.host_config.pid_mode)
    except EngineError as error:
        hint = f"; {reference} has no shell either" if isinstance(error, ApiError) and "exec" in str(error) else ""
        raise EngineError(f"{error}{hint}") from error
    if left.how == "lost":
        entry.close("failed", left.error)
        ui.note(f"helper of {target.name}: {left.error}", "error")
    else:
        entry.close("ok", "removed")
        ui.note(f"the helper of {target.name} was removed")


async def _lent(
    session: Session, ui: Ui, target: Container, helper: Interactive, reference: str, pid_mode: str
) -> Left:
    files = "" if pid_mode == "host" else "; its files are in /proc/1/root"
    greeting = (
        f"hythe: {reference} beside {target.name} on {session.name}, with its processes, network and volumes{files}\n"
        "exit or ctrl+p ctrl+q comes back to hythe, and removes this helper"
    )
    return await ui.lend(Lent(helper.line, greeting, resize=helper.resize, end=helper.end))
