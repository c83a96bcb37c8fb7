"""Output that never blocks: in order, whole, and with a backlog that is known, whether by itself or by a thread."""

import asyncio
import os
import pty
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import suppress

import pytest

from widgets import terminal_output
from widgets.terminal_output import TerminalOutput

LONG = "".join(f"line {number:06}\n" for number in range(30_000))
"""More than any buffer in between holds."""


@pytest.fixture(params=["opened anew", "thread"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: that of whoever looks at it, and that of the program."""
    if request.param == "thread":
        monkeypatch.setattr(terminal_output, "_opened_anew", lambda _fd: None)
    master, slave = pty.openpty()
    tty.setraw(slave, termios.TCSANOW)
    yield master, slave
    for fd in (master, slave):
        with suppress(OSError):
            os.close(fd)


def read(fd: int, size: int) -> str:
    data = b""
    while len(data) < size:
        data += os.read(fd, 65_536)
    return data.decode()


async def test_all_comes_in_order_and_drained_is_told(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    drained = asyncio.Event()
    output = TerminalOutput(slave, drained.set)
    output.write("first ")
    for start in range(0, len(LONG), 10_000):
        output.write(LONG[start : start + 10_000])
    assert output.backlog > 0
    assert await asyncio.to_thread(read, master, len(LONG) + 6) == "first " + LONG
    async with asyncio.timeout(60):
        await drained.wait()
    assert output.backlog == 0
    output.write("last")
    assert await asyncio.to_thread(read, master, 4) == "last"
    output.close(1)


async def test_a_terminal_that_reads_nothing_blocks_nobody(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    output = TerminalOutput(slave, lambda: None)
    ticks = 0
    for _ in range(20):
        output.write(LONG[:20_000])
        await asyncio.sleep(0)
        ticks += 1
    assert ticks == 20
    assert output.backlog > 0
    output.close(0.05)


async def test_the_end_waits_for_what_is_on_its_way(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    output = TerminalOutput(slave, lambda: None)
    output.write(LONG)
    read_all: list[str] = []
    reader = threading.Thread(target=lambda: read_all.append(read(master, len(LONG))))
    reader.start()
    await asyncio.to_thread(lambda: None)
    output.close(20)
    reader.join(20)
    assert read_all == [LONG]


async def test_a_terminal_that_is_gone_takes_everything(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    drained = asyncio.Event()
    output = TerminalOutput(slave, drained.set)
    output.write("a")
    os.close(master)
    for _ in range(5):
        output.write(LONG)
    async with asyncio.timeout(60):
        while output.backlog:
            drained.clear()
            await drained.wait()
    output.close(1)


async def test_what_cannot_be_encoded_is_replaced(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    output = TerminalOutput(slave, lambda: None)
    output.write("a\ud800b")
    assert await asyncio.to_thread(read, master, 3) == "a?b"
    output.close(1)


async def test_no_flag_changes_for_who_else_has_the_terminal_open() -> None:
    master, slave = pty.openpty()
    output = TerminalOutput(slave, lambda: None)
    assert os.get_blocking(slave)
    output.close(1)
    os.close(master)
    os.close(slave)
