"""What a tab of the detail pane is: a widget, and how it is filled with what a row is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from textual.widget import Widget

from tui.commands.command import Row
from tui.commands.session import Session
from tui.settings import Settings


class Body(Protocol):
    """What every tab's widget can do besides being a widget."""

    def search(self, query: str) -> None:
        """Mark what matches and go to the first hit; an empty query ends the search."""
        ...

    def set_notice(self, notice: str) -> None:
        """Say why there is nothing to show, in the place where it would be."""
        ...


class DetailTab:
    """A tab of the detail pane. One of each kind lives as long as the pane; only the one in front is filled.

    `fill` runs in a worker that is cancelled when another row, another tab, or nothing is to be seen; an EngineError
    that leaves it is told by `failed`. Streams that it opens end with it.
    """

    name: ClassVar[str]
    noun: ClassVar[str] = ""
    """What one of its own rows is called, where it has some."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.body = self.make()
        self.body.id = f"detail-{self.name}"

    def make(self) -> Widget:
        """Return the widget that shows it."""
        raise NotImplementedError

    def wanted(self, row: Any) -> object:
        """Return what of the row it is read for: when that changes, it is filled again."""
        return row

    async def fill(self, session: Session, row: Any) -> None:
        """Read what the row is made of and show it, until cancelled or done.

        Raises:
            EngineError: it can't be read.
        """
        raise NotImplementedError

    def targets(self, session: Session, row: Any) -> Sequence[Row] | None:
        """Return what a command acts on while the focus is in the tab; None where that is the row of the table.

        A tab that has rows of its own returns some of those of this row, or nothing: it may not show them yet.
        """
        return None

    def empty(self, notice: str) -> None:
        """Show nothing but the reason."""
        raise NotImplementedError

    def failed(self, problem: str) -> None:
        """Say why it can't be read; by default in place of whatever was shown."""
        self.empty(f"{self.name}: {problem}")
