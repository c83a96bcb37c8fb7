"""The one table of commands; keys, footer, help, palette and the key reference are drawn from it."""

from __future__ import annotations

from collections.abc import Sequence

from tui.commands import general
from tui.commands.command import Command, Scope
from tui.commands.tables import (
    containers,
    hosts,
    images,
    networks,
    nodes,
    others,
    processes,
    projects,
    services,
    shell,
    swarm,
    volumes,
)

COMMANDS: tuple[Command, ...] = (
    *containers.COMMANDS,
    *shell.COMMANDS,
    *processes.COMMANDS,
    *images.COMMANDS,
    *others.COMMANDS,
    *volumes.COMMANDS,
    *networks.COMMANDS,
    *projects.COMMANDS,
    *services.COMMANDS,
    *nodes.COMMANDS,
    *swarm.COMMANDS,
    *hosts.COMMANDS,
    *general.COMMANDS,
)
BY_ID = {command.id: command for command in COMMANDS}

_KEY_NAMES = {
    "slash": "/", "exclamation_mark": "!", "question_mark": "?", "colon": ":", "left_square_bracket": "[",
    "right_square_bracket": "]", "delete": "del", "escape": "esc", "asterisk": "*", "equals_sign": "=",
}  # fmt: skip


def key_name(key: str) -> str:
    """Return how a key is written for people: `slash` is "/"."""
    return _KEY_NAMES.get(key, key)


def in_scope(scope: Scope) -> Sequence[Command]:
    """Return the commands that act in a table of that scope, and those of the app."""
    return [command for command in COMMANDS if command.scope in (scope, "app")]


def footer(scope: Scope) -> Sequence[Command]:
    """Return what the footer of that scope shows, most useful first."""
    return sorted((command for command in in_scope(scope) if command.hint), key=lambda command: command.hint)


def default_keys() -> dict[str, tuple[str, ...]]:
    """Return the keys by command id, before the user's remapping."""
    return {command.id: command.keys for command in COMMANDS}
