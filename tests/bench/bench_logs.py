"""Figures of logs: searches in a million lines, hostile lines, and with an engine following, tails and starts.

Run as `python tests/bench/bench_logs.py [--engine SOCKET --docker CLI --big CONTAINER]`; the engine needs the image
busybox. `--big` is a container whose log is large: its tail and its start are read. Each figure stands beside what is
to be reached. Searches and frames are processor time, so that a busy machine tells nothing else. Without an engine the
demo engine is followed.
"""

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter, process_time

from textual.app import App, ComposeResult

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tui.demo.server import serve_demo
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.jobs.log_source import Target
from tui.model.log_level import Level
from tui.present.logs import emphasis, fold_out
from tui.screens.log_filter import LineFilter
from tui.screens.log_reading import LogReading
from tui.store.state import State
from widgets.log_buffer import LogBuffer
from widgets.log_query import Query
from widgets.log_search import LogSearch, QueryTest, Test
from widgets.log_view import LogLine, LogView

LINES = 1_000_000
SECONDS = 6.0
FOLLOWED = "yes '2026-11-24 INFO request handled path=/api/v1/orders status=200 bytes=48123 took=12ms agent=curl/8.9'"


def say(text: str) -> None:
    """Print past the app, which takes what is printed for its own."""
    print(text, file=sys.__stdout__, flush=True)


def resident() -> float:
    """This process's memory in MB, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


class View(App[None]):
    """A log view over the whole screen."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.log_view = LogView(
            max_lines=20_000_000, max_bytes=1 << 30, folder=folder, fold_out=fold_out, emphasis=emphasis
        )

    def compose(self) -> ComposeResult:
        yield self.log_view

    def on_mount(self) -> None:
        self.log_view.focus()


def searches(folder: Path) -> None:
    before = resident()
    buffer = LogBuffer(2 * LINES, 1 << 30, folder=folder)
    start = process_time()
    for first in range(0, LINES, 1_000):
        numbers = range(first, first + 1_000)
        texts = [b"2026-11-24 INFO request %d handled path=/api/v1/orders status=200 took=12ms" % n for n in numbers]
        texts[7] = b"2026-11-24 ERROR request %d failed" % first
        buffer.extend(texts, [n * 1_000 for n in numbers], [0] * 1_000)
    say(f"{LINES:,} lines taken in {process_time() - start:.2f} s, {resident() - before:.0f} MB more memory")
    tests: dict[str, Test] = {
        query: QueryTest(Query(query)) for query in ("request 999", "nothing", "info", r"~status=5\d\d", r"~took=\d+ms")
    }
    tests["level error"] = LineFilter(level=Level.ERROR).test(buffer)
    tests["level info"] = LineFilter(level=Level.INFO).test(buffer)
    for name, test in tests.items():
        search = LogSearch(buffer, test, buffer.end, True)
        start, found, longest = process_time(), None, 0.0
        done = False
        while not done:
            step = process_time()
            done = search.step(0.008)
            longest = max(longest, process_time() - step)
            if found is None and search.count:
                found = process_time() - start
        first = "no hit" if found is None else f"first hit {found * 1e3:.0f} ms"
        took = process_time() - start
        say(
            f"  {name:<16} {search.count:>9,} lines, {first} (100), all {took:.2f} s (1.5), step {longest * 1e3:.0f} ms"
        )
    buffer.close()


async def hostile(folder: Path) -> None:
    lines = {
        "64 KiB of bidi and wide": "日\u202e" * (1 << 14),
        "1 MB plain": "x" * 1_000_000,
        "1 MB of joined emoji": "👨\u200d👩" * 110_000,
        "10 MB of escapes": "\x1b[1;31m\x1b[0;32m" * 700_000,
        "100 MB plain": "x" * 100_000_000,
    }
    for wrapped in (False, True):
        for name, text in lines.items():
            app = View(folder)
            async with app.run_test(size=(160, 50)) as pilot:
                view = app.log_view
                view._wrapped = wrapped  # pyright: ignore[reportPrivateUsage] - as the key w does
                view.append([LogLine(text) for _ in range(3)])
                await pilot.pause()
                times: list[float] = []
                for key in ("g", "pagedown", "pagedown", "pageup", "G"):
                    await pilot.press(key)
                    view._layouts.clear()  # pyright: ignore[reportPrivateUsage] - as if it were drawn for the first time
                    start = process_time()
                    for y in range(view.size.height):
                        view.render_line(y)
                    times.append(process_time() - start)
            how = "wrapped" if wrapped else "cut"
            say(f"  {name:<24} {how:<8} worst frame {max(times) * 1e3:.0f} ms (to reach: 60)")


@asynccontextmanager
async def followed(app: View, engine: Engine, container: str) -> AsyncIterator[LogReading]:
    """The log of a container in the view."""
    known = await engine.containers.read(container)
    state = State()
    target = Target(engine.containers, lambda: state, known, known.name)
    reading = LogReading(app.log_view, [target], tail=500, on_change=lambda: None)
    task = asyncio.create_task(reading.run())
    try:
        yield reading
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await reading.close()


