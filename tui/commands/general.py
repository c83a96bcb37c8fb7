"""The commands on hythe itself: what is in front, and what opens other screens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from tui.commands.command import Command, Context


def _view(request: str) -> Callable[[Context], Awaitable[None]]:
    async def run(context: Context) -> None:
        context.ui.view(request)

    return run


def _open(screen: str) -> Callable[[Context], Awaitable[None]]:
    async def run(context: Context) -> None:
        context.ui.open(screen, session=context.connected)

    return run


async def refresh(context: Context) -> None:
    """Read everything of every host again, and try one that is away at once; what ssh has to ask is asked now."""
    await context.ui.let_ssh_ask()
    for session in context.ui.hosts:
        session.refused.clear()
        session.compose.forget()
        session.compose_files.forget()
        session.swarm.refresh()
        session.feed.refresh()
    context.ui.note("reading everything again")


_COMMANDS = (
    Command("app.build", ("b",), "build an image from a Dockerfile", "app", _open("build"), "build",
            "docker build --tag REFERENCE FOLDER", "free", True, hint=52),
    Command("app.run", ("ctrl+n",), "run a container, also from a pasted docker run line", "app", _open("run"), "run",
            "docker run OPTIONS IMAGE", "free", True),
    Command("app.filter", ("slash",), "filter the table", "app", _view("filter"), "filter", hint=85, offline=True),
    Command("app.sort", ("o",), "sort by", "app", _view("sort"), "sort", hint=90, offline=True),
    Command("app.running", ("A",), "show all or only running containers", "app", _view("running"), "all/running"),
    Command("app.freeze", ("exclamation_mark",), "freeze the order", "app", _view("freeze"), "freeze", offline=True),
    Command("app.containers", ("1",), "go to the containers", "app", _view("containers")),
    Command("app.images", ("2",), "go to the images", "app", _view("images")),
    Command("app.volumes", ("3",), "go to the volumes", "app", _view("volumes")),
    Command("app.networks", ("4",), "go to the networks", "app", _view("networks")),
    Command("app.projects", ("5",), "go to the Compose projects", "app", _view("projects")),
    Command("app.services", ("6",), "go to the services of the swarm", "app", _view("services")),
    Command("app.nodes", ("7",), "go to the nodes of the swarm", "app", _view("nodes")),
    Command("app.next_detail", ("right_square_bracket",), "next tab of the detail pane", "app", _view("next_detail")),
    Command("app.previous_detail", ("left_square_bracket",), "previous tab of the detail pane", "app",
            _view("previous_detail")),
    Command("app.palette", ("colon", "ctrl+p"), "command palette", "app", _view("palette"), "palette", hint=95,
            offline=True),
    Command("app.help", ("question_mark", "f1"), "help for this screen", "app", _open("help"), "help", hint=5,
            offline=True),
    Command("app.history", ("H",), "history of docker lines", "app", _open("history"), "history", offline=True),
    Command("app.jobs", ("J",), "jobs under way", "app", _open("jobs"), "jobs", offline=True),
    Command("app.problems", ("W",), "what is wrong: problems of all containers", "app", _open("problems"), "problems"),
    Command("app.ports", ("O",), "published ports of the hosts: open to the world, conflicts", "app", _open("ports"),
            "ports", "docker ps --format '{{.Names}} {{.Ports}}'"),
    Command("app.events", ("V",), "events as they come, and from before", "app", _open("events"), "events",
            "docker events --since TIME"),
    Command("app.registries", ("I",), "registries: browse, search, log in and out", "app", _open("registries"),
            "registries", "docker search TERM"),
    Command("app.theme", ("T",), "theme", "app", _open("theme"), "theme", offline=True),
    Command("app.hosts", ("D",), "hosts: another context or socket", "app", _open("hosts"), "hosts",
            "docker context ls", offline=True),
    Command("app.refresh", ("f5",), "read everything again", "app", refresh, "refresh"),
)  # fmt: skip

COMMANDS: tuple[Command, ...] = tuple(msgspec.structs.replace(command, immediate=True) for command in _COMMANDS)
