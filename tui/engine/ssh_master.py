"""One authenticated ssh connection that everything else goes through: sessions, and the forwarding of a socket."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from tui.engine.errors import ConnectionFailed
from tui.engine.program import Program, start_program
from tui.engine.ssh_address import SshAddress
from tui.engine.ssh_guard import Guard
from tui.engine.ssh_words import clean_lines, ssh_failure


class Asker(Protocol):
    """The terminal that ssh may put its questions to."""

    def say(self, data: bytes) -> object:
        """Show what ssh prints besides its questions."""
        ...

    def lend(self, group: int) -> AbstractContextManager[None]:
        """Give the terminal to a process group until the end of the context."""
        ...


CONNECT_SECONDS = 15
BATCH_SECONDS = 40.0
"""How long an ssh that can ask nobody may take to be let in."""

STOP_SECONDS = 2.0
"""How long ssh may take to end once it is told to."""

FORWARD_SECONDS = 20.0
READY_POLL = 0.01
KEPT_LINES = 40

# Whatever the user's configuration does besides (forwardings, a command, a terminal) is no business of this connection.
_MASTER_OPTIONS = (
    "ControlMaster=yes", "ControlPersist=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none",
    "RequestTTY=no", "ForwardX11=no", "Tunnel=no", f"ConnectTimeout={CONNECT_SECONDS}",
    # a line that died in its sleep is told within a quarter of a minute
    "ServerAliveInterval=5", "ServerAliveCountMax=3",
)  # fmt: skip


class Finished(NamedTuple):
    """A command that ran on the remote side: its exit code and what it printed."""

    code: int
    output: str
    errors: list[str]


class SshMaster:
    """An ssh that stays, with its control socket in the guard's folder. `lines` are its last words."""

    def __init__(self, address: SshAddress, guard: Guard, number: int = 0) -> None:
        self.address = address
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._guard = guard
        self.number = number
        self._control = guard.folder / f"ctl{number}"
        self._process: Program | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._process is not None and self._process.returncode is None

    async def start(self, ask: Asker | None = None) -> None:
        """Connect, and return once the other side has let us in.

        With `ask` ssh puts its questions (passwords, passphrases, host keys) to that terminal. Without, it asks nothing
        and fails where it would have to.

        Raises:
            ConnectionFailed: it did not get through; the kind is `ssh asks` where an answer might help.
        """
        self.lines.clear()
        self._control.unlink(missing_ok=True)
        options = (*_MASTER_OPTIONS, f"BatchMode={'no' if ask else 'yes'}")
        command = ["ssh", "-N", "-T", "-S", str(self._control), *(part for o in options for part in ("-o", o))]
        try:
            # who asks needs the terminal of this session, and its ctrl+c is not for us
            self._process = await start_program(
                *command, *self.address.arguments(), stdout=DEVNULL, terminal=ask is not None
            )
        except FileNotFoundError:
            hint = "install OpenSSH's client (openssh-client)"
            raise ConnectionFailed(self.address.url, "ssh", "there is no ssh command here", hint) from None
        self._guard.watch(self._process.pid)
        self._watching = asyncio.create_task(self._watch(self._process, ask))
        try:
            if ask is None:
                async with asyncio.timeout(BATCH_SECONDS):
                    await self._until_let_in(self._process, self._watching, asked=False)
            else:
                with ask.lend(self._process.pid):
                    await self._until_let_in(self._process, self._watching, asked=True)
        except TimeoutError:
            await self.stop()
            detail = f"ssh was not let in within {BATCH_SECONDS:.0f} s"
            hint = f"try it outside: ssh {self.address.destination}"
            raise ConnectionFailed(self.address.url, "timed out", detail, hint) from None
        except BaseException:
            await self.stop()
            raise

    async def _until_let_in(self, process: Program, watching: asyncio.Task[None], *, asked: bool) -> None:
        while not self._control.exists():  # ssh makes it once it is let in, by a link: it is whole when it is there
            if watching.done():
                raise ssh_failure(self.address, list(self.lines), process.returncode, asked=asked)
            await asyncio.sleep(READY_POLL)

    async def _watch(self, process: Program, ask: Asker | None) -> None:
        """Keep what ssh prints, to its end."""
        assert process.stderr is not None
        try:
            while data := await process.stderr.read(4096):
                self.lines.extend(clean_lines(data))
                if ask is not None and not self._control.exists():
                    ask.say(data)
            await process.wait()
        finally:
            self._guard.forget(process.pid)

    def client(self, *arguments: str) -> list[str]:
        """Return the command of an ssh that goes through this connection, and never makes one of its own."""
        through = ["-F", "none", "-S", str(self._control), "-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-T"]
        return ["ssh", *through, *arguments, "--", self.address.host]

    async def run(self, command: str, seconds: float = 20.0) -> Finished:
        """Run a command on the remote side, with nothing on its input.

        Raises:
            ConnectionFailed: it did not end within `seconds`.
        """
        process = await start_program(*self.client(), command)
        try:
            async with asyncio.timeout(seconds):
                output, errors = await process.communicate()
        except TimeoutError:
            hint = f"try it outside: ssh {self.address.destination} true"
            raise ConnectionFailed(self.address.url, "timed out", "the remote shell does not answer", hint) from None
        finally:
            await process.end(grace=0)
        return Finished(process.returncode or 0, output.decode("utf-8", "replace"), clean_lines(errors))

    async def forward(self, local: Path, remote: str) -> Sequence[str]:
        """Make the socket `local`, which is not there yet, lead to the other side's `remote`; return why not, if so."""
        process = await start_program(*self.client("-O", "forward", "-L", f"{local}:{remote}"), stdout=DEVNULL)
        try:
            async with asyncio.timeout(FORWARD_SECONDS):
                _, errors = await process.communicate()
        except TimeoutError:
            return (f"ssh did not answer within {FORWARD_SECONDS:.0f} s",)
        finally:
            await process.end(grace=0)
        return clean_lines(errors) or [f"ssh ended with {process.returncode}"] if process.returncode else ()

    async def stop(self) -> None:
        """End the connection, and all that goes through it."""
        process, watching = self._process, self._watching
        if process is None or watching is None:
            return
        try:
            await process.end(STOP_SECONDS)  # and what carries it, a ProxyCommand for one
        finally:
            watching.cancel()
            await asyncio.wait([watching])
