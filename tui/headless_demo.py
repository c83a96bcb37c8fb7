"""The verb `demo`: the demo engine on a socket of its own, for any client, until it is interrupted."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from tui import exit_codes
from tui.demo.server import DemoEngine


def run_demo(
    path: str, containers: int, images: int, events_per_second: float, seed: int, *, swarm: bool = False
) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code; the first line on stdout says that it is ready."""
    target = Path(path).absolute()
    if _somebody_listens(target):
        print(f"hythe demo: {target}: something listens there already: name another socket", file=sys.stderr)
        return exit_codes.UNUSABLE
    engine = DemoEngine(
        seed=seed, containers=containers, images=images, events_per_second=events_per_second, swarm=swarm
    )
    try:
        if target.is_socket():
            target.unlink()  # left behind by one that was killed: nobody listens
        asyncio.run(_serve(engine, target))
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        print(f"hythe demo: {target}: {error.strerror or error}", file=sys.stderr)
        return exit_codes.UNUSABLE
    return exit_codes.OK


async def _serve(engine: DemoEngine, path: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await engine.start(path)
    try:
        print(f"DOCKER_HOST=unix://{path}", flush=True)
        await ended.wait()
    finally:
        await engine.stop()


def _somebody_listens(path: Path) -> bool:
    """True when a connection to *path* is taken: binding there would put that server off the air without a word."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
    return True
