"""What a log view is filtered by: a query, streams, levels, and a range of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.log_level import Level, goes_on, level_of, lines_at_least
from widgets import sgr
from widgets.log_buffer import LogBuffer
from widgets.log_pages import NO_TIME
from widgets.log_query import Query
from widgets.log_search import Piece

STDOUT, STDERR, SYSTEM = 0, 1, 2

STREAM_CHOICES: Sequence[tuple[str, frozenset[int]]] = (
    ("both streams", frozenset((STDOUT, STDERR, SYSTEM))),
    ("stderr only", frozenset((STDERR, SYSTEM))),
    ("stdout only", frozenset((STDOUT, SYSTEM))),
)
LEVEL_CHOICES = (Level.UNKNOWN, Level.INFO, Level.WARN, Level.ERROR)

MOST_LOOKED_BACK = 200
"""Lines before a piece that are looked at for the one that its first line goes on from."""


@dataclass(frozen=True)
class LineFilter:
    """The lines that are shown. What the system says between them passes every filter but the range of time."""

    query: Query | None = None
    streams: frozenset[int] = STREAM_CHOICES[0][1]
    level: Level = Level.UNKNOWN
    since: int | None = None
    until: int | None = None
    hidden: frozenset[int] = frozenset()
    """Numbers of sources whose lines are not shown."""

    @property
    def passes_all(self) -> bool:
        """Whether it hides nothing."""
        return self == LineFilter()

    def test(self, buffer: LogBuffer) -> LineTest:
        """Return the test of the lines of a buffer."""
        return LineTest(self, buffer)


class LineTest:
    """Picks the lines that a filter lets through."""

    def __init__(self, wanted: LineFilter, buffer: LogBuffer) -> None:
        self._wanted = wanted
        self._buffer = buffer

    def pick(self, piece: Piece) -> Sequence[int]:
        wanted, lines = self._wanted, piece.lines
        found: Sequence[int] = range(lines.count)
        if wanted.since is not None or wanted.until is not None:
            found = self._in_range(piece)
        if not found:
            return found
        kinds = lines.kinds
        if wanted.hidden:
            found = [at for at in found if kinds[at] >> 2 not in wanted.hidden]
        system = {at for at in found if kinds[at] & 3 == SYSTEM}
        if len(wanted.streams) < len(STREAM_CHOICES[0][1]):
            found = [at for at in found if kinds[at] & 3 in wanted.streams]
        if wanted.level is not Level.UNKNOWN and found:
            passing = set(lines_at_least(piece.text, wanted.level, goes_on_from=self._goes_on_from(piece)))
            found = [at for at in found if at in passing or at in system]
        if wanted.query is not None and found:
            passing = set(wanted.query.lines(piece.text, lines.count))
            found = [at for at in found if at in passing or at in system]
        return found

    def _in_range(self, piece: Piece) -> Sequence[int]:
        low = NO_TIME + 1 if self._wanted.since is None else self._wanted.since
        high = (1 << 63) - 1 if self._wanted.until is None else self._wanted.until
        return [at for at, time in enumerate(piece.lines.times) if low <= time <= high]

    def _goes_on_from(self, piece: Piece) -> bool | None:
        """Whether the line passes that the first one of a piece goes on from; None where it goes on from none."""
        number = piece.number
        first = self._buffer.stretch_of(number).first
        if not goes_on(piece.text[:64]):
            return None
        for back in range(number - 1, max(first, number - MOST_LOOKED_BACK) - 1, -1):
            text = sgr.strip(self._buffer.line(back, 2048).text)
            if not goes_on(text):
                level = level_of(text)
                if self._wanted.level >= Level.WARN:
                    return level >= self._wanted.level
                return level is Level.UNKNOWN or level >= self._wanted.level
        return None
