"""The table of the commands on volumes."""

from __future__ import annotations

from tui.commands.command import Command
from tui.commands.later import code_of, later, why_not_later

run = code_of("volumes")


_can_carry = why_not_later("volume_tar", "can_carry")


COMMANDS: tuple[Command, ...] = (
    Command("volume.inspect", ("i",), "inspect", "volumes", run("inspect"), "inspect",
            "docker volume inspect VOLUME", hint=10, immediate=True),
    Command("volume.create", ("n",), "new volume", "volumes", run("create"), "new", "docker volume create NAME", "free",
            True, hint=20, immediate=True, rowless=True),
    Command("volume.sizes", ("s",), "count the sizes again", "volumes", run("read_sizes"), "sizes",
            "docker system df --verbose", hint=50, rowless=True),
    Command("volume.backup", ("S",), "back up to a tar file", "volumes", later("volume_tar", "back_up"), "back up",
            "docker run --rm --volume VOLUME:/v:ro IMAGE tar c -C /v . > FILE", "free", True, _can_carry, hint=30),
    Command("volume.restore", ("R",), "restore from a tar file", "volumes", later("volume_tar", "restore"), "restore",
            "docker run --rm -i --volume VOLUME:/v IMAGE tar x -C /v < FILE", "always", True, _can_carry, hint=35),
    Command("volume.remove", ("d", "delete"), "remove", "volumes", run("remove"), "remove",
            "docker volume rm VOLUME", "always", True, hint=40, many=True),
    Command("volume.copy", ("y",), "copy name or mount point", "volumes", run("copy"), "copy", hint=80),
)  # fmt: skip
