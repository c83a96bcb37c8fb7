"""The way to a daemon through ssh: one connection, and a socket on this machine that leads to the remote one.

The socket is forwarded (`ssh -L`) where sshd lets us, which costs no process a connection. Where it does not, or where
only the remote docker command knows where its daemon is, each connection is a `docker system dial-stdio` of its own.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import time
from asyncio.subprocess import DEVNULL
from contextlib import suppress
from typing import Literal

from tui.engine.errors import ConnectionFailed
from tui.engine.program import start_program
from tui.engine.ssh_address import SshAddress
from tui.engine.ssh_guard import Guard
from tui.engine.ssh_master import Asker, SshMaster
from tui.engine.ssh_stdio import StdioDoor
from tui.engine.ssh_words import here_failure, remote_failure, socket_failure
from tui.engine.threads import to_its_end

DEFAULT_SOCKET = "/var/run/docker.sock"
ANSWER_SECONDS = 10.0
UNANSWERED_SECONDS = 60.0
CONFIGURED_SECONDS = 10.0
"""How long ssh may take to read its own configuration, which may run programs (`Match exec`)."""

# Prints the socket of the daemon that the remote docker command would speak to: DOCKER_HOST, then its current context;
# where that is the default one, or where there is no such command, also the usual places of others. One line, and no
# single quotes, backslashes or exclamation marks inside: the login shell that gets it may be any.
_FIND = (
    "h=$DOCKER_HOST; "
    'test -n "$h" || h=$(docker context inspect --format {{.Endpoints.docker.Host}} 2>/dev/null); '
    'case "$h" in unix://*) s=${h#unix://};; "") s=;; *) echo $0 remote; exit;; esac; '
    "r=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}; "
    f'case "$s" in ""|{DEFAULT_SOCKET}) '
    f'set -- {DEFAULT_SOCKET} "$r/docker.sock" "$r/podman/podman.sock" /run/podman/podman.sock;; '
    '*) set -- "$s";; esac; '
    'for p; do test -S "$p" && test -w "$p" && echo $0 socket "$p" && exit; done; '
    'for p; do test -S "$p" && echo $0 denied "$p" && exit; done; '
    'echo $0 none "$1"'
)
_CHECK = 'if test -S "$1"; then test -w "$1" && echo $0 socket || echo $0 denied; else echo $0 none; fi'


class SshTunnel:
    """A way to one daemon. `open` gives the path of a socket that leads there, and makes the way anew when it broke."""

    def __init__(self, address: SshAddress) -> None:
        self.address = address
        self.mode: Literal["", "forward", "stdio"] = ""
        """How connections are carried, once it is open."""
        self.hostname = ""
        """What the user's ssh configuration makes of the host's name, once it is open."""
        self._guard: Guard | None = None
        self._master: SshMaster | None = None
        self._door: StdioDoor | None = None
        self._path = ""
        self._remote = ""
        self._opening: asyncio.Task[str] | None = None
        self._unanswered: ConnectionFailed | None = None
        self._unanswered_until = 0.0
        self._anew = False

    @property
    def alive(self) -> bool:
        """Whether the way stands, as far as is known."""
        return bool(self._path) and self._master is not None and self._master.alive

    @property
    def asks(self) -> bool:
        """Whether the last attempt failed for want of an answer."""
        return self._unanswered is not None

    async def open(self, ask: Asker | None = None) -> str:
        """Return the path of the local socket. Who asks while the way is being made waits for the same attempt.

        With `ask`, ssh may put its questions to the terminal; see SshMaster.start. Without, a question that nobody
        answered is an error at once for `UNANSWERED_SECONDS`: a server may shut out who knocks again and again.

        Raises:
            ConnectionFailed: there is no way; the kind `ssh asks` says that somebody has to answer a question.
        """
        if ask is not None and self._opening is not None and not self._opening.done():
            await asyncio.wait([self._opening])  # others wait for its end too: it is not for us to cancel
        if self.alive:
            return self._path
        if ask is None and self._unanswered is not None and time.monotonic() < self._unanswered_until:
            raise self._unanswered.with_traceback(None)
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open(ask))
        opening, own = self._opening, asyncio.current_task()
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled() and not (own and own.cancelling()):
                raise ConnectionFailed(self.address.url, "ssh", "it was closed here") from None
            raise

    def broken(self) -> None:
        """The socket that `open` gave takes no connection: make the way anew, whatever is known of ssh."""
        self._path, self._anew = "", True

    async def close(self) -> None:
        """End the connection; no process and no file of it is left, though whoever waits for it is cancelled."""
        await to_its_end(asyncio.ensure_future(self._close()))

    async def _close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
            self._opening = None
        await self._leave_folder()

    async def _leave_folder(self) -> None:
        await self._leave()
        guard, self._guard = self._guard, None
        if guard is not None:
            await guard.close()

    async def _leave(self) -> None:
        await self._leave_socket()
        master, self._master = self._master, None
        if master is not None:
            await master.stop()

    async def _leave_socket(self) -> None:
        self._path, self.mode = "", ""
        door, self._door = self._door, None
        if door is not None:
            await door.close()

    async def _open(self, ask: Asker | None) -> str:
        try:
            return await self._open_anew(ask)
        except OSError as error:
            raise here_failure(self.address, error) from error

    async def _open_anew(self, ask: Asker | None) -> str:
        guard, master = await self._let_in(ask)
        try:
            path = await self._forwarded(guard, master) or await self._through_stdio(guard, master)
            self.hostname = self.hostname or await self._configured_host()
        except (ConnectionFailed, OSError):
            await self._leave_socket()  # there is no daemon, but ssh stands for the next attempt
            raise
        except BaseException:
            await self._leave()
            raise
        self._path = path
        return path

    async def _let_in(self, ask: Asker | None) -> tuple[Guard, SshMaster]:
        """Return an ssh that was let in: the one that stands, or another."""
        if self._guard is not None and not self._guard.stands:
            await self._leave_folder()
        if self._guard is None:
            self._guard = await Guard.start()
        if self._master is not None and self._master.alive and not self._anew:
            await self._leave_socket()
            return self._guard, self._master
        await self._leave()
        self._anew = False
        master = self._master = SshMaster(self.address, self._guard)
        try:
            await master.start(ask)
        except ConnectionFailed as error:
            self._unanswered = error if error.kind == "ssh asks" else None
            self._unanswered_until = time.monotonic() + UNANSWERED_SECONDS
            raise
        self._unanswered = None
        return self._guard, master

    # the two ways

    async def _forwarded(self, guard: Guard, master: SshMaster) -> str:
        """Return the local socket that ssh forwards, or nothing where another way has to be tried.

        Raises:
            ConnectionFailed: there is no such socket on the other side, or it may not be used.
        """
        state, remote = ("socket", self.address.path) if self.address.path else await self._find(master)
        if state != "socket":
            self._remote = remote
            if state in ("none", "denied"):
                raise socket_failure(self.address, remote, state)
            return ""
        local = guard.folder / "docker.sock"
        with suppress(FileNotFoundError):
            local.unlink()
        if ":" in remote or await master.forward(local, remote):
            return ""
        self._remote = remote
        if await answers(str(local)):
            self.mode = "forward"
            return str(local)
        await self._check_remote(master)
        return ""

    async def _through_stdio(self, guard: Guard, master: SshMaster) -> str:
        docker = f"docker --host {shlex.quote('unix://' + self.address.path)}" if self.address.path else "docker"
        door = self._door = StdioDoor(master, guard, docker)
        door.listen()
        if not await answers(str(door.path)):
            raise remote_failure(self.address, await door.last_words())
        self.mode = "stdio"
        return str(door.path)

    async def diagnose(self) -> None:
        """Say why the daemon at the other end no longer answers, as far as the remote side knows.

        Raises:
            ConnectionFailed: always, unless it answers after all.
        """
        if not self.alive or self._master is None or await answers(self._path):
            return
        if self._door is not None:
            raise remote_failure(self.address, await self._door.last_words())
        try:
            state = await self._check_remote(self._master)
        except OSError as error:
            raise here_failure(self.address, error) from error
        raise socket_failure(self.address, self._remote, state)

    # what the remote side knows

    async def _find(self, master: SshMaster) -> tuple[str, str]:
        """Return the state and the path of the remote daemon's socket; a state of `unknown` or `remote` has none."""
        words = await self._ask_shell(master, _FIND)
        return (words[0], words[1]) if len(words) == 2 and words[1].startswith("/") else (words[0], "")

    async def _check_remote(self, master: SshMaster) -> str:
        """Return whether the remote socket is there and may be used: `socket`, or `unknown`.

        Raises:
            ConnectionFailed: it is not, or may not.
        """
        state = (await self._ask_shell(master, _CHECK, self._remote))[0]
        if state in ("none", "denied"):
            raise socket_failure(self.address, self._remote, state)
        return state

    async def _ask_shell(self, master: SshMaster, script: str, *arguments: str) -> list[str]:
        """Return what the script says behind its name, at most two parts, or `["unknown"]` where no shell runs it."""
        name = f"hythe-{secrets.token_hex(6)}"  # what else the shell's start-up files print is none of it
        command = " ".join(["exec", "sh", "-c", f"'{script}'", name, *map(shlex.quote, arguments)])
        finished = await master.run(command)
        for line in finished.output.splitlines():
            if line.startswith(f"{name} "):
                return line.strip().split(" ", 2)[1:]
        return ["unknown"]

    async def _configured_host(self) -> str:
        """Return the host's name or address as `ssh -G` tells it, or the name that there is."""
        process = await start_program("ssh", "-G", *self.address.arguments(), stderr=DEVNULL)
        try:
            async with asyncio.timeout(CONFIGURED_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            return self.address.host
        finally:
            await process.end(grace=0)
        for line in output.decode("utf-8", "replace").splitlines():
            key, _, value = line.partition(" ")
            if key == "hostname" and value:
                return value
        return self.address.host


async def answers(path: str) -> bool:
    """Return whether anything is said by who is behind the socket, when asked for `/_ping`.

    Raises:
        ConnectionFailed: never; silence for `ANSWER_SECONDS` counts as an answer, since somebody holds the line.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
                return bool(await reader.read(1))
            finally:
                writer.close()
    except TimeoutError:
        return True
    except OSError:
        return False
