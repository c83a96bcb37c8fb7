"""The command palette: every command, and every container and image by name."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.commands.command import Command
from tui.screens.base import HytheScreen, content
from tui.screens.dashboard import DashboardScreen

MOST_OBJECTS = 200


def title_of(screen: HytheScreen, command: Command) -> str:
    """Return a command's title, with its keys if it has any."""
    keys = screen.keys_of(command)
    return f"{command.title}  ({keys})" if keys else command.title


def help_of(command: Command) -> str | None:
    """Return the docker line of a command as the markup that Textual takes it for: a bracket is a bracket.

    Textual's own `escape` leaves those before a capital letter.
    """
    return command.line.replace("[", "\\[") or None


class HythePalette(Provider):
    """Hits come from the one table of commands and from the store; names are drawn literally."""

    async def discover(self) -> Hits:
        """Show every command that can run here."""
        screen = self.screen
        if isinstance(screen, HytheScreen):
            # those on what is under the cursor first
            for command in sorted(screen.commands_here(), key=lambda command: command.scope == "app"):
                text = title_of(screen, command)
                yield DiscoveryHit(
                    content(text, ascii=screen.ascii),
                    partial(screen.action_command, command.id),
                    text,
                    help_of(command),
                )

    async def search(self, query: str) -> Hits:
        """Find commands by title, and containers and images by name."""
        screen = self.screen
        if not isinstance(screen, HytheScreen):
            return
        matcher = self.matcher(query)
        for command in screen.commands_here():
            if (score := matcher.match(command.title)) > 0:
                text = title_of(screen, command)
                yield Hit(
                    score, content(text, ascii=screen.ascii), partial(screen.action_command, command.id), text,
                    help_of(command),
                )  # fmt: skip
        if not isinstance(screen, DashboardScreen):
            return
        found = 0
        for session, id, name, noun in screen.named_objects():
            if found < MOST_OBJECTS and (score := matcher.match(name)) > 0:
                found += 1
                host = f"  on {session.name}" if screen.many_hosts else ""
                shown = content(f"{noun} {name}{host}", ascii=screen.ascii)
                yield Hit(score * 0.9, shown, partial(screen.go_to, noun, id, session), name)
