"""Takes the lines of a log screen out of it: to a file, by a job that reads the whole log, or into a pager."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote

from tui.commands.lending import NoTerminal
from tui.commands.places import ask_file
from tui.jobs.log_save import SaveLogJob, write_file
from tui.present.units import size
from tui.screens.base import HytheScreen
from tui.screens.log_export import feed_pager, form_of, held_lines, pager_command, shown_lines, whole_log
from tui.screens.log_reading import LogReading
from tui.screens.log_targets import LogTargets
from tui.screens.terminal import stepped_aside


class LogSaver:
    """Asks its screen's user what is to be saved where. `on_change` is called when `busy` is another."""

    def __init__(self, screen: HytheScreen, title: str, targets: LogTargets, on_change: Callable[[], object]) -> None:
        self._screen = screen
        self._title = title
        self._targets = targets
        self._on_change = on_change
        self.busy = ""
        """What is being written; empty: nothing."""

    async def save(self, reading: LogReading) -> None:
        """Save the lines that are here, or those that pass the filter, or begin the job that saves the whole log."""
        screen = self._screen
        title = self._name(reading)
        what = await self._choose(reading)
        if what is None:
            return
        path = await ask_file(screen, "Save the log", f"{title.replace('/', '-')}.log")
        if path is None:
            return
        if what == "whole":
            job = SaveLogJob(f"save the log of {title}", self._line(reading, path), path, whole_log(reading.feed))
            screen.session.jobs.start(job)
            screen.note(f"saving to {path}: J shows how far it is")
        else:
            await self._write(reading, path, shown=what == "shown")

    def _name(self, reading: LogReading) -> str:
        names = _names(reading)
        if len(names) == 1 and not self._targets.services:
            return names[0]
        return self._title or f"{len(names)}-containers"

    async def _choose(self, reading: LogReading) -> str | None:
        """Return what is to be saved: what is held, shown, or the whole; None for nothing."""
        view = reading.view
        options = [("held", "all lines that are here", f"{len(view.buffer):,} lines")]
        if view.lines.filter is not None:
            options.insert(0, ("shown", "the lines that pass the filter", f"{view.lines.filter.count:,} lines"))
        if not reading.feed.at_start or view.buffer.dropped:
            options.append(("whole", "the whole log, read from the daemon", "as a job"))
        return options[0][0] if len(options) == 1 else await self._screen.choose("Save", options)

    def _line(self, reading: LogReading, path: Path) -> str:
        """The line that saving the whole log equals."""
        if services := self._targets.services:
            return save_line("docker service logs", [service.name for _, service in services], path)
        return save_line("docker logs", _names(reading), path)

    async def _write(self, reading: LogReading, path: Path, *, shown: bool) -> None:
        view, screen = reading.view, self._screen
        form = form_of(view, colours=False, sources=reading.feed.many)
        lines = shown_lines(view, form) if shown else held_lines(view, form)
        self.busy = f"saving to {path} …"
        self._on_change()
        try:
            written = await write_file(path, lines)
        except OSError as error:
            screen.note(f"{path}: {error.strerror or error}", "error")
        else:
            screen.note(f"saved {size(written)} to {path}")
        finally:
            self.busy = ""
            self._on_change()

    async def page(self, reading: LogReading) -> None:
        """Lend the terminal to the user's pager, with the lines that pass the filter."""
        screen, app = self._screen, self._screen.hythe
        command = pager_command(app.environment)
        if command is None:
            screen.note("there is no pager: set PAGER, or install less", "error")
            return
        form = form_of(reading.view, colours=True, sources=reading.feed.many)

        async def work() -> None:
            await feed_pager(command, shown_lines(reading.view, form), app.environment)

        before = app.on_signal
        # ctrl+c is for the pager; it begins with the signal's default all the same, since a handler is not inherited
        app.on_signal = lambda number: None if number == signal.SIGINT else before(number)
        try:
            await stepped_aside(app, work)
        except NoTerminal:
            screen.note("this terminal can't be given to a pager", "error")
        except OSError as error:
            screen.note(f"{command[0]}: {error.strerror or error}", "error")
        finally:
            app.on_signal = before


def save_line(command: str, names: Sequence[str], path: Path) -> str:
    """Return the line that writes logs to a file in the order of time: docker takes one name at once."""
    each = [f"{command} --timestamps {quote(name)}" for name in names]
    source = each[0] if len(each) == 1 else f"{{ {'; '.join(each)}; }}"
    return f"{source} {f'> {quote(str(path))} 2>&1' if len(each) == 1 else f'2>&1 | sort > {quote(str(path))}'}"


def _names(reading: LogReading) -> list[str]:
    return [source.container.name for source in reading.sources]
