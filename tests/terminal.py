"""A program on a terminal of its own, as a person sees it: what is typed, and what an emulator shows."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pyte

from waiting import until


class Terminal:
    """The screen of a program that runs on a pseudo terminal."""

    def __init__(self, process: Process, master: int, columns: int, lines: int) -> None:
        self.process = process
        self._master = master
        self.found: list[object] = []
        """The terminal's modes before the program changed them."""
        self.written = 0
        """Bytes that the program wrote."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # Linux's way to say that nobody holds the other end any more
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self.written += len(data)
        self._stream.feed(data)

    @property
    def text(self) -> str:
        """What it shows."""
        return "\n".join(self._screen.display)

    @property
    def modes(self) -> list[object]:
        """The terminal's modes now."""
        return termios.tcgetattr(self._master)

    @property
    def is_taken(self) -> bool:
        """Whether the cursor is hidden, or mouse and pastes are listened to: a program has the screen."""
        hidden = pyte.modes.DECTCEM not in self._screen.mode
        return hidden or any(mode << 5 in self._screen.mode for mode in (1000, 1003, 2004))

    def resize(self, columns: int, lines: int) -> None:
        """Change the size, as a window does."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type."""
        os.write(self._master, text.encode())

    def close(self) -> None:
        """Close it, as a window or a line that is gone does."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._master = -1

    async def until(self, true: str | Callable[[str], bool], seconds: float = 60) -> str:
        """Return what it shows once that holds, or has, what is waited for.

        Raises:
            AssertionError: it never does; shows the screen.
        """
        try:
            await until(lambda: true in self.text if isinstance(true, str) else true(self.text), seconds)
        except TimeoutError:
            raise AssertionError(f"never came: {true!r} in\n{self.text}") from None
        return self.text

    async def ended(self) -> int:
        """Return the exit code, once it has ended."""
        async with asyncio.timeout(60):
            return await self.process.wait()


@asynccontextmanager
async def on_terminal(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], columns: int = 120, lines: int = 40
) -> AsyncIterator[Terminal]:
    """Run a command on a terminal of its own."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    found = termios.tcgetattr(master)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    terminal = Terminal(process, master, columns, lines)
    terminal.found = found
    try:
        yield terminal
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        terminal.close()
