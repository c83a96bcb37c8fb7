"""The table of the commands on containers."""

from __future__ import annotations

from tui.commands.command import Command, Context
from tui.commands.later import code_of, later, why_not_later

run = code_of("containers")


def _some_running(context: Context) -> str | None:
    return None if any(c.is_running for c in context.containers) else "it does not run"


def _of_a_project(context: Context) -> str | None:
    return None if context.containers[0].project else "no Compose project made it"


def _pausable(context: Context) -> str | None:
    states = {c.state for c in context.containers}
    return None if states & {"running", "paused"} else "it does not run"


COMMANDS: tuple[Command, ...] = (
    Command("container.stop", ("s",), "stop or start", "containers", run("stop_or_start"), "stop/start",
            "docker stop CONTAINER, docker start CONTAINER", "guarded", True, hint=10, many=True),
    Command("container.restart", ("r",), "restart", "containers", run("restart"), "restart",
            "docker restart CONTAINER", "guarded", True, hint=20, many=True),
    Command("container.pause", ("p",), "pause or unpause", "containers", run("pause"), "pause",
            "docker pause CONTAINER, docker unpause CONTAINER", "guarded", True, _pausable, 50, True),
    Command("container.kill", ("K",), "kill with a signal", "containers", run("kill"), "kill",
            "docker kill --signal=SIGNAL CONTAINER", "always", True, _some_running, 60, True),
    Command("container.remove", ("d", "delete"), "remove", "containers", run("remove"), "remove",
            "docker rm [--force] CONTAINER", "always", True, hint=40, many=True),
    Command("container.rename", ("R",), "rename", "containers", run("rename"), "rename",
            "docker rename CONTAINER NAME", "free", True),
    Command("container.limits", ("m",), "limits in place: memory, CPUs, processes, restart policy", "containers",
            run("limits"), "limits", "docker update OPTIONS CONTAINER", "guarded", True, hint=48, many=True),
    Command("container.logs", ("l",), "logs, of several in the order of time", "containers", run("logs"), "logs",
            "docker logs --follow --tail 500 CONTAINER", hint=30, many=True, immediate=True, together=True),
    Command("container.project_logs", ("ctrl+l",), "logs of its Compose project", "containers", run("project_logs"), "",
            "docker compose --project-name PROJECT logs --follow", available=_of_a_project, immediate=True),
    Command("container.inspect", ("i",), "inspect", "containers", run("inspect"), "inspect",
            "docker inspect CONTAINER", hint=80, immediate=True),
    Command("container.stats", ("S",), "stats as charts, of several beside each other", "containers", run("stats"),
            "stats", "docker stats CONTAINER", many=True, immediate=True, together=True),
    Command("container.timeline", ("w",), "why it died: its timeline", "containers", run("timeline"), "why",
            "docker inspect CONTAINER, docker events --since 0 --filter container=CONTAINER", immediate=True),
    Command("container.commit", ("c",), "commit to a new image", "containers", run("commit"), "commit",
            "docker commit CONTAINER REFERENCE", "free", True, hint=55, immediate=True),
    Command("container.layers", ("L",), "layers of its image", "containers", run("layers"), "layers",
            "docker history IMAGE, docker save IMAGE", hint=70, immediate=True),
    Command("container.run", ("n",), "run another container from its image", "containers", run("run_again"), "run",
            "docker run IMAGE", "free", True, hint=45, immediate=True),
    Command("container.clone", ("N",), "clone into the run form", "containers", later("remake", "clone"), "clone",
            "docker run OPTIONS IMAGE", "free", True, hint=46),
    Command("container.recreate", ("u",), "recreate from its image, keeping the old one", "containers",
            later("recreate", "recreate"), "recreate",
            "docker rename, docker create, docker stop, docker start", "always", True, hint=47, many=True),
    Command("container.go_back", ("B",), "go back to the one before it was recreated", "containers",
            later("go_back", "go_back"), "go back", "docker rename, docker stop, docker start", "always", True,
            why_not_later("go_back", "can_go_back")),
    Command("container.copy", ("y",), "copy ID, name, image, IP, port, docker run line or Compose service",
            "containers", run("copy"), "copy"),
    Command("container.group", ("t",), "group by Compose project, or one list", "containers", run("group"), "group",
            immediate=True, together=True, rowless=True),
    Command("container.fold", ("z",), "fold or unfold the group (enter, on its row)", "containers", run("fold"), "fold",
            immediate=True, together=True, rowless=True),
    Command("container.fold_all", ("Z",), "fold or unfold all groups", "containers", run("fold_all"), "fold all",
            immediate=True, together=True, rowless=True),
)  # fmt: skip
