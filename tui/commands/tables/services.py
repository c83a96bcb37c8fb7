"""The table of the commands on services of a swarm."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of

run = code_of("services")


def _scalable(context: Context) -> str | None:
    mode = context.services[0].mode
    return None if context.services[0].scalable else f"a {mode} service has no number of replicas to set"


def _has_previous(context: Context) -> str | None:
    return None if any(s.has_previous for s in context.services) else "it was never changed: there is nothing before"


COMMANDS: tuple[Command, ...] = (
    Command("service.scale", ("equals_sign",), "scale", "services", run("scale"), "scale",
            "docker service scale --detach SERVICE=COUNT", "guarded", True, _scalable, 10),
    Command("service.update", ("u",), "update to another image", "services", run("update_image"), "update",
            "docker service update --detach --no-resolve-image --image IMAGE SERVICE", "guarded", True, hint=20),
    Command("service.rollback", ("B",), "roll back to what was before the last change", "services", run("rollback"),
            "roll back", "docker service rollback --detach SERVICE", "always", True, _has_previous, 30, True),
    Command("service.logs", ("l",), "logs of its tasks on all nodes", "services", run("logs"), "logs",
            "docker service logs --follow --tail 500 SERVICE", hint=40, many=True, immediate=True),
    Command("service.remove", ("d", "delete"), "remove", "services", run("remove"), "remove",
            "docker service rm SERVICE", "always", True, hint=50, many=True),
    Command("service.inspect", ("i",), "inspect", "services", run("inspect"), "inspect",
            "docker service inspect SERVICE", hint=60, immediate=True),
    Command("service.copy", ("y",), "copy name, ID or image", "services", run("copy"), "copy"),
)  # fmt: skip
