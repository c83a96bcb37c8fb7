"""A volume's files to a tar file and back, through a container that never starts, with progress and cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from shlex import quote

from tui.engine.engine import Engine
from tui.engine.errors import EngineError
from tui.engine.volume_files import is_there, read_volume, volume_container, write_volume
from tui.jobs.job import Job
from tui.jobs.log_save import write_file
from tui.present.units import size

CHUNK = 1 << 20


def backup_line(volume: str, image: str, path: Path) -> str:
    """Return the docker line that a backup equals; hythe needs no tar in the image."""
    return f"docker run --rm --volume {quote(volume)}:/v:ro {quote(image)} tar c -C /v . > {quote(str(path))}"


def restore_line(volume: str, image: str, path: Path) -> str:
    """Return the docker line that restoring equals."""
    return f"docker run --rm -i --volume {quote(volume)}:/v {quote(image)} tar x -C /v < {quote(str(path))}"


class BackupJob(Job):
    """Writes a volume's files to `path`, mode 0600; until it is whole nothing is there, or what was there before.

    `expected` is the volume's size in bytes, where it was told.
    """

    def __init__(self, engine: Engine, volume: str, image: str, path: Path, line: str, expected: int | None) -> None:
        super().__init__(f"back up {volume} to {path.name}", line)
        self._engine, self._volume, self._image, self._path = engine, volume, image, path
        self._expected = expected
        self._read = 0
        self.progress = "making a container with it"

    async def work(self) -> None:
        if not await is_there(self._engine, self._volume):
            raise EngineError(f"there is no volume {self._volume} any more")
        async with (
            volume_container(self._engine, self._volume, self._image) as container,
            aclosing(self._counted(container)) as chunks,
        ):
            written = await write_file(self._path, chunks)
        self.fraction = 1.0
        self.progress = f"{size(written)} in {self._path}"

    def failure(self, error: Exception) -> str:
        return f"{self._path}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)

    async def _counted(self, container: str) -> AsyncGenerator[bytes]:
        async with aclosing(read_volume(self._engine, container)) as tar:
            async for chunk in tar:
                yield chunk
                self._read += len(chunk)
                if self._expected:
                    self.fraction = min(0.99, self._read / self._expected)
                about = f" of about {size(self._expected)}" if self._expected else ""
                self.progress = f"{size(self._read)} read{about}"
                self.changed()


class RestoreJob(Job):
    """Unpacks a tar file into a volume; files of the same name are overwritten, others stay.

    It can't be taken back: one that fails or is cancelled leaves what was unpacked by then, and says so.
    """

    def __init__(self, engine: Engine, volume: str, image: str, path: Path, line: str) -> None:
        super().__init__(f"restore {volume} from {path.name}", line)
        self._engine, self._volume, self._image, self._path = engine, volume, image, path
        self._sent = 0
        self._unreadable: OSError | None = None
        self.progress = "making a container with it"

    async def work(self) -> None:
        if not await is_there(self._engine, self._volume):
            raise EngineError(f"there is no volume {self._volume} any more")
        total = (await asyncio.to_thread(self._path.stat)).st_size
        try:
            async with (
                volume_container(self._engine, self._volume, self._image) as container,
                aclosing(self._chunks(total)) as tar,
            ):
                await write_volume(self._engine, container, tar)
        except asyncio.CancelledError:
            self.progress = self._half()
            raise
        except EngineError as error:
            if self._unreadable is not None:
                raise self._unreadable from error
            raise
        self.fraction = 1.0
        self.progress = f"{size(total)} of {self._path} unpacked"

    def failure(self, error: Exception) -> str:
        said = f"{self._path}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
        return f"{said}; {self._half()}" if self._sent else said

    def _half(self) -> str:
        return "the volume may hold a part of it" if self._sent else "nothing was unpacked"

    async def _chunks(self, total: int) -> AsyncGenerator[bytes]:
        try:
            file = await asyncio.to_thread(self._path.open, "rb")
            with file:
                while chunk := await asyncio.to_thread(file.read, CHUNK):
                    self._sent += len(chunk)
                    yield chunk
                    self.fraction = min(0.99, self._sent / total) if total else None
                    self.progress = f"{size(self._sent)} of {size(total)} sent"
                    self.changed()
        except OSError as error:
            self._unreadable = error  # the HTTP client hides it in an error of its own
            raise
        self.progress = "the daemon unpacks the rest"
        self.changed()
