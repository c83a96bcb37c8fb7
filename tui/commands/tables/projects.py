"""The table of the commands on Compose projects."""

from __future__ import annotations

from tui.commands.command import Command
from tui.commands.later import code_of, why_not_later

run = code_of("projects")

LINE = "docker compose --project-name PROJECT"

COMMANDS: tuple[Command, ...] = (
    Command("project.up", ("u",), "up: make and start what the Compose file says", "projects", run("up"), "up",
            f"{LINE} up --detach [SERVICE]", "guarded", True, why_not_later("projects", "needs_compose"), 10, True),
    Command("project.stop", ("s",), "stop or start", "projects", run("stop_or_start"), "stop/start",
            f"{LINE} stop [SERVICE], {LINE} start [SERVICE]", "guarded", True, why_not_later("projects", "can_change"),
            20, True),
    Command("project.restart", ("r",), "restart", "projects", run("restart"), "restart",
            f"{LINE} restart [SERVICE]", "guarded", True, why_not_later("projects", "can_change"), 25, True),
    Command("project.logs", ("l",), "logs of all containers in the order of time", "projects", run("logs"), "logs",
            f"{LINE} logs --follow [SERVICE]", available=why_not_later("projects", "has_containers"), hint=30,
            many=True, immediate=True, together=True),
    Command("project.down", ("d", "delete"), "down: remove containers and networks, keep volumes", "projects",
            run("down"), "down", f"{LINE} down", "always", True, why_not_later("projects", "can_change"), 40, True),
    Command("project.scale", ("equals_sign",), "scale a service", "projects", run("scale"), "scale",
            f"{LINE} scale SERVICE=COUNT", "guarded", True, why_not_later("projects", "needs_compose"), 50),
    Command("project.pull", ("P",), "pull its images", "projects", run("pull"), "pull",
            f"{LINE} pull [SERVICE]", "free", True, why_not_later("projects", "needs_compose"), 60, True),
    Command("project.build", ("B",), "build its images", "projects", run("build"), "compose build",
            f"{LINE} build [SERVICE]", "free", True, why_not_later("projects", "needs_compose"), 70, True),
    Command("project.copy", ("y",), "copy name, folder, Compose file or docker compose line", "projects", run("copy"),
            "copy", available=why_not_later("compose_runs", "gone")),
    Command("app.compose_up", ("C",), "start the Compose project of a folder", "app", run("up_folder"), "compose up",
            "docker compose --project-directory FOLDER up --detach", "guarded", True),
)  # fmt: skip
