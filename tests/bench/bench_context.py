"""Build contexts: streaming one against `tar c | cat`, and a classic build of many small files against `docker build`.

Run as `python tests/bench/bench_context.py [--mb N] [--files N] [--engine SOCKET --docker CLI]`; the engine has to have
the image busybox. Memory is what a process that streams the context has grown by when it is through.
"""

import argparse
import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import aiohttp
import report

from tui.commands.build import start_build
from tui.commands.history import History
from tui.commands.session import Session
from tui.engine.build_context import open_context, scan_context
from tui.engine.context_tar import stream_context_async
from tui.engine.endpoint import Endpoint
from tui.engine.engine import Engine
from tui.model.build_spec import BuildSpec

PIECE = 1 << 20
TARGET_MEMORY = 60.0
"""MB that a process may grow by, whatever the context holds."""

DOCKERFILE = "FROM busybox\nLABEL bench=1\n"


@contextmanager
def planted(files: int, size: int) -> Generator[Path]:
    """A context of `files` files of `size` bytes that nothing could compress, a thousand to a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Dockerfile").write_text(DOCKERFILE)
        piece = os.urandom(min(size, PIECE))
        for number in range(files):
            if number % 1000 == 0:
                (folder / f"d{number // 1000:04}").mkdir()
            with (folder / f"d{number // 1000:04}" / f"f{number:07}").open("wb") as file:
                for _ in range(max(1, size // PIECE)):
                    file.write(piece)
        yield folder


def seconds(command: list[str], **more: str) -> float:
    """How long a command takes."""
    start = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **more}
    )
    return time.perf_counter() - start


def in_child(*arguments: str) -> tuple[float, float]:
    """Run this file as a worker; return the seconds and the MB that it tells."""
    ran = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    took, grown = ran.stdout.split()
    return float(took), float(grown)


def peak_mb() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


LAST_CHUNK = b"0\r\n\r\n"


def sink(path: str) -> None:
    """Take in requests at a socket to their end, as `cat >/dev/null` does with what tar writes."""
    buffer, tail = bytearray(PIECE), b""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)
        line, _ = server.accept()
        while size := line.recv_into(buffer):
            tail = (tail + bytes(buffer[max(0, size - len(LAST_CHUNK)) : size]))[-len(LAST_CHUNK) :]
            if tail == LAST_CHUNK:
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def stream(folder: str) -> None:
    """Send a context by HTTP to a socket that throws it away."""
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/sink"
        with subprocess.Popen([sys.executable, __file__, "--sink", path], stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            asyncio.run(send(folder, path))
            other.kill()


async def send(folder: str, path: str) -> None:
    """Send it, and tell the seconds and the MB."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
        before, start = peak_mb(), time.perf_counter()
        async with session.post("http://sink/", data=stream_context_async(open_context(folder))) as answer:
            await answer.read()
        print(time.perf_counter() - start, peak_mb() - before)


async def build(folder: str, where: str, builder: str) -> None:
    """Build a context, as the form does from the key on: counted, then sent."""
    engine = Engine(Endpoint(f"unix://{where.removeprefix('unix://')}", "bench"))
    await engine.connect()
    session = Session(engine, History())
    before, start = peak_mb(), time.perf_counter()
    context = open_context(folder)
    spec = BuildSpec(folder, no_cache=True, builder="1" if builder == "1" else "2")
    size = scan_context(context, lambda: False, "classic" if builder == "1" else "session").size
    job = start_build(session, spec, context, DOCKERFILE, size=size)
    await job.wait()
    took, grown = time.perf_counter() - start, peak_mb() - before
    if job.state != "done":
        raise SystemExit(job.error)
    print(took, grown)
    await session.close()


def against_tar(folder: Path, what: str) -> None:
    """Stream a context, and let tar do it."""
    line = ["sh", "-c", 'tar -C "$0" -c . | cat >/dev/null', str(folder)]
    seconds(line)  # from here on it is in the page cache
    theirs = [seconds(line) for _ in range(report.ROUNDS)]
    ours = [in_child("--stream", str(folder)) for _ in range(report.ROUNDS)]
    report.ratio(f"{what}: streamed, over tar | cat", [took for took, _ in ours], theirs, 1.2)
    report.at_most(f"{what}: memory of the stream", max(grown for _, grown in ours), TARGET_MEMORY, " MB")


def against_docker(folder: Path, what: str, where: str, docker: str) -> None:
    """Build a context with the classic builder, and let the docker CLI do it."""
    host = f"unix://{where.removeprefix('unix://')}"
    line = [docker, "-H", host, "build", "--no-cache", str(folder)]
    theirs = [seconds(line, DOCKER_BUILDKIT="0") for _ in range(report.ROUNDS)]
    ours = [in_child("--build", str(folder), "--engine", where) for _ in range(report.ROUNDS)]
    report.ratio(f"{what}: classic build, over docker build", [took for took, _ in ours], theirs, 1.0)
    report.at_most(f"{what}: memory of the build", max(grown for _, grown in ours), TARGET_MEMORY, " MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--engine", default="", help="the socket of an engine")
    parser.add_argument("--docker", default="docker", help="the docker CLI")
    parser.add_argument("--stream", default="", help=argparse.SUPPRESS)
    parser.add_argument("--sink", default="", help=argparse.SUPPRESS)
    parser.add_argument("--build", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sink:
        sink(options.sink)
    elif options.stream:
        stream(options.stream)
    elif options.build:
        asyncio.run(build(options.build, options.engine, "1"))
    else:
        can_build = bool(options.engine) and shutil.which(options.docker) is not None
        for files, size, what in (
            (10, options.mb * 100_000, f"{options.mb} MB in 10 files"),
            (options.files, 100, f"{options.files:,} small files"),
        ):
            with planted(files, size) as folder:
                if files == 10:
                    against_tar(folder, what)
                elif can_build:
                    against_docker(folder, what, options.engine, options.docker)


if __name__ == "__main__":
    main()
