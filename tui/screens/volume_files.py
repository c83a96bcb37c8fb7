"""The files of a volume that nothing mounts, looked at through a container that is made for that and never started."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from tui.commands.command import Command
from tui.commands.registry import BY_ID
from tui.commands.volume_view import close_view, open_view
from tui.engine.errors import EngineError, NotFound
from tui.engine.files import FileStat
from tui.engine.volume_files import PLACE
from tui.jobs.job import Job
from tui.model.container_tree import place_in
from tui.model.containers import Container
from tui.model.surroundings import clean, is_below
from tui.model.volumes import Volume
from tui.screens.base import EVERYWHERE
from tui.screens.files import HINTS, FilesScreen
from tui.screens.files_actions import copy_out

MOST_LINKS = 40
"""Links that are followed on one way, as Linux does."""

NOT_HERE = ("copy_in", "changes")
"""What the files of a container have, and those of a volume have not."""


class VolumeFilesScreen(FilesScreen):
    """One volume's files; paths count from the volume. The container is removed when the screen is left."""

    root = PLACE
    hints: ClassVar[Sequence[tuple[str, str, str]]] = tuple(hint for hint in HINTS if hint[0] not in NOT_HERE)
    own_keys = tuple(pair for pair in FilesScreen.own_keys if pair[0] not in ("p", "c"))

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        super().__init__(Container(id="", name=volume.name, image="", state=""))
        self._copies: list[Job] = []

    @property
    def of(self) -> str:
        return f"volume {self._volume.name}"

    def commands_here(self) -> Sequence[Command]:
        return [BY_ID[id] for id in EVERYWHERE]

    def is_gone(self) -> bool:
        return self._volume.name not in self.session.state.volumes

    async def begin(self) -> None:
        if not await self._has_view():
            try:
                self._use(await open_view(self.session, self._volume.name))
            except EngineError as error:
                self.reading.fail(f"{error}\n{error.hint}".strip())
                return
        await self.visit(self._start)

    async def _has_view(self) -> bool:
        """Whether the container is there still: somebody may have removed it."""
        if not self._container.id:
            return False
        try:
            await self.session.engine.containers.read(self._container.id)
        except NotFound:
            return False
        except EngineError:
            return True  # the reading tells what is wrong
        return True

    def _use(self, view: Container) -> None:
        if not self.is_running:  # it was left meanwhile
            close_view(self.session, view)
            return
        self._container = self.reading.container = view

    def on_unmount(self) -> None:
        if self._container.id:
            close_view(self.session, self._container, [job.wait() for job in self._copies])

    async def look_at(self, path: str) -> tuple[str, FileStat]:
        """Return where a path leads within the volume, and what is there.

        Links are followed here: the daemon would go on in the image of the container where one leads out of the volume.

        Raises:
            EngineError: there is nothing, or it is not in the volume.
        """
        todo, at, links = deque(_parts(path)), "/", 0
        about = await self._stat(at)
        while todo:
            at = clean(f"{at}/{todo.popleft()}")
            about = await self._stat(at)
            if about.is_link:
                links += 1
                target = about.link_target
                if links > MOST_LINKS or not target:
                    raise EngineError(f"{at} is a link that leads nowhere")
                if not is_below(target, PLACE):
                    raise EngineError(f"{at} leads out of the volume, to {target} of whatever container mounts it")
                todo.extendleft(reversed(_parts(target[len(PLACE) :])))
                at = "/"
        return at, about

    async def _stat(self, path: str) -> FileStat:
        try:
            return await self.session.engine.files.stat(self._container.id, place_in(PLACE, path))
        except NotFound as error:
            raise EngineError(f"{path} is not there") from error

    async def copy_path_out(self, path: str, total: int) -> None:
        name = self._volume.name
        job = await copy_out(self, self._container, path, total, root=PLACE, of=self.of, leaf=_file_name(name))
        if job is not None:
            self._copies.append(job)

    def action_changes(self) -> None:
        self.note("a volume has no image that it could differ from", "warning")

    def action_copy_in(self) -> None:
        self.note("the volume is only looked at here: R among the volumes restores a tar file into it", "warning")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _file_name(volume: str) -> str:
    """A name for a folder of this machine: a driver of volumes may allow names that lead elsewhere."""
    name = volume.replace("/", "_").replace("\0", "_")
    return "volume" if name in ("", ".", "..") else name
