"""Interactive sessions of the pretend shell: lines typed at a prompt, with or without a terminal."""

from tui.demo.programs import STDERR, STDOUT
from tui.demo.shell import Exit, Shell
from tui.demo.shell_words import ShellSyntaxError, parse


class ShellSession:
    """A shell that reads what a client types; `exit_code` is set when it has ended."""

    def __init__(self, shell: Shell, *, tty: bool) -> None:
        self.shell = shell
        self.tty = tty
        self.exit_code: int | None = None
        self._line = bytearray()

    def prompt(self) -> bytes:
        """Return what a terminal shows when the shell waits."""
        return f"{self.shell.cwd} # ".encode() if self.tty else b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take input; return the output as (stream, bytes)."""
        out: list[tuple[int, bytes]] = []
        for byte in data:
            if self.exit_code is not None:
                break
            self._key(byte, out)
        return out

    def end(self) -> list[tuple[int, bytes]]:
        """Take the end of the input: the last line runs, the shell exits."""
        out: list[tuple[int, bytes]] = []
        if self._line:
            self._run(out)
        if self.exit_code is None:
            self.exit_code = self.shell.status
        return out

    def _key(self, byte: int, out: list[tuple[int, bytes]]) -> None:
        if byte in b"\r\n":
            if self.tty:
                out.append((STDOUT, b"\n"))
            self._run(out)
            if self.exit_code is None and self.tty:
                out.append((STDOUT, self.prompt()))
        elif not self.tty:
            self._line.append(byte)
        elif byte == 4 and not self._line:
            self.exit_code = self.shell.status
        elif byte == 3:
            self._line.clear()
            out.append((STDOUT, b"^C\n" + self.prompt()))
        elif byte in (8, 127):
            if self._line:
                self._line.pop()
                out.append((STDOUT, b"\b \b"))
        elif byte >= 32:
            self._line.append(byte)
            out.append((STDOUT, bytes([byte])))

    def _run(self, out: list[tuple[int, bytes]]) -> None:
        line = self._line.decode(errors="replace")
        self._line.clear()
        try:
            for step in self.shell.run(parse(line)):
                if step.data:
                    out.append((step.stream, step.data))
                if step.offset_ns - self.shell.wall_ns > 1 << 60:
                    break
        except Exit as ended:
            self.exit_code = ended.code
        except ShellSyntaxError as error:
            self.shell.status = 2
            out.append((STDERR, f"sh: {error}\n".encode()))
