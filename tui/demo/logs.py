"""A container's output over all its runs: ranges, tails, following, and the frames it travels in."""

import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from tui.demo.clock import NS, rfc3339_fixed
from tui.demo.programs import STDERR, STDOUT, Line
from tui.demo.records import Container, Run
from tui.demo.world import World

_FRAME = 16 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asked to see; times in ns, `tail` None for all."""

    stdout: bool = True
    stderr: bool = True
    timestamps: bool = False
    since: int | None = None
    until: int | None = None
    tail: int | None = None


def frame(stream: int, data: bytes) -> bytes:
    """Return data with the eight-byte header of the multiplexed stream."""
    return struct.pack(">BxxxI", stream, len(data)) + data


def rendered(at_ns: int, line: Line, wanted: Wanted, *, tty: bool) -> bytes:
    """Return a line as it goes over the wire; lines over 16 KiB are split, each part with the same timestamp."""
    if (line.stream == STDERR and not tty and not wanted.stderr) or (line.stream == STDOUT and not wanted.stdout):
        return b""
    stamp = rfc3339_fixed(at_ns).encode() + b" " if wanted.timestamps else b""
    if tty:
        return stamp + line.data.replace(b"\n", b"\r\n")
    parts: list[bytes] = []
    for text in line.data.splitlines(keepends=True):
        pieces = (text[at : at + _FRAME] for at in range(0, len(text), _FRAME))
        parts.extend(frame(line.stream, stamp + piece) for piece in pieces)
    return b"".join(parts)


def _of_run(run: Run, first: int, now_ns: int) -> Iterator[tuple[int, Line]]:
    start, end = run.program.lines(run.elapsed(now_ns))
    for number in range(max(start, first), end):
        line = run.program.line(number)
        yield run.wall(line.offset_ns), line


def count(run: Run, now_ns: int) -> tuple[int, int]:
    """Return (first kept, one after last) of the lines a run printed."""
    return run.program.lines(run.elapsed(now_ns))


def past(container: Container, wanted: Wanted, now: int) -> Iterator[tuple[int, Line]]:
    """Yield what was printed until a moment, within the times and the tail asked for."""
    collected: list[Iterator[tuple[int, Line]]] = []
    left = wanted.tail
    for run in reversed(container.runs):
        start, end = count(run, now)
        size = end - start + len(run.extra)
        keep = size if left is None else min(size, left)
        collected.append(_newest(run, keep, now))
        if left is not None:
            left -= keep
            if left <= 0:
                break
    for lines in reversed(collected):
        for at, line in lines:
            if (wanted.since is None or at >= wanted.since) and (wanted.until is None or at <= wanted.until):
                yield at, line


def _newest(run: Run, keep: int, now_ns: int) -> Iterator[tuple[int, Line]]:
    start, end = count(run, now_ns)
    extra = run.extra[max(0, len(run.extra) - keep) :]
    first = max(start, end - (keep - len(extra)))
    merged = [*_of_run(run, first, now_ns), *((run.wall(line.offset_ns), line) for line in extra)]
    yield from sorted(merged, key=lambda pair: pair[0]) if extra else merged


async def follow(world: World, container: Container, *, until: int | None = None) -> AsyncIterator[tuple[int, Line]]:
    """Yield what the present run prints from now on; ends with the run."""
    run = container.run
    if run is None:
        return
    seen, extra = count(run, world.now())[1], len(run.extra)
    async for item in run_output(world, container, run, seen, extra, until=until):
        yield item


async def run_output(
    world: World, container: Container, run: Run, seen: int, extra: int, *, until: int | None = None
) -> AsyncIterator[tuple[int, Line]]:
    """Yield a run's lines after the first `seen` (and `extra` typed ones) as they come; ends with the run."""
    while True:
        now = world.now()
        for at, line in _of_run(run, seen, now):
            yield at, line
        seen = max(seen, count(run, now)[1])
        while extra < len(run.extra):
            line = run.extra[extra]
            extra += 1
            yield run.wall(line.offset_ns), line
        if run.end_ns or container.run is not run or (until is not None and now >= until):
            return
        following = run.program.next_ns(run.elapsed(now)) if container.state == "running" else None
        ends = [run.wall(following)] if following is not None else []
        ends += [until] if until is not None else []
        await world.change_or(container, max(0, min(ends) - world.now()) / NS if ends else None)
