"""hythe on a terminal of its own with a shell in front: sizes, keys, and the terminal afterwards, whatever happened."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine_bench import Bench, bench_on
from engines import RealEngine
from private_engine import PrivateEngine
from ssh_server import SshServer
from terminal import Terminal, on_terminal

ROOT = Path(__file__).resolve().parent.parent.parent


@asynccontextmanager
async def hythe(host: str, path: str = "", columns: int = 80, lines: int = 24) -> AsyncIterator[Terminal]:
    """hythe on a daemon, live."""
    env = os.environ | {"TERM": "xterm-256color"} | ({"PATH": path} if path else {})
    command = [sys.executable, "-m", "tui", "--host", host]
    async with on_terminal(command, ROOT, env, columns, lines) as terminal:
        await terminal.until("live")
        yield terminal


async def open_shell(terminal: Terminal, bench: Bench) -> None:
    """Open a shell in the container of the bench, as a person does."""
    name = f"{bench.prefix}-c"
    terminal.type(f"/{bench.prefix}\r")
    await terminal.until(lambda text: name in text and "filter: " in text)
    terminal.type("e")
    await terminal.until("/ # ")


async def is_left(terminal: Terminal) -> None:
    """hythe ends, and the terminal is as it was found."""
    terminal.type("q")
    assert await terminal.ended() == 0
    assert terminal.modes == terminal.found


async def processes(bench: Bench, container: str) -> list[str]:
    """What runs in the container."""
    return [" ".join(words) for words in (await bench.engine.containers.top(container)).processes or []]


@asynccontextmanager
async def target(host: str) -> AsyncIterator[tuple[Bench, str]]:
    async with bench_on(host.removeprefix("unix://")) as bench:
        yield bench, await bench.run("sleep", "1000")


async def full_screen_programs(terminal: Terminal) -> None:
    """An editor and a live display, while the terminal changes its size."""
    terminal.type("vi /tmp/text\r")
    await terminal.until(lambda text: text.count("~") > 20 and "/tmp/text" in text)
    terminal.resize(100, 40)
    await terminal.until(lambda text: text.count("~") > 36)
    terminal.type("iline one\rline two\x1b")
    await terminal.until("line two")
    terminal.resize(80, 20)
    await terminal.until(lambda text: 10 < text.count("~") < 20)
    terminal.type(":wq\r")
    await terminal.until("/ # ")
    terminal.type("clear; top\r")
    await terminal.until("PPID")
    terminal.type("q")
    await terminal.until("/ # ")
    terminal.resize(100, 30)
    # the size goes its own way to the container, beside the keys
    terminal.type("clear; until [ \"$(stty size)\" = '30 100' ]; do usleep 20000; done; wc -l /tmp/text\r")
    await terminal.until("2 /tmp/text")


async def test_vi_and_top_at_changing_sizes_and_back_to_the_same_row(real_engine: RealEngine) -> None:
    async with target(real_engine.host) as (bench, _), hythe(real_engine.host) as terminal:
        await open_shell(terminal, bench)
        await full_screen_programs(terminal)
        terminal.type("exit 7\r")
        await terminal.until(lambda text: "filter: " in text and f"in {bench.prefix}-c: exit 7" in text)
        await is_left(terminal)


async def test_the_same_through_ssh(real_engine: RealEngine, sshd: SshServer) -> None:
    host = f"{sshd.url}{real_engine.socket}"
    async with target(real_engine.host) as (bench, _), hythe(host, sshd.path) as terminal:
        await open_shell(terminal, bench)
        await full_screen_programs(terminal)
        terminal.type("exit\r")
        await terminal.until("filter: ")
        await is_left(terminal)


async def test_ctrl_c_is_the_shells_and_ctrl_p_ctrl_q_comes_back_and_can_end_it(real_engine: RealEngine) -> None:
    async with target(real_engine.host) as (bench, container), hythe(real_engine.host) as terminal:
        await open_shell(terminal, bench)
        terminal.type("clear; echo re''ady; cat\r")
        await terminal.until("ready")
        terminal.type("twice\r")
        await terminal.until(lambda text: text.count("twice") == 2)
        terminal.type("\x03")
        await terminal.until("/ # ")  # what is typed before is dropped with what was interrupted
        terminal.type("echo go$((1+1))on\r")
        await terminal.until("go2on")
        terminal.type("\x10\x11")
        await terminal.until("docker has no way to come back to it")
        terminal.type("y")
        await terminal.until("ended")
        assert len(await processes(bench, container)) == 1
        await is_left(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_in_a_shell_restores_the_terminal_and_ends_the_shell(
    real_engine: RealEngine, number: signal.Signals
) -> None:
    async with target(real_engine.host) as (bench, container), hythe(real_engine.host) as terminal:
        await open_shell(terminal, bench)
        terminal.type("vi\r")
        await terminal.until("~")
        terminal.process.send_signal(number)
        assert await terminal.ended() == 128 + number
        assert terminal.modes == terminal.found
        assert not terminal.is_taken
        assert len(await processes(bench, container)) == 1


async def test_the_daemon_dies_in_a_shell(own_engine: PrivateEngine) -> None:
    async with target(own_engine.host) as (bench, _), hythe(own_engine.host) as terminal:
        await open_shell(terminal, bench)
        await asyncio.to_thread(own_engine.kill)
        await terminal.until(lambda text: "connection lost" in text or "the daemon went away" in text)
        assert "filter: " in terminal.text
        await is_left(terminal)
        await asyncio.to_thread(own_engine.start)


async def test_a_terminal_that_is_too_small_is_told(real_engine: RealEngine) -> None:
    async with target(real_engine.host) as (_, _), hythe(real_engine.host) as terminal:
        terminal.resize(76, 3)
        await terminal.until(
            lambda text: text.startswith(" hythe") and "? help" in text
        )  # the emulator cut the top off
        terminal.type("e")
        await terminal.until("small: 76 columns")
        await is_left(terminal)


async def test_on_the_demo_engine(demo_socket: str) -> None:
    async with hythe(f"unix://{demo_socket}") as terminal:
        terminal.type("e")
        # the emulator has one screen: the words begin where the cursor stood, and may be broken anywhere
        await terminal.until(lambda text: "comes back to hythe" in text.replace("\n", ""))
        await terminal.until("# ")
        terminal.type("echo one$((1+1))three\r")
        await terminal.until("one2three")
        terminal.type("\x10\x11")
        await terminal.until("docker has no way to come back to it")
        terminal.type("n")
        await terminal.until("goes on running")
        await is_left(terminal)
