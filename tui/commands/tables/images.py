"""The table of the commands on images."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of

run = code_of("images")


def _two_marked(context: Context) -> str | None:
    return None if len(context.images) == 2 else "mark two images with space"


COMMANDS: tuple[Command, ...] = (
    Command("image.run", ("n",), "run a container from it", "images", run("run"), "run",
            "docker run IMAGE", "free", True, hint=10, immediate=True),
    Command("image.layers", ("L",), "layers", "images", run("layers"), "layers",
            "docker history IMAGE, docker save IMAGE", hint=20, immediate=True),
    Command("image.compare", ("equals_sign",), "compare two marked images", "images", run("compare"), "compare",
            "docker save IMAGE, docker save IMAGE", available=_two_marked, many=True, immediate=True),
    Command("image.tag", ("t",), "tag", "images", run("tag"), "tag", "docker tag IMAGE REFERENCE", "free", True,
            hint=30),
    Command("image.remove", ("d", "delete"), "remove", "images", run("remove"), "remove",
            "docker rmi [--force] IMAGE", "always", True, hint=40, many=True),
    Command("image.dangling", ("z",), "show only dangling images, or all", "images", run("dangling"), "dangling",
            "docker images --filter dangling=true", many=True, immediate=True),
    Command("image.inspect", ("i",), "inspect", "images", run("inspect"), "inspect",
            "docker inspect IMAGE", hint=80, immediate=True),
    Command("image.copy", ("y",), "copy ID or reference", "images", run("copy"), "copy"),
)  # fmt: skip