async def lateness(seconds: float) -> list[float]:
    """How late the program comes to what is due, such as a key, while all else goes on."""
    times: list[float] = []
    until = perf_counter() + seconds
    while perf_counter() < until:
        due = perf_counter() + 0.005
        await asyncio.sleep(0.005)
        times.append(perf_counter() - due)
    return sorted(times)


async def follow(folder: Path, engine: Engine, container: str) -> float:
    """Follow for a while; returns the bytes a second, as `docker logs --timestamps` would print them."""
    app = View(folder)
    async with app.run_test(size=(160, 50)):
        before = resident()
        async with followed(app, engine, container):
            while len(app.log_view.buffer) < 600:  # noqa: ASYNC110 - a figure, and nobody tells
                await asyncio.sleep(0.01)
            size, lines = app.log_view.buffer.size, len(app.log_view.buffer)
            start, used = perf_counter(), process_time()
            keys = await lateness(SECONDS)
            took = perf_counter() - start
            lines = app.log_view.buffer.end - lines
            taken = app.log_view.buffer.size - size - 11 * lines + 32 * lines
        share = (process_time() - used) / took
        p99 = keys[int(len(keys) * 0.99)]
        say(
            f"  {lines / took:,.0f} lines/s, {taken / took / 1e6:.1f} MB/s, {share:.0%} of a core, "
            f"{resident() - before:+.0f} MB (to reach: +60); what is due comes "
            f"{statistics.median(keys) * 1e3:.0f} ms late at the median, {p99 * 1e3:.0f} ms at p99 (60)"
        )
        return taken / took


def docker_follow(docker: str, socket: str, container: str) -> float:
    """How many bytes a second `docker logs` takes in."""
    line = [docker, "-H", f"unix://{socket}", "logs", "--follow", "--timestamps", "--tail", "500", container]
    start, taken = perf_counter(), 0
    with subprocess.Popen(line, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        while perf_counter() - start < SECONDS:
            taken += len(process.stdout.read(1 << 20) or b"")
        process.kill()
    return taken / (perf_counter() - start)


async def first_lines(folder: Path, engine: Engine, container: str) -> tuple[float, float]:
    """How long the tail takes to be there, and then the start."""
    app = View(folder)
    async with app.run_test(size=(160, 50)) as pilot:
        start = perf_counter()
        async with followed(app, engine, container) as reading:
            while not len(app.log_view.buffer):  # noqa: ASYNC110
                await asyncio.sleep(0)
            tail = perf_counter() - start
            await reading.sources[0].caught_up.wait()
            start = perf_counter()
            await pilot.press("g")
            while app.log_view.buffer.head is None:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            return tail, perf_counter() - start


async def on_engine(folder: Path, socket: str, docker: str, big: str) -> None:
    engine = Engine(Endpoint(f"unix://{socket}", "bench"))
    await engine.connect()
    try:
        body = {
            "Image": "busybox:latest",
            "Cmd": ["sh", "-c", FOLLOWED],
            "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"max-size": "200m", "max-file": "2"}}},
        }
        made = await engine.containers.create(body, name=f"bench-logs-{perf_counter():.0f}")
        await engine.containers.start(made.id)
        try:
            await asyncio.sleep(1)
            say("a container that writes as fast as it can:")
            reference = await asyncio.to_thread(docker_follow, docker, socket, made.id)
            say(f"  docker logs --follow: {reference / 1e6:.1f} MB/s")
            ours = await follow(folder, engine, made.id)
            say(f"  ratio {ours / reference:.2f} (to reach: 0.9)")
        finally:
            await engine.containers.remove(made.id, force=True)
        if big:
            line = [docker, "-H", f"unix://{socket}", "logs", "--tail", "500", big]
            start = perf_counter()
            await asyncio.to_thread(subprocess.run, line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            reference = perf_counter() - start
            tail, head = await first_lines(folder, engine, big)
            say(
                f"{big}: docker logs --tail 500 {reference * 1e3:.0f} ms; the tail {tail * 1e3:.0f} ms, "
                f"ratio {tail / reference:.2f} (to reach: 1.5); then its start {head * 1e3:.0f} ms"
            )
    finally:
        await engine.close()


async def on_demo(folder: Path) -> None:
    async with serve_demo(containers=1) as socket:
        engine = Engine(Endpoint(f"unix://{socket}", "bench"))
        await engine.connect()
        loop = "while :; do echo 2026-11-24 INFO request handled; done"
        made = await engine.containers.create({"Image": "busybox", "Cmd": ["sh", "-c", loop]}, name="bench-logs")
        await engine.containers.start(made.id)
        say("the demo engine, in this process:")
        await follow(folder, engine, made.id)
        await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", help="the socket of an engine")
    parser.add_argument("--docker", default="docker", help="the docker CLI")
    parser.add_argument("--big", default="", help="a container with a large log")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        searches(folder)
        say("lines that are hostile, three of them, at 160x50:")
        asyncio.run(hostile(folder))
        if options.engine:
            asyncio.run(on_engine(folder, options.engine, options.docker, options.big))
        else:
            asyncio.run(on_demo(folder))


if __name__ == "__main__":
    main()
