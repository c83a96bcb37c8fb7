"""How much room there is where a container's files are, as far as this machine can tell."""

from __future__ import annotations

import os
from typing import Any, cast

from tui.engine.engine import Engine
from tui.engine.threads import in_thread
from tui.engine.written import upper_folder
from tui.model.surroundings import clean, is_below


async def room_at(engine: Engine, container: str, folder: str) -> int | None:
    """Return the bytes that are free for a folder of a container; None where that is not known from here.

    The API does not tell it, and nothing can be removed through it: of a daemon on this machine, whose folder of the
    container's own layer is there, the file system is asked. Raises EngineError.
    """
    inspect = await engine.containers.inspect(container)
    own = upper_folder(engine.endpoint, inspect)
    if own is None:
        return None
    place, depth = str(own), 0
    for mount in cast("list[dict[str, Any]]", inspect.get("Mounts") or []):
        destination, source = clean(str(mount.get("Destination") or "/")), mount.get("Source")
        if is_below(clean(folder), destination) and isinstance(source, str) and len(destination) > depth:
            place, depth = source, len(destination)
    try:
        room = await in_thread(os.statvfs, place)
    except OSError:
        return None
    return room.f_bavail * room.f_frsize
