"""What the layers screen knows of a scan of its image: the counts beside each layer, and the way to the scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.commands.scan import show_scan
from tui.engine.errors import EngineError
from tui.jobs.scan import Scan, ScanBook
from tui.model.findings import Severity
from tui.present.findings import short_counts
from tui.present.layers import StackRow
from tui.screens.base import HytheScreen
from widgets.line_view import Span


class LayerCounts:
    """The counts of the last scan of an image in this run by layer; nothing as long as there is none."""

    def __init__(self) -> None:
        self._scan: Scan | None = None
        self._counts: Mapping[str, Mapping[Severity, int]] = {}
        self._width = 0

    def renew(self, scans: ScanBook, image: str) -> bool:
        """Look for a newer scan; returns whether there is one."""
        found = scans.latest(image) if image else None
        if found is self._scan:
            return False
        self._scan = found
        self._counts = found.report.of_layers() if found else {}
        widths = [sum(len(text) for text, _ in short_counts(each)) for each in self._counts.values()]
        self._width = max(widths, default=0)
        return True

    def spans(self, row: StackRow) -> Sequence[Span]:
        """Return what stands beside a layer; blanks for one without findings, where others may have some."""
        return short_counts(self._counts.get(row.diff_id), self._width) if self._counts else ()


async def open_scan(screen: HytheScreen, image: str, image_id: str, title: str) -> None:
    """Open the scan of the image; its ID is asked for where it is not known yet."""
    try:
        id = image_id or (await screen.session.engine.images.stack(image)).id
    except EngineError as error:
        screen.note(f"scan: {error}", "error")
        return
    await show_scan(screen.session, screen, id, title)
