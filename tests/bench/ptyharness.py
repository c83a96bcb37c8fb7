"""A terminal to measure programs in: a real pty, each chunk stamped when it was read, the screen rebuilt by pyte.

    with PtyApp(["hythe", "--demo"]) as app:
        seconds = app.wait_text("live")       # since exec, or None
        sent = app.send("j")
        painted = app.wait(lambda screen: screen.has("web-2"))

Times are on the clock of time.monotonic(). The time of a chunk is taken when it is read, before the emulator sees it,
so that a slow emulator does not add to it. A slow line is simulated by reading no faster than it: the kernel's buffer
fills up, and the program's writes block as they would in ssh.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import processes
import pyte

KEPT = ("PATH", "HOME", "LANG", "USER", "LOGNAME", "SHELL", "TMPDIR")
"""The variables that a program gets from the caller; what else it sees is said in `env`."""

_ANSWERS = (
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),  # synchronized output: known, and off
    (b"\x1b[?2048$p", b"\x1b[?2048;0$y"),  # resizes told in band: not known
    (b"\x1b[c", b"\x1b[?62;22c"),
    (b"\x1b[0c", b"\x1b[?62;22c"),
    (b"\x1b[>c", b"\x1b[>0;276;0c"),
    (b"\x1b[>0c", b"\x1b[>0;276;0c"),
    (b"\x1b[5n", b"\x1b[0n"),
    (b"\x1b[6n", b"\x1b[1;1R"),
    (b"\x1b[?u", b"\x1b[?0u"),
    (b"\x1b]10;?\x1b\\", b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\"),
    (b"\x1b]11;?\x1b\\", b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
    (b"\x1b]10;?\x07", b"\x1b]10;rgb:ffff/ffff/ffff\x07"),
    (b"\x1b]11;?\x07", b"\x1b]11;rgb:0000/0000/0000\x07"),
)
"""What programs ask a terminal at their start, and what xterm would say."""

_UNKNOWN = re.compile(
    r"\x1b\[[<>=?][0-9;:]*[ -/]*[@-~](?<![hl])"  # private CSI, other than the modes
    r"|\x1b\[[0-9;:]*\$[@-~]"  # questions about modes
    r"|\x1b\[[0-9;:]* [@-~]"  # the cursor's shape
    r"|\x1b[P_^X].*?(?:\x1b\\|\x07)"  # DCS, APC, PM, SOS
    r"|\x1b\][^\x07\x1b]*(?:\x1b\\|\x07)",  # OSC
    re.DOTALL,
)
"""Sequences that pyte would print as text."""

_OPEN = re.compile(r"\x1b(?:[\[\]P_^X][^\x1b]*)?$", re.DOTALL)
_WHOLE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[P_^X\]].*?(?:\x1b\\|\x07)|[^\[\]P_^X])", re.DOTALL)


class Emulator:
    """What a terminal shows after what it was fed."""

    def __init__(self, columns: int, lines: int) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take output in; a sequence that is cut waits for its rest."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        found = _OPEN.search(text)
        if found and len(found[0]) < 4096 and not _WHOLE.match(found[0]):
            self._rest, text = found[0], text[: found.start()]
        self._stream.feed(_UNKNOWN.sub("", text))

    @property
    def display(self) -> list[str]:
        """The lines, as plain text."""
        return self.screen.display

    def has(self, text: str | re.Pattern[str]) -> bool:
        """Whether a line holds the text, or matches the pattern."""
        if isinstance(text, str):
            return any(text in line for line in self.display)
        return any(text.search(line) for line in self.display)

    def background(self, y: int, x: int) -> str:
        """The background of a cell: "default", a name, or six hexadecimal digits."""
        return self.screen.buffer[y][x].bg


class PtyApp:
    """A program on a pty of its own.

    `line` is the speed of the line in bytes a second, 0 for one without a limit. `colours` is "true", "16" or "none".
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        columns: int = 160,
        lines: int = 50,
        folder: str | os.PathLike[str] | None = None,
        line: float = 0.0,
        colours: str = "true",
    ) -> None:
        self.columns, self.lines, self.line = columns, lines, line
        self.chunks: list[tuple[float, bytes]] = []
        self.received = 0
        """Bytes that were read so far."""
        self.ended: float | None = None
        """When the program closed the terminal."""
        self.reading = threading.Event()
        """Cleared, the terminal reads nothing until it is set again."""
        self.reading.set()
        self._emulator = Emulator(columns, lines)
        self._fed = 0
        self._sent = 0.0
        self._status: int | None = None
        self._news = threading.Condition()
        self._stopped = False
        environment = _environment(colours) | dict(env or {})
        self.started = time.monotonic()
        """The moment before the fork."""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            _become(command, environment, columns, lines, folder)
        self.resize(columns, lines, tell=False)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    # input and output

    def _read(self) -> None:
        while not self._stopped:
            self.reading.wait(0.2)
            if not self.reading.is_set() or not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.fd, 512 if self.line else 1 << 16)
            except OSError:
                data = b""
            now = time.monotonic()
            with self._news:
                if data:
                    self.chunks.append((now, data))
                    self.received += len(data)
                else:
                    self.ended = now
                self._news.notify_all()
            if not data:
                return
            self._answer(data)
            if self.line:
                time.sleep(len(data) / self.line)

    def _answer(self, data: bytes) -> None:
        for question, answer in _ANSWERS:
            for _ in range(data.count(question)):
                os.write(self.fd, answer)

    def send(self, keys: str | bytes) -> float:
        """Type; returns when."""
        now = self._sent = time.monotonic()
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)
        return now

    def resize(self, columns: int, lines: int, *, tell: bool = True) -> None:
        """Give the terminal another size."""
        self.columns, self.lines = columns, lines
        if tell:  # first of all: what is drawn for that size may be here at once
            self.look()
            self._emulator.screen.resize(lines, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    # the screen

    def look(self) -> Emulator:
        """The screen after all that was read so far."""
        while self._fed < len(self.chunks):
            self._emulator.feed(self.chunks[self._fed][1])
            self._fed += 1
        return self._emulator

    def text(self) -> str:
        """The screen as plain text."""
        return "\n".join(line.rstrip() for line in self.look().display)

    def wait(self, true: Callable[[Emulator], bool], timeout: float = 30.0) -> float | None:
        """When the chunk was read after which `true` holds; None when it never does, or the program ends before."""
        end = time.monotonic() + timeout
        at = self.chunks[self._fed - 1][0] if self._fed else self.started
        if true(self._emulator):
            return at
        while True:
            while self._fed < len(self.chunks):
                at, data = self.chunks[self._fed]
                self._emulator.feed(data)
                self._fed += 1
                if true(self._emulator):
                    return at
            with self._news:
                if self._fed < len(self.chunks):
                    continue
                left = end - time.monotonic()
                if left <= 0 or self.ended is not None:
                    return None
                self._news.wait(left)

    def wait_text(self, text: str | re.Pattern[str], timeout: float = 30.0) -> float | None:
        """Seconds from the start until the text is on the screen; None when it never is."""
        at = self.wait(lambda screen: screen.has(text), timeout)
        return None if at is None else at - self.started

    def wait_quiet(self, seconds: float = 0.5, timeout: float = 10.0) -> bool:
        """Wait until nothing was typed or written for so long; False when it is never quiet."""
        end = time.monotonic() + timeout
        while (now := time.monotonic()) < end:
            last = max(self.chunks[-1][0] if self.chunks else self.started, self._sent)
            if now - last >= seconds:
                return True
            time.sleep(min(0.05, seconds - (now - last)))
        return False

    def bytes_in(self, since: float, until: float = float("inf")) -> int:
        """How many bytes came in a span of time."""
        return sum(len(data) for at, data in self.chunks if since <= at < until)

    def bytes_for(self, keys: str, quiet: float = 0.3) -> int:
        """How many bytes a key costs until nothing more comes."""
        since = self.send(keys)
        self.wait_quiet(quiet)
        return self.bytes_in(since)

    # the process

    @property
    def status(self) -> int | None:
        """The exit code once it has ended, negative for a signal; None before."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait_status(self, timeout: float = 10.0) -> int | None:
        """Wait for the end and return the exit code; None when it does not end."""
        end = time.monotonic() + timeout
        while self.status is None and time.monotonic() < end:
            time.sleep(0.01)
        return self.status

    def cpu(self) -> float:
        """Seconds of CPU that the process and its children have used."""
        return processes.cpu_seconds(self.pid)

    def memory(self) -> int:
        """Bytes that are resident now."""
        return processes.memory(self.pid)

    def window(self, seconds: float) -> tuple[float, float]:
        """The share of a core, 0 to 1, and the bytes a second, over so many seconds from now."""
        cpu, received, began = self.cpu(), self.received, time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        return (self.cpu() - cpu) / passed, (self.received - received) / passed

    def close(self) -> None:
        """End the program, by SIGKILL if SIGTERM is not enough, and everything that it started."""
        self.reading.set()
        self.line = 0.0
        children = processes.tree(self.pid)[1:] if self.status is None else []
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.status is None:
                os.kill(self.pid, number)
                self.wait_status(3)
        processes.kill(children)
        self._stopped = True
        self._thread.join(2)
        os.close(self.fd)

    def __enter__(self) -> PtyApp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _environment(colours: str) -> dict[str, str]:
    found = {name: os.environ[name] for name in KEPT if name in os.environ}
    if "UTF-8" not in found.get("LANG", ""):
        found["LANG"] = "C.UTF-8"
    found["TERM"] = "xterm-256color" if colours == "true" else "xterm"
    if colours == "true":
        found["COLORTERM"] = "truecolor"
    elif colours == "none":
        found["NO_COLOR"] = "1"
    return found


def _become(
    command: Sequence[str],
    environment: Mapping[str, str],
    columns: int,
    lines: int,
    folder: str | os.PathLike[str] | None,
) -> None:
    """Be the program, in the child of the fork, once the parent has set the terminal's size."""
    try:
        if folder is not None:
            os.chdir(folder)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        while os.get_terminal_size(0) != (columns, lines):
            time.sleep(0.001)
        os.execvpe(command[0], list(command), dict(environment))
    except OSError as error:
        os.write(2, f"{command[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def main() -> None:
    """Run a command for some seconds, type keys, and show the screen."""
    import argparse

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--columns", type=int, default=160)
    parser.add_argument("--lines", type=int, default=50)
    parser.add_argument("--speed", type=float, default=0, help="bytes a second of a slow line")
    parser.add_argument("--keys", default="", help="typed one after the other, separated by commas")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    env = dict(entry.split("=", 1) for entry in options.env)
    with PtyApp(command, env=env, columns=options.columns, lines=options.lines, line=options.speed) as app:
        time.sleep(options.seconds)
        for key in filter(None, options.keys.encode().decode("unicode_escape").split(",")):
            app.send(key)
            time.sleep(0.7)
        print(app.text())
        first = app.chunks[0][0] - app.started if app.chunks else None
        print(
            f"first byte {first}, {app.received} bytes, {app.cpu():.2f} s CPU, "
            f"{app.memory() / 1e6:.1f} MB, status {app.status}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
