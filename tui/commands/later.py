"""Commands whose code is imported when they are run first: nobody waits at the start for what he may never press."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.commands.command import Context


def later(module: str, name: str) -> Callable[[Context], Awaitable[None]]:
    """Return a command that is the function `name` of a module beside this one."""

    async def run(context: Context) -> None:
        await getattr(import_module(f"tui.commands.{module}"), name)(context)

    run.__name__ = run.__qualname__ = name
    run.__module__ = f"tui.commands.{module}"
    return run


def code_of(module: str) -> Callable[[str], Callable[[Context], Awaitable[None]]]:
    """Return `later` for the functions of a module, by their names."""
    return partial(later, module)


def why_not_later(module: str, name: str) -> Callable[[Context], str | None]:
    """Return what says why a command can't be run now: the function `name` of a module beside this one."""

    def why_not(context: Context) -> str | None:
        found: str | None = getattr(import_module(f"tui.commands.{module}"), name)(context)
        return found

    why_not.__name__ = why_not.__qualname__ = name
    why_not.__module__ = f"tui.commands.{module}"
    return why_not
