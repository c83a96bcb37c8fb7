"""The terminal while hythe has it and afterwards: sizes, stops, signals, and one that is closed."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_shell_terminal import ROOT, hythe, is_left

from terminal import Terminal, on_terminal
from waiting import until

RESIZES = 500


@pytest.fixture
async def dashboard(demo_socket: str) -> AsyncIterator[Terminal]:
    async with hythe(f"unix://{demo_socket}", columns=120, lines=40) as terminal:
        yield terminal


def state(pid: int) -> str:
    """The kernel's letter for what a process does: T where it is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def in_session(session: int) -> list[int]:
    """The processes of a session, those that are only not waited for yet left out."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(words[3]) == session and words[0] != "Z":
            found.append(int(path.parent.name))
    return found


def fills(text: str, columns: int, lines: int) -> bool:
    """Whether the dashboard stands on a screen of that size: its first line and its last one."""
    rows = text.split("\n")
    return len(rows) == lines and len(rows[0]) == columns and "live" in rows[0] and "help" in rows[-1]


async def test_a_single_cell_and_back(dashboard: Terminal) -> None:
    before = dashboard.written
    dashboard.resize(1, 1)
    await until(lambda: dashboard.written > before, 20)
    dashboard.resize(120, 40)
    await dashboard.until(lambda text: fills(text, 120, 40) and "containers" in text)
    await is_left(dashboard)


async def test_hundreds_of_sizes_within_a_second(dashboard: Terminal) -> None:
    sizes = random.Random(5)
    for _ in range(RESIZES):
        dashboard.resize(sizes.randint(1, 200), sizes.randint(1, 60))
        await asyncio.sleep(1 / RESIZES)
    dashboard.resize(100, 30)
    await dashboard.until(lambda text: fills(text, 100, 30), 10)
    dashboard.type("2")
    await dashboard.until("REPOSITORY", 10)
    await is_left(dashboard)


@pytest.mark.parametrize("way", ["the key", "SIGTSTP"])
async def test_stopped_it_leaves_the_terminal_and_continued_it_takes_it_again(dashboard: Terminal, way: str) -> None:
    if way == "the key":
        dashboard.type("\x1a")
    else:
        dashboard.process.send_signal(signal.SIGTSTP)
    await until(lambda: state(dashboard.process.pid) == "T", 20)
    await until(lambda: not dashboard.is_taken, 10)
    assert dashboard.modes == dashboard.found
    dashboard.process.send_signal(signal.SIGCONT)
    await until(lambda: dashboard.is_taken, 20)
    dashboard.resize(100, 30)
    await dashboard.until(lambda text: fills(text, 100, 30))
    await is_left(dashboard)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_and_leaves_nothing(dashboard: Terminal, number: signal.Signals) -> None:
    dashboard.process.send_signal(number)
    assert await dashboard.ended() == 128 + number
    assert dashboard.modes == dashboard.found
    assert not dashboard.is_taken
    assert in_session(dashboard.process.pid) == []


async def test_a_terminal_that_is_closed_ends_it(demo_socket: str, tmp_path: Path) -> None:
    async with hythe(f"unix://{demo_socket}", columns=120, lines=40) as dashboard:
        dashboard.close()
        assert await dashboard.ended() in (128 + signal.SIGHUP, 0)
        assert in_session(dashboard.process.pid) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_it_while_a_pager_has_the_terminal(
    demo_socket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nstty -echo raw\necho it is open\nexec sleep 600\n")
    pager.chmod(0o755)
    monkeypatch.setenv("PAGER", str(pager))
    async with hythe(f"unix://{demo_socket}", columns=120, lines=40) as dashboard:
        dashboard.type("l")
        await dashboard.until("following")
        dashboard.type("|")
        await dashboard.until("it is open")
        dashboard.process.send_signal(number)
        assert await dashboard.ended() == 128 + number
        assert dashboard.modes == dashboard.found
        await until(lambda: in_session(dashboard.process.pid) == [])


EDITS = """
import asyncio, signal, sys
from textual.app import App
from tui.screens.terminal import run_program
class Edits(App):
    on_signal = lambda self, number: self.exit(number)
    def on_mount(self):
        self.run_worker(run_program(self, sys.argv[1:]))
async def main():
    app = Edits()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: app.on_signal(7))
    return await app.run_async()
sys.exit(asyncio.run(main()))
"""


async def test_a_program_on_the_terminal_is_told_when_hythe_is_ended(tmp_path: Path) -> None:
    """An editor puts aside what was not saved."""
    saves = f"trap 'stty -echo; echo saved >{tmp_path}/saved; exit' TERM"
    editor = f"{saves}; stty -echo raw; echo it is open; while :; do sleep 0.02; done"
    command = [sys.executable, "-c", EDITS, "sh", "-c", editor]
    async with on_terminal(command, ROOT, os.environ | {"TERM": "xterm-256color"}) as terminal:
        await terminal.until("it is open")
        terminal.process.send_signal(signal.SIGTERM)
        assert await terminal.ended() == 7
        assert terminal.modes == terminal.found
        assert in_session(terminal.process.pid) == []
    assert (tmp_path / "saved").exists()


LENDS = """
import subprocess, sys
from tui.asking import TerminalAsker
ended = subprocess.Popen(["true"], process_group=0)
ended.wait()
with TerminalAsker("who asks").lend(ended.pid):
    print("nobody is there any more")
"""


async def test_the_terminal_is_lent_to_an_ssh_that_has_ended_already() -> None:
    """One that its configuration stops at once: what it said is what is told."""
    async with on_terminal([sys.executable, "-c", LENDS], ROOT, os.environ | {"TERM": "xterm-256color"}) as terminal:
        await terminal.until("nobody is there any more")
        assert await terminal.ended() == 0
        assert terminal.modes == terminal.found
