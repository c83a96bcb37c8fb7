"""A run of `docker compose` that goes on whether or not a screen shows it: its output, its last words, cancel."""

from __future__ import annotations

import codecs
import shlex
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from itertools import islice

from tui.engine.compose_cli import ComposeCli, ComposeError, compose_words, last_words, without_values
from tui.jobs.job import Job
from tui.model.compose import ProjectPlace

MOST_LINES = 20_000
"""Lines of output that are kept, the last ones."""

MOST_LINE = 16 << 10


class Output:
    """The lines that a program printed, as it printed them; the last 20,000 are kept."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.count = 0
        """How many lines there were in all."""

    def feed(self, data: bytes, *, last: bool = False) -> None:
        """Take in some bytes. What a program for terminals writes over (`\\r`) is a line of its own here."""
        text = self._rest + self._decoder.decode(data, last)
        *lines, self._rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if self._rest and (last or len(self._rest) > MOST_LINE):
            lines, self._rest = [*lines, self._rest], ""
        self._lines.extend(map(without_values, lines))
        self.count += len(lines)

    def since(self, count: int) -> Sequence[str]:
        """Return the lines that came after the first `count`, as far as they are kept."""
        return list(islice(self._lines, max(0, len(self._lines) - (self.count - count)), None))

    @property
    def last(self) -> str:
        """The last line that says something."""
        return next((line.strip() for line in reversed(self._lines) if line.strip()), "")


class PrintingJob(Job):
    """A job that runs a program; `output` is what it prints, of which the last line says where it stands."""

    screen = "output"

    def __init__(self, title: str, line: str) -> None:
        super().__init__(title, line)
        self.output = Output()

    def take(self, data: bytes, *, last: bool = False) -> None:
        """Take in what the program printed."""
        before = self.output.count
        self.output.feed(data, last=last)
        if self.output.count != before:
            self.progress = self.output.last[:200].replace("\t", " ")
            self.changed()


class ComposeJob(PrintingJob):
    """Runs `docker compose` with some words for a project. It is over when the program has ended."""

    def __init__(self, cli: ComposeCli, place: ProjectPlace, words: Sequence[str], title: str) -> None:
        self._words = compose_words(place, "--ansi=never", *words)
        shown = compose_words(place, *words)
        super().__init__(title, shlex.join(["docker", *shown]))
        self._cli = cli
        self._folder = place.working_dir

    async def work(self) -> None:
        try:
            async with aclosing(self._cli.run(self._words, self._folder)) as chunks:
                async for data in chunks:
                    self.take(data)
        finally:
            self.take(b"", last=True)

    def failure(self, error: Exception) -> str:
        said = last_words(self.output.last)
        # the program's own words say more than its exit code
        return said if said and isinstance(error, ComposeError) else super().failure(error)
