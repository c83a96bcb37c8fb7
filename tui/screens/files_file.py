"""One file of a container: text in colours, or a dump."""

from __future__ import annotations

import stat

from tui.jobs.container_file import ContainerFileJob
from tui.jobs.layer_file import MOST_BYTES
from tui.model.containers import Container
from tui.present.units import size, stamp
from tui.screens.file_view import FileScreen
from widgets.line_view import Span


class ContainerFileScreen(FileScreen):
    """Reads the file from the container and shows its beginning, at most MOST_BYTES of it."""

    def __init__(self, container: Container, path: str, opened: str = "", *, root: str = "", name: str = "") -> None:
        """`opened` is the link that leads to `path`, if it was one; paths count from `root`, which is called `name`."""
        super().__init__(path, name or container.name)
        self._root = root
        self._container = container
        self._opened = opened

    def make_job(self) -> ContainerFileJob:
        container = self._container
        return ContainerFileJob(
            self.session.engine, container.id, container.name, self.path, root=self._root, of=self._title
        )

    def facts(self) -> list[Span]:
        header = self._job.header if isinstance(self._job, ContainerFileJob) else None
        if header is None:
            return [(f" {self.path}", "dim")]
        facts: list[Span] = [
            (f" {stat.filemode(stat.S_IFREG | header.mode)} {header.uid}:{header.gid} ", "dim"),
            (size(header.size), "number"),
            (f"  {stamp(max(0, min(header.mtime, 253_402_300_799)))}", "dim"),
        ]
        if self._opened:
            facts.append((f"  is what {self._opened} leads to", ""))
        if header.size > MOST_BYTES:
            facts.append((f"  the first {size(MOST_BYTES)} are shown", "warn"))
        return facts
