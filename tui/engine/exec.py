"""Commands inside containers that run, and their terminals: exec and attach over hijacked connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from tui.engine.errors import MalformedAnswer, NotFound
from tui.engine.framing import FramingError, StdcopyDecoder
from tui.engine.transport import Transport
from tui.model.exec_spec import ExecSpec
from tui.model.log_record import Stream

if TYPE_CHECKING:
    from tui.engine.hijack import Hijacked

SHELLS = ("bash", "zsh", "ash", "sh")
"""What is taken for a shell, best first."""

USUAL_PATH = ("/bin", "/usr/bin", "/usr/local/bin", "/busybox")
"""Where shells are, besides the folders of a container's own PATH; the last is of small images' debug variants."""

MOST_FOLDERS = 12
MOST_OUTPUT = 1 << 20

_POLL_SECONDS = 0.05
_HANGUP_SECONDS = 1.5


class ExecState(msgspec.Struct, frozen=True, rename={"running": "Running", "exit_code": "ExitCode"}):
    """The part of `GET /exec/{id}/json` that tells how it stands; `exit_code` is None while it runs."""

    running: bool = False
    exit_code: int | None = None


class Finished(msgspec.Struct, frozen=True):
    """What a command printed until it ended; `exit_code` is None where the daemon did not tell it any more."""

    exit_code: int | None
    stdout: bytes
    stderr: bytes


def telling_its_pid(shell: str, command: Sequence[str]) -> tuple[str, ...]:
    """Return an argument vector that runs the command, and before it tells its process number; see `PidMark`.

    The number is the one inside the container, by which it can be ended there; the daemon tells only the host's.
    """
    return (shell, "-c", 'printf "\\036%s\\036" "$$"; exec "$@"', "hythe", *command)


class PidMark:
    """Takes out of the output what `telling_its_pid` has put before it."""

    _MARK = b"\x1e"
    _LONGEST = 16

    def __init__(self) -> None:
        self.pid: int | None = None
        """The process number, once it was told."""
        self._kept: bytes | None = b""

    def __call__(self, data: bytes) -> bytes:
        """Return what of the output is the command's own."""
        if self._kept is None:
            return data
        self._kept += data
        if not self._kept.startswith(self._MARK[: len(self._kept)]):
            return self._give_up()
        number, end, rest = self._kept[1:].partition(self._MARK)
        if not end:
            return b"" if len(number) < self._LONGEST else self._give_up()
        if not number.isdigit():
            return self._give_up()
        self.pid, self._kept = int(number), None
        return rest

    def _give_up(self) -> bytes:
        data, self._kept = self._kept or b"", None
        return data


class Execs:
    """Exec and attach on one daemon. Each raises EngineError as errors.py says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, container: str, spec: ExecSpec, argv: Sequence[str] = ()) -> str:
        """Return the ID of a command that can be started; `argv` is run in place of the spec's own."""
        made = await self._transport.post(_path(container, "exec"), dict[str, Any], body=spec.body(argv))
        return str(made["Id"])

    def start(self, exec_id: str, *, tty: bool) -> AbstractAsyncContextManager[Hijacked]:
        """Start it and give its input and output: raw on a terminal, else framed (StdcopyDecoder).

        A command that is not there is told in the output, with an exit code of 126 or 127.
        """
        body = {"Detach": False, "Tty": tty}
        return self._transport.hijack("POST", f"/exec/{quote(exec_id, safe='')}/start", body=body)

    async def resize(self, exec_id: str, width: int, height: int) -> None:
        """Tell it the size of its terminal in cells. ApiError while it has not quite started, and once it has ended."""
        path = f"/exec/{quote(exec_id, safe='')}/resize"
        await self._transport.read("POST", path, params={"h": height, "w": width}, body={})

    async def state(self, exec_id: str) -> ExecState:
        """Return how it stands."""
        return await self._transport.get(f"/exec/{quote(exec_id, safe='')}/json", ExecState)

    async def ended(self, exec_id: str, seconds: float = _HANGUP_SECONDS) -> ExecState:
        """Return how it stands once it has ended, or after so many seconds all the same."""
        for _ in range(round(seconds / _POLL_SECONDS)):
            state = await self.state(exec_id)
            if not state.running:
                return state
            await asyncio.sleep(_POLL_SECONDS)
        return await self.state(exec_id)

    async def output(self, exec_id: str) -> AsyncGenerator[list[tuple[Stream, bytes]]]:
        """Start a command that has no terminal and yield what it prints; leaving early does not end it."""
        decoder = StdcopyDecoder()
        try:
            async with self.start(exec_id, tty=False) as line:
                async for data in line.chunks():
                    if frames := decoder.feed(data):
                        yield frames
        except FramingError as error:
            raise MalformedAnswer(f"POST /exec/{exec_id}/start", str(error)) from error

    async def run(self, container: str, spec: ExecSpec) -> Finished:
        """Run a command that has no terminal to its end; of its output the first mebibyte is kept."""
        exec_id = await self.create(container, spec)
        kept: dict[Stream, bytearray] = {Stream.STDOUT: bytearray(), Stream.STDERR: bytearray()}
        async for frames in self.output(exec_id):
            for stream, data in frames:
                room = MOST_OUTPUT - sum(map(len, kept.values()))
                if stream in kept and room > 0:
                    kept[stream] += data[:room]
        state = await self.ended(exec_id)
        return Finished(state.exit_code, bytes(kept[Stream.STDOUT]), bytes(kept[Stream.STDERR]))

    def attach(self, container: str, *, stdin: bool) -> AbstractAsyncContextManager[Hijacked]:
        """Give the input and output of a container's main process, from now on."""
        params = {"stream": True, "stdin": stdin, "stdout": True, "stderr": True}
        return self._transport.hijack("POST", _path(container, "attach"), params=params)

    async def resize_container(self, container: str, width: int, height: int) -> None:
        """Tell a container's main process the size of its terminal in cells."""
        await self._transport.read("POST", _path(container, "resize"), params={"h": height, "w": width}, body={})

    async def find_shell(self, container: str, env: Sequence[str] = ()) -> str | None:
        """Return the path of the best shell in its file system, or None; `env` is its environment, for the PATH.

        Files are looked for, nothing is run, so that it works on a paused container and where runs are refused.
        """
        own = next((pair.removeprefix("PATH=") for pair in env if pair.startswith("PATH=")), "").split(":")
        folders = list(dict.fromkeys([*(each.rstrip("/") for each in own if each.startswith("/")), *USUAL_PATH]))
        for shell in SHELLS:
            paths = [f"{folder}/{shell}" for folder in folders[:MOST_FOLDERS]]
            there = await asyncio.gather(*(self._exists(container, path) for path in paths))
            if any(there):
                return paths[there.index(True)]
        return None

    async def _exists(self, container: str, path: str) -> bool:
        with suppress(NotFound):
            async with self._transport.stream("HEAD", _path(container, "archive"), params={"path": path}):
                return True
        return False

    async def end(self, container: str, exec_id: str, shell: str, pid: int) -> bool:
        """End a command by its process number inside the container, with the container's own shell.

        It is hung up as by a terminal that closes, and killed if that is not enough. Returns whether it has ended.
        """
        for signal in ("HUP", "KILL"):
            killer = await self.create(container, ExecSpec((shell, "-c", f"kill -{signal} {pid}"), user="0"))
            async for _ in self.output(killer):
                pass
            if not (await self.ended(exec_id)).running:
                return True
        return False


def _path(container: str, operation: str) -> str:
    return f"/containers/{quote(container, safe='')}/{operation}"
