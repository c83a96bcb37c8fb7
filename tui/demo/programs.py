"""What runs inside a simulated container: programs whose output is a function of how long they have been running."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tui.demo.clock import NS

STDOUT, STDERR = 1, 2

# A log that never ends is kept as json-file with max-size keeps one: the newest lines only.
KEPT_LINES = 5_000


class Line(NamedTuple):
    """Bytes written at an offset (ns of running time) to stdout (1) or stderr (2)."""

    offset_ns: int
    stream: int
    data: bytes


class Program(Protocol):
    """A main process. `on_term`: exit code after SIGTERM, or None when it ignores the signal as PID 1 does."""

    @property
    def on_term(self) -> int | None:
        """Return the exit code that SIGTERM leads to, None when the signal is ignored."""
        ...

    def lines(self, elapsed_ns: int) -> tuple[int, int]:
        """Return the numbers of the first kept line and of the one after the last printed within `elapsed_ns`."""
        ...

    def line(self, number: int) -> Line:
        """Return one of those lines."""
        ...

    def next_ns(self, elapsed_ns: int) -> int | None:
        """Return the offset after `elapsed_ns` at which there is something new, None when there never will be."""
        ...

    def exited(self, elapsed_ns: int) -> tuple[int, int] | None:
        """Return (offset, exit code) when the program has ended within `elapsed_ns`."""
        ...

    @property
    def ends(self) -> bool:
        """Return whether the program may end by itself and so has to be watched."""
        ...


Writer = Callable[[int, random.Random, int], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Service:
    """A server that writes a line about every `period_ns`; what a line says depends on its number alone."""

    seed: int
    period_ns: int
    write: Writer
    opening: tuple[str, ...] = ()
    epoch_ns: int = 0
    on_term: int | None = 0

    @property
    def ends(self) -> bool:
        """Return False: a service runs until it is stopped."""
        return False

    def lines(self, elapsed_ns: int) -> tuple[int, int]:
        """Return the range of kept lines."""
        count = self._count(elapsed_ns)
        return max(0, count - KEPT_LINES), count

    def _count(self, elapsed_ns: int) -> int:
        opened = len(self.opening)
        early = min(opened, elapsed_ns // 2_000_000 + 1)
        if elapsed_ns < self.period_ns:
            return early
        tick = elapsed_ns // self.period_ns
        return early + tick - (1 if self._offset(opened + tick - 1) > elapsed_ns else 0)

    def _offset(self, number: int) -> int:
        opened = len(self.opening)
        if number < opened:
            return number * 2_000_000
        tick = number - opened + 1
        jitter = random.Random(self.seed * 1_000_003 + number).randrange(self.period_ns // 2 + 1)
        return tick * self.period_ns + jitter

    def line(self, number: int) -> Line:
        """Return line `number`."""
        offset = self._offset(number)
        if number < len(self.opening):
            return Line(offset, STDOUT, self.opening[number].encode() + b"\n")
        stream, data = self.write(number, random.Random(self.seed * 7_919 + number), self.epoch_ns + offset)
        return Line(offset, stream, data + b"\n")

    def next_ns(self, elapsed_ns: int) -> int | None:
        """Return the offset of the next line."""
        return self._offset(self._count(elapsed_ns))

    def exited(self, elapsed_ns: int) -> tuple[int, int] | None:
        """Return None: a service does not end."""
        return None


class Step(NamedTuple):
    """What a script does next, at an offset: print something, or end with a code."""

    offset_ns: int
    stream: int = 0
    data: bytes = b""
    exit_code: int | None = None


class Script:
    """A program that is computed step by step, only as far as its time has come."""

    def __init__(self, steps: Iterator[Step], on_term: int | None = None) -> None:
        self._steps = steps
        self._ahead: Step | None = None
        self._lines: list[Line] = []
        self._unended: dict[int, bytes] = {}
        self._newest = 0
        self._dropped = 0
        self._end: tuple[int, int] | None = None
        self._dry = False
        self.on_term = on_term

    @property
    def ends(self) -> bool:
        """Return whether it may still end."""
        return self._end is None and not self._dry

    def _pull(self, elapsed_ns: int) -> None:
        while self._end is None and not self._dry:
            if self._ahead is None:
                self._ahead = next(self._steps, None)
                if self._ahead is None:
                    self._dry = True
                    return
            step = self._ahead
            if step.offset_ns > elapsed_ns:
                return
            self._ahead = None
            if step.exit_code is not None:
                self._end = (step.offset_ns, step.exit_code)
                self._flush(step.offset_ns)
            elif step.data:
                self._append(step)

    def _append(self, step: Step) -> None:
        """Keep what was printed as a daemon does: each line for itself, with a time of its own, once it has ended."""
        *whole, rest = (self._unended.pop(step.stream, b"") + step.data).split(b"\n")
        if rest:
            self._unended[step.stream] = rest
        for line in whole:
            self._newest = max(self._newest + 1_000, step.offset_ns)
            self._lines.append(Line(self._newest, step.stream, line + b"\n"))
        self._bound()

    def _flush(self, offset_ns: int) -> None:
        """Keep what was printed without a line end before the program ended."""
        for stream, rest in self._unended.items():
            self._lines.append(Line(offset_ns, stream, rest))
        self._unended.clear()

    def _bound(self) -> None:
        if len(self._lines) > 2 * KEPT_LINES:
            gone = len(self._lines) - KEPT_LINES
            self._dropped += gone
            del self._lines[:gone]

    def lines(self, elapsed_ns: int) -> tuple[int, int]:
        """Return the range of kept lines."""
        self._pull(elapsed_ns)
        return self._dropped, self._dropped + len(self._lines)

    def line(self, number: int) -> Line:
        """Return line `number`."""
        return self._lines[number - self._dropped]

    def next_ns(self, elapsed_ns: int) -> int | None:
        """Return the offset of the next step, None when it ended or waits for ever."""
        self._pull(elapsed_ns)
        return self._ahead.offset_ns if self._ahead else None

    def exited(self, elapsed_ns: int) -> tuple[int, int] | None:
        """Return (offset, exit code) once it has ended."""
        self._pull(elapsed_ns)
        return self._end


def idle(on_term: int | None = None) -> Script:
    """Return a program that prints nothing and never ends."""
    return Script(iter(()), on_term)


def fixed(lines: list[tuple[float, int, str]], exit_code: int | None = None, seconds: float = 0.0) -> Script:
    """Return a script of (second, stream, text) lines which then ends with `exit_code` at `seconds`, or never."""
    steps = [Step(round(at * NS), stream, text.encode() + b"\n") for at, stream, text in lines]
    if exit_code is not None:
        steps.append(Step(round(seconds * NS), exit_code=exit_code))
    return Script(iter(steps), 143)
