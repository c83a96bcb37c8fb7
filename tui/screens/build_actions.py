"""What can be done about a build from its screen: edit its Dockerfile, look into its last good image, build again."""

from __future__ import annotations

import os
from shlex import quote

from tui.commands.build import CannotBuild, build_again
from tui.commands.lending import Lent, NoTerminal
from tui.engine.build_context import ContextError
from tui.engine.errors import EngineError
from tui.engine.interactive import shell_in
from tui.jobs.build import BuildJob
from tui.screens.base import HytheScreen
from tui.screens.terminal import editor_words, run_program


async def edit(screen: HytheScreen, path: str) -> None:
    """Lend the terminal to the user's editor, with a Dockerfile."""
    words = editor_words(os.environ)
    try:
        code = await run_program(screen.hythe, [*words, path])
    except NoTerminal as error:
        screen.note(str(error), "warning")
    except OSError as error:
        screen.note(f"{words[0]}: {error.strerror}: set $VISUAL or $EDITOR", "error")
    else:
        screen.note("r builds again" if not code else f"{words[0]} ended with exit code {code}")


async def open_shell(screen: HytheScreen, image: str) -> None:
    """Lend the terminal to a shell in a new container of the image that the last good step left."""
    session = screen.session
    lines = [f"in a new container of {image}, which is removed at its end"]
    if session.guarded and not await screen.confirm("Open a shell?", lines, label="Open it"):
        return
    entry = session.history.begin(f"docker run --rm -it --entrypoint sh {quote(image)}", session.name)
    try:
        with entry.closed_by_failure():
            screen.check_terminal()
            async with shell_in(session.engine, image) as shell:
                greeting = f"hythe: a shell in {image}, after the last good step; exit leaves it"
                left = await screen.lend(Lent(shell.line, greeting, resize=shell.resize, end=shell.end))
    except EngineError as error:
        screen.note(f"no shell in {image}: {error}", "error")
    else:
        entry.close("failed" if left.how == "lost" else "ok", left.error)
        if left.how == "lost":
            screen.note(f"shell in {image}: {left.error}", "error")


async def rebuild(screen: HytheScreen, job: BuildJob) -> None:
    """Build the same again; where the screen is still in front, the new build takes its place."""
    try:
        again = await build_again(screen.session, screen, job)
    except (ContextError, CannotBuild) as error:
        screen.note(str(error), "error")
        return
    if again is not None and screen.hythe.screen is screen:
        await screen.hythe.pop_screen()
        screen.open("build_job", job=again)
