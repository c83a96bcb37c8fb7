"""Programs that hythe runs: their end is seen whatever they leave behind, and ending one is a duty that is finished."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tui.engine import program as program_module
from tui.engine.program import Program, start_program
from waiting import until

BOUND = 10.0
"""Far more than any of it takes, and far less than what is left behind lives."""


@pytest.fixture
def daemon(tmp_path: Path) -> str:
    """The shell's words for a process that left the group and holds the output; it is ended with the test."""
    return f"setsid sleep 600 & echo $! >{tmp_path}/daemon;"


@pytest.fixture(autouse=True)
def no_daemon_is_left(tmp_path: Path):
    yield
    if (tmp_path / "daemon").exists():
        with suppress(ProcessLookupError):
            os.kill(int((tmp_path / "daemon").read_text()), signal.SIGKILL)


FOR_EVER = "while :; do sleep 0.02; done"


async def shell(script: str) -> Program:
    return await start_program("sh", "-c", script)


async def begun(script: str, folder: Path) -> Program:
    """A program for ever that has done what is in the script."""
    process = await shell(f"{script}; echo $$ >{folder}/pid; {FOR_EVER}")
    await until(number_in(folder / "pid"))
    return process


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody took note of has, too."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def number_in(path: Path) -> Callable[[], bool]:
    """Whether a number was written to the file, to its end."""
    return lambda: path.exists() and path.read_text().endswith("\n")


async def test_the_end_is_seen_though_another_holds_the_output(daemon: str) -> None:
    process = await shell(f"{daemon} echo said; echo wrong >&2; exit 3")
    async with asyncio.timeout(BOUND):
        assert await process.communicate() == (b"said\n", b"wrong\n")
    assert process.returncode == 3


async def test_waiting_is_for_the_program_alone(daemon: str) -> None:
    process = await shell(f"{daemon} exit 4")
    async with asyncio.timeout(BOUND):
        assert await process.wait() == 4
        assert process.stdout is not None
        assert await process.stdout.read() == b""


async def test_input_that_nobody_takes_any_more(daemon: str) -> None:
    process = await start_program("sh", "-c", f"{daemon} echo said", stdin=asyncio.subprocess.PIPE)
    async with asyncio.timeout(BOUND):
        assert (await process.communicate(b"x" * (1 << 20)))[0] == b"said\n"


async def test_what_it_left_in_its_group_is_ended(tmp_path: Path) -> None:
    process = await shell(f"(trap '' TERM; sleep 600; sleep 600) & echo $! >{tmp_path}/left; exit 0")
    async with asyncio.timeout(BOUND):
        await process.communicate()
    left = int((tmp_path / "left").read_text())
    await until(lambda: gone(left), BOUND)


async def test_who_reads_late_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of it waits in the pipe, since nobody reads, when the pipe is closed here."""
    monkeypatch.setattr(program_module, "LINGER_SECONDS", 0.05)
    process = await shell("head -c 190000 /dev/zero; echo end")
    assert process.stdout is not None
    assert await process.wait() == 0
    await until(lambda: process.whole)
    assert await process.stdout.read() == bytes(190_000) + b"end\n"


async def test_one_that_has_ended_is_left_in_peace() -> None:
    process = await shell("exit 5")
    await process.communicate()
    await process.end()
    assert process.returncode == 5


async def test_a_kind_word_comes_first(tmp_path: Path) -> None:
    process = await begun(f"trap 'echo bye >{tmp_path}/bye; exit 7' TERM", tmp_path)
    await process.end(BOUND)
    assert (process.returncode, (tmp_path / "bye").read_text()) == (7, "bye\n")


async def test_one_that_waits_for_its_output_to_be_read_can_end(tmp_path: Path) -> None:
    process = await begun("trap 'head -c 1000000 /dev/zero; exit 8' TERM", tmp_path)
    await process.end(BOUND)
    assert process.returncode == 8


async def test_one_that_ignores_it_is_killed_with_what_it_started(daemon: str, tmp_path: Path) -> None:
    process = await shell(f"trap '' TERM; {daemon} sleep 600 & echo $! >{tmp_path}/child; wait; sleep 600")
    await until(number_in(tmp_path / "child"))
    async with asyncio.timeout(BOUND):
        await process.end(0.1)
    assert process.returncode == -signal.SIGKILL
    child = int((tmp_path / "child").read_text())
    await until(lambda: gone(child), BOUND)
    assert not gone(int((tmp_path / "daemon").read_text())), "what left the group is its own"


async def test_ending_it_goes_on_to_the_end_though_cancelled_again(tmp_path: Path) -> None:
    process = await begun("trap '' TERM", tmp_path)
    ending = asyncio.create_task(process.end(0.2))
    for _ in range(3):
        await asyncio.sleep(0)
        ending.cancel()
    async with asyncio.timeout(BOUND):
        await asyncio.wait([ending])
    assert ending.cancelled()
    assert process.returncode == -signal.SIGKILL


def test_a_loop_that_ends_meanwhile_leaves_no_program(tmp_path: Path) -> None:
    async def main() -> Program:
        process = await begun("trap '' TERM", tmp_path)
        ending = asyncio.create_task(process.end(600))
        await asyncio.wait([ending], timeout=0.05)
        assert not ending.done()
        return process

    process = asyncio.run(main())
    asyncio.run(until(lambda: gone(process.pid), BOUND))
