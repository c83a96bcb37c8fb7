"""The table of the commands on hosts."""

from __future__ import annotations

from tui.commands.command import Command
from tui.commands.later import code_of, why_not_later

run = code_of("hosts")

COMMANDS: tuple[Command, ...] = (
    Command("host.connect", ("enter",), "connect to it; to the marked ones in one table", "hosts", run("connect"),
            "connect", available=why_not_later("hosts", "why_not_connect"), hint=10, many=True, offline=True),
    Command("host.create", ("n",), "new context", "hosts", run("create"), "new",
            "docker context create --docker host=URL NAME", hint=20, many=True, immediate=True, offline=True),
    Command("host.edit", ("e",), "edit the context", "hosts", run("edit"), "edit",
            "docker context update --docker host=URL NAME", available=why_not_later("hosts", "why_not_edit"), hint=30,
            immediate=True, offline=True),
    Command("host.use", ("u",), "make it docker's current context", "hosts", run("use"), "use",
            "docker context use NAME", available=why_not_later("hosts", "why_not_use"), hint=40, offline=True),
    Command("host.remove", ("d", "delete"), "remove the context", "hosts", run("remove"), "remove",
            "docker context rm [--force] NAME", "always", available=why_not_later("hosts", "why_not_remove"), hint=50,
            many=True, offline=True),
    Command("host.copy", ("y",), "copy name, address or a line that leads there", "hosts", run("copy"), "copy",
            offline=True),
)  # fmt: skip
