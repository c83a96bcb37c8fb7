"""The lines of a log view, or of a daemon's whole log, as text for files and pagers."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from tui.jobs.log_feed import LogFeed
from tui.model.log_record import NO_TIME
from widgets import sgr
from widgets.literal import literal
from widgets.log_buffer import LogLine
from widgets.log_rows import LogRows
from widgets.log_text import stamp
from widgets.log_view import SLICE_SECONDS, LogView

CHUNK = 64 << 10

Form = Callable[[LogLine], str]
"""How a line is written."""


def plain(text: str) -> str:
    """Return text from outside without colours and with nothing that a terminal would obey; tabs stay."""
    return "\t".join(literal(part) for part in sgr.strip(text).split("\t"))


def coloured(text: str) -> str:
    """Return the same with its colours, which end with the text."""
    if "\x1b" not in text:
        return plain(text)
    parts = [sequence + "\t".join(literal(part) for part in piece.split("\t")) for sequence, piece in sgr.parts(text)]
    return "".join(parts) + "\x1b[m"


def form_of(view: LogView, *, colours: bool, sources: bool) -> Form:
    """Return how the lines of a view are written: with their times as they are shown, and their sources."""
    absolute, local = view.times == "absolute", view.local_times
    body = coloured if colours else plain

    def form(line: LogLine) -> str:
        time = stamp(line.time, None, "absolute", local=local) if absolute else ""
        source = f"{literal(line.source)} | " if sources and line.source else ""
        return f"{time}{source}{body(line.text)}\n"

    return form


GAP = "— lines that are not here —\n"
"""Stands in a file between the start of a log and its end, where they were not read so far that they meet."""


def _is_gap(view: LogView) -> bool:
    return view.buffer.head is not None and not view.buffer.joined


async def shown_lines(view: LogView, form: Form) -> AsyncGenerator[bytes]:
    """Yield the lines that pass the filter and are held now, in chunks; the program goes on in between.

    What is filtered by meanwhile counts for the view alone; lines that are dropped meanwhile are left out.

    Raises:
        OSError: older lines can't be read again.
    """
    found, end = view.lines.filter, view.buffer.end
    rows = LogRows(view.buffer, view.lines.laid)
    rows.filter = found
    complete = found is None
    while found is not None and not complete:
        complete = found.step(SLICE_SECONDS)
        await asyncio.sleep(0)
    parts: list[str] = []
    held = 0
    number, head = rows.first(), view.buffer.head
    while number is not None and number < end:
        if head is not None and number >= view.buffer.first - 1:
            parts.append(GAP if _is_gap(view) or view.buffer.head is not head else "")
            head = None
        if not rows.is_edge(number):
            parts.append(form(rows.line(number)))
            held += len(parts[-1])
        if held >= CHUNK:
            yield "".join(parts).encode()
            parts, held = [], 0
            await asyncio.sleep(0)
            if found is not None:
                found.step(0)  # it learns what was dropped
        number = rows.after(number)
    if parts:
        yield "".join(parts).encode()


async def held_lines(view: LogView, form: Form) -> AsyncGenerator[bytes]:
    """Yield all lines that are held now, whatever the filter; those that are dropped meanwhile are left out.

    Raises:
        OSError: older lines can't be read again.
    """
    cut = False
    for stretch, end in [(stretch, stretch.end) for stretch in view.buffer.stretches]:
        if cut or (stretch is view.buffer.main and _is_gap(view)):
            yield GAP.encode()
        number = stretch.first
        while number < end and stretch in view.buffer.stretches:
            stop = min(end, number + 256)
            yield "".join(form(view.buffer[at]) for at in range(number, stop)).encode()
            await asyncio.sleep(0)
            number = max(stop, stretch.first)
        cut = number < end  # the head was given up


async def whole_log(feed: LogFeed) -> AsyncGenerator[bytes]:
    """Yield the daemon's whole log, each line after its time and, where there are several containers, its name."""
    many = feed.many
    async with aclosing(feed.everything()) as everything:
        async for found in everything:
            batch = found.batch
            lines: list[str] = []
            labels = {source: literal(feed.label(source)) for source in set(found.sources)} if many else {}
            for text, time, source in zip(batch.texts, batch.times, found.sources, strict=True):
                moment = stamp(None if time == NO_TIME else time / 1e9, None, "absolute")
                name = f"{labels[source]} | " if many else ""
                lines.append(f"{moment}{name}{plain(text.decode('utf-8', 'replace'))}\n")
            yield "".join(lines).encode()


# ---- the pager


def pager_command(environment: Mapping[str, str]) -> list[str] | None:
    """Return the command line of the user's pager, or of one that there is; None: there is none."""
    try:
        named = shlex.split(environment.get("PAGER", ""))
    except ValueError:
        named = []
    if named and shutil.which(named[0]):
        return named
    return next(([name] for name in ("less", "more") if shutil.which(name)), None)


async def feed_pager(command: list[str], chunks: AsyncGenerator[bytes], environment: Mapping[str, str]) -> int:
    """Run a pager on the terminal with the chunks on its standard input, until it is left; returns its exit code.

    Raises:
        OSError: it can't be run.
    """
    # as git does: what the user says of less counts; else it draws colours and no other escape
    variables = {**environment, "LESS": environment.get("LESS", "R"), "LESSCHARSET": "utf-8"}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, env={**os.environ, **variables}
    )
    assert process.stdin is not None
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                process.stdin.write(chunk)
                await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was left before the end
    finally:
        process.stdin.close()
        code = await process.wait()
    return code
