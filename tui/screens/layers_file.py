"""One file of an image's layers: text in colours, or a dump."""

from __future__ import annotations

import stat

from tui.jobs.layer_file import MOST_BYTES, LayerFileJob
from tui.model.file_lookup import Located
from tui.model.layers import ImageLayers
from tui.present.units import size, stamp
from tui.screens.file_view import FileScreen
from widgets.line_view import Span


class LayerFileScreen(FileScreen):
    """Reads the file from the image's archive and shows its beginning, at most MOST_BYTES of it."""

    reading_words = "Reading the file from the image's archive"

    def __init__(self, image: str, title: str, layers: ImageLayers, file: Located, path: str) -> None:
        """`path` is what was opened; `file` is where it leads to."""
        super().__init__(path, title)
        self._image = image
        self._title = title
        self._layers = layers
        self._file = file

    def make_job(self) -> LayerFileJob:
        return LayerFileJob(self.session.engine, self._image, self._title, self._layers, self._file)

    def facts(self) -> list[Span]:
        file = self._file
        facts: list[Span] = [
            (f" {stat.filemode(stat.S_IFREG | file.mode)} ", "dim"),
            (size(file.size), "number"),
            (f"  {stamp(max(0, min(file.mtime, 253_402_300_799)))}  layer {file.layer + 1}", "dim"),
        ]
        real = "/" + file.path.decode("utf-8", "surrogateescape")
        if real != self.path:
            facts.append((f"  is {real}", ""))
        if file.size > MOST_BYTES:
            facts.append((f"  the first {size(MOST_BYTES)} are shown", "warn"))
        return facts
