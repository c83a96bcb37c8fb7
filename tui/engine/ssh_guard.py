"""The private folder of an ssh connection, and the process that cleans up after it even where hythe was killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from tui.engine.program import Program, start_program

# Reads `+ PID` and `- PID`; at the end of its input, which is the end of hythe, it ends those that are left.
_SCRIPT = """\
trap "" HUP INT TERM
pids=" "
while read -r mark pid; do
    case $mark in
        +) pids="$pids$pid " ;;
        -) case $pids in *" $pid "*) pids="${pids%% $pid *} ${pids#* $pid }" ;; esac ;;
    esac
done
for pid in $pids; do kill "$pid"; done 2>/dev/null
rm -rf -- "$1"
"""

CLOSE_SECONDS = 2.0
"""How long the guard may take to end once it is told to."""

LONGEST_SOCKET = 104
"""Bytes that a socket's path may have on every system; ssh appends 17 to the one it is about to make."""


def private_folder() -> Path:
    """Make a folder that only this user may enter, with a path short enough for sockets."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = runtime.startswith("/") and os.access(runtime, os.W_OK | os.X_OK) and len(runtime.encode()) < 60
    return Path(tempfile.mkdtemp(prefix="hythe-", dir=runtime if usable else "/tmp"))


class Guard:
    """Ends processes and removes `folder` when hythe ends, however it ends."""

    def __init__(self, folder: Path, process: Program) -> None:
        self.folder = folder
        self._process = process

    @classmethod
    async def start(cls) -> Guard:
        """Make the folder and begin to watch over it.

        Raises:
            OSError: there is no room for a folder, or none for a process; no folder is left then.
        """
        folder = private_folder()
        try:
            process = await start_program(
                "/bin/sh", "-c", _SCRIPT, "hythe-guard", str(folder),
                stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, cwd="/",
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(folder, process)

    @property
    def stands(self) -> bool:
        """Whether the folder and its process are still there: who logs out everywhere loses XDG_RUNTIME_DIR."""
        return self._process.returncode is None and self.folder.is_dir()

    def watch(self, pid: int) -> None:
        """End this process too."""
        self._tell(f"+ {pid}\n")

    def forget(self, pid: int) -> None:
        """This process has ended; its number may soon be another's."""
        self._tell(f"- {pid}\n")

    def _tell(self, text: str) -> None:
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(text.encode())

    async def close(self) -> None:
        """Remove the folder, and end the guard."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            pass  # it heeds no kind word
        finally:
            await self._process.end(grace=0)
