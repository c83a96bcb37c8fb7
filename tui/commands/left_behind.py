"""Helper containers that a killed hythe left behind: told of once a connection, and removed where the user wants it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from shlex import quote
from typing import TYPE_CHECKING

from tui.engine.helpers import HOST, SHELL, VOLUME, of_others
from tui.present.units import ago, plural

if TYPE_CHECKING:
    from tui.commands.command import Context
    from tui.commands.session import Session
    from tui.engine.engine import Engine
    from tui.model.containers import Container

MOST_NAMED = 3


class LeftBehind:
    """What was left on one host; it is looked for whenever a connection has the list of containers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.has_looked = False
        """Whether it was, of this connection."""
        self._told: set[str] = set()
        self._words = ""

    def look(self) -> None:
        """Look once a connection; the state has the containers, so that the daemon is asked nothing."""
        if not self._session.feed.condition.answers:
            self.has_looked = False
        elif not self.has_looked and "containers" in (state := self._session.state).listed:
            self.has_looked = True
            left = self._session.engine.helpers.left_behind(state.containers.values())
            new = [each for each in left if each.id not in self._told]
            self._told |= {each.id for each in new}
            if new:
                self._words = words_for(new, self._session.name, read_only=self._session.engine.read_only)

    def take_words(self) -> str:
        """Return what is to be told, once."""
        words, self._words = self._words, ""
        return words


def words_for(left: list[Container], host: str, *, read_only: bool) -> str:
    """Return the sentence that tells of them, and what can be done."""
    names = ", ".join(each.name for each in left[:MOST_NAMED])
    if len(left) > MOST_NAMED:
        names += f" and {len(left) - MOST_NAMED} more"
    what = "the command palette removes them: type 'helper' there"
    if read_only:
        what = "read-only: nothing is removed here"
    return f"{host}: a hythe that was killed left {plural(len(left), 'helper container')} behind: {names}\n{what}"


async def remove(context: Context) -> None:
    """Show what was left behind, ask, and remove what still is."""
    from tui.commands.running import Act, perform

    session, engine = context.session, context.session.engine
    left = _left(session)
    title = f"Remove {plural(len(left), 'helper container')} on {session.name}?"
    lines = [described(each, session.now()) for each in left]
    lines.append("the hythe that made them does not run any more; volumes that were looked at through them stay")
    typed = str(len(left)) if session.guarded else None
    if not await context.ui.confirm(title, lines, label="Remove", danger=True, typed=typed):
        return
    shown = {each.id for each in left}
    acts = [
        Act(each.id, each.name, f"docker rm --force --volumes {quote(each.name)}", _removal(engine, each.id))
        for each in _left(session)
        if each.id in shown
    ]
    await perform(context, "remove", acts)


def _removal(engine: Engine, id: str) -> Callable[[], Awaitable[None]]:
    return lambda: engine.containers.remove(id, force=True, volumes=True)


def why_not(context: Context) -> str | None:
    """Say why there is nothing to remove, or None."""
    session = context.session
    if _left(session):
        return None
    others = of_others(session.state.containers.values())
    if not others:
        return "no hythe left one behind here"
    return (
        f"of {plural(len(others), 'helper container')} it is not known here whether their hythe still runs: "
        f"docker rm --force --volumes {quote(others[0].name)} removes one where you know that it does not"
    )


def described(helper: Container, now: float) -> str:
    """Return a line that says what a helper is, whose, and since when."""
    labels = helper.labels
    what = f"files of volume {labels[VOLUME]}" if VOLUME in labels else f"a shell for {labels.get(SHELL, '')[:12]}"
    host = f" from {labels[HOST]}" if labels.get(HOST) else ""
    return f"{helper.name}  {what}, made {ago(now - helper.created)}{host}, {helper.state}"


def _left(session: Session) -> list[Container]:
    return session.engine.helpers.left_behind(session.state.containers.values())
