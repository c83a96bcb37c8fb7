"""How log lines are drawn: what stands before them, colours, hits, wrapped rows, and lines that are folded out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from widgets import sgr
from widgets.line_view import MORE, LineView, Span, colourless, overlay
from widgets.literal import cells, fit, literal, wrap
from widgets.log_buffer import LogBuffer, LogLine
from widgets.log_layout import Laid, blocks_of
from widgets.log_query import Query
from widgets.log_rows import LogRows, Row
from widgets.log_text import SOURCE_TONES, STAMP_CELLS, TimeMode, chop, gutter, stamp

LEAST_TEXT = 4
"""With less room than this for the text, lines are not wrapped and have no prefix."""

FOLD_BLOCK = 64
"""Rows of a line that is folded out which are laid out together."""

_AHEAD = 4096
"""Bytes of a line that are looked at at least: colours and what is drawn in one cell may take many."""

FoldOut = Callable[[str], Sequence[Sequence[Span]] | None]
"""Takes a line apart: a row of spans for each part, or None where it has none."""

Emphasis = Callable[[str], tuple[int, int, str] | None]
"""Which characters of a line's text have which tone: (start, end, tone)."""


class LogCanvas(LineView):
    """Draws the lines of `buffer` that pass the filter, from `top` on; where it stands is moved by a subclass."""

    PARTS: ClassVar[frozenset[str]] = frozenset(("log--new",))
    DEFAULT_CSS = """
    LogCanvas {
        & .log--new { color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold; }
    }
    """

    def __init__(
        self,
        buffer: LogBuffer,
        *,
        wrapped: bool,
        fold_out: FoldOut | None,
        emphasis: Emphasis | None,
        ascii: bool,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(ascii=ascii, id=id, classes=classes)
        self.buffer = buffer
        self.lines = LogRows(self.buffer, self._laid)
        self._times: TimeMode = "off"
        self._local_times = False
        self._wrapped = wrapped
        self._fold_out = fold_out
        self._emphasis = emphasis
        self._following = True
        self._top = Row(0)
        self._cursor: int | None = None
        self._range_from: int | None = None
        self._marks: set[int] = set()
        self._folded_out: set[int] = set()
        self._shift = 0
        self._seen_end = 0
        self._screen: list[Row] | None = None
        self._layouts: LRUCache[int, tuple[int | None, Laid]] = LRUCache(256)
        self._tones_of: dict[str, str] = {}
        self._source_width = 0
        self._notice = ""
        self._query: Query | None = None
        self._filter_query: Query | None = None

    # ---- which rows are seen
    @property
    def new_lines(self) -> int:
        """Lines that came since the view ceased to follow."""
        return 0 if self._following else self.buffer.end - max(self._seen_end, self.buffer.first)

    def _rows(self) -> list[Row]:
        """What stands on each visible row, from the top."""
        if self._screen is None:
            height = max(1, self.size.height)
            self._screen = self.lines.up(height) if self._following else self.lines.down(self._top, height)
            self._top = self._screen[0] if self._screen else Row(self.buffer.first)
        return self._screen

    @property
    def _is_wrapped(self) -> bool:
        return self._wrapped and self._room >= LEAST_TEXT

    @property
    def _room(self) -> int:
        return self.size.width - self._prefix_width

    @property
    def _prefix_width(self) -> int:
        width = STAMP_CELLS[self._times] + 2
        width += self._source_width + 1 if self._source_width else 0
        return width if self.size.width >= width + LEAST_TEXT else 0

    def _learn_sources(self) -> None:
        """Give each new source a tone, and make room for its name."""
        for name in self.buffer.sources[len(self._tones_of) + 1 :]:
            self._tones_of[name] = SOURCE_TONES[len(self._tones_of) % len(SOURCE_TONES)]
            self._source_width = min(20, max(self._source_width, cells(literal(name, 40))))
            self._relayout()

    def notify_style_update(self) -> None:
        self._layouts.clear()
        super().notify_style_update()

    def _relayout(self) -> None:
        """Forget how lines are laid out, and repaint all."""
        self._layouts.clear()
        self._screen = None
        self.refresh()

    # ---- drawing
    def render_line(self, y: int) -> Strip:
        width, height = self.size
        rows = self._rows()
        if not rows:
            return self._notice_line(y, width)
        if y >= len(rows):
            return self.blank(width)
        row = rows[y]
        strips = self._laid(row.line).rows(row.block)
        # lines may have been dropped since the rows were laid out: they are again within a tenth of a second
        strip = strips[row.row] if row.row < len(strips) else self.blank(width)
        if (style := self._standing(row.line)) is not None:
            strip = Strip([Segment(text, (own or Style.null()) + style) for text, own, _ in strip], strip.cell_length)
        if y == height - 1 and self.new_lines:
            strip = self._with_count(strip, width)
        return strip

    def _standing(self, number: int) -> Style | None:
        """What is laid over a line: the cursor, or that it is chosen."""
        if number == self._cursor and not self._following:
            if colourless(self):
                return Style(reverse=True) if self.has_focus else Style(underline=True)
            return self.get_component_rich_style("line--cursor" if self.has_focus else "line--cursor-blurred")
        return self.get_component_rich_style("line--cursor-blurred") if self._in_range(number) else None

    def _in_range(self, number: int) -> bool:
        here, start = self._cursor, self._range_from
        return here is not None and start is not None and min(here, start) <= number <= max(here, start)

    def _notice_line(self, y: int, width: int) -> Strip:
        lines = wrap(literal(self.notice, 4_000, ascii=self.ascii), max(1, width - 1))
        if y >= len(lines):
            return self.blank(width)
        style = self.rich_style + self.get_component_rich_style("line--notice", partial=True)
        return self.paint([(lines[y], "plain")], width, style, mark=False)

    @property
    def notice(self) -> str:
        """Why there is nothing to show."""
        hidden = len(self.buffer) if self.lines.filter is not None else 0
        if not hidden:
            return self._notice
        if self.lines.filter is not None and not self.lines.filter.complete:
            return "looking for lines that pass the filter …"
        return f"the filter hides all {hidden:,} lines" if hidden > 1 else "the filter hides the only line"

    def _with_count(self, strip: Strip, width: int) -> Strip:
        """The last row with the number of lines that came below it."""
        count = self.new_lines
        text = f" {count:,} new line{'s' if count > 1 else ''} {'v' if self.ascii else '↓'} "
        text = fit(text, min(cells(text), width))
        label = Segment(text, self.get_component_rich_style("log--new"))
        return Strip.join([strip.crop(0, width - cells(text)), Strip([label], cells(text))])

    # ---- a line
    def _laid(self, number: int) -> Laid:
        """The rows of a line as it is shown now."""
        if self.lines.is_edge(number):
            return self._lay_out(number)
        earlier = self._earlier(number) if self._times == "relative" else None
        known = self._layouts.get(number)
        if known is None or known[0] != earlier:
            known = self._layouts[number] = (earlier, self._lay_out(number))
        return known[1]

    def _earlier(self, number: int) -> int | None:
        """The line before one, which its relative time counts from: another one, once older lines came or passed."""
        before = self.lines.before(number)
        return None if self.lines.is_edge(before) else before

    def _lay_out(self, number: int) -> Laid:
        opened = number in self._folded_out and self._room >= LEAST_TEXT
        if not opened and not self._is_wrapped:
            return Laid(1, lambda _block: [self._strip(number)])
        line = self._line(number)
        folds = self._fold_out(sgr.strip(line.text)) if opened and self._fold_out is not None else None
        if folds is None:
            starts = blocks_of(line.text, self._room)
            return Laid(len(starts), lambda block: self._wrapped_rows(number, starts, block))
        parts = [folds[at : at + FOLD_BLOCK] for at in range(0, len(folds), FOLD_BLOCK)]
        return Laid(1 + len(parts), lambda block: self._fold_rows(parts[block - 1]) if block else [self._strip(number)])

    def _line(self, number: int, most: int | None = None) -> LogLine:
        """What a line says; one that can't be read any more says so."""
        try:
            return self.lines.line(number, most)
        except IndexError:
            return LogLine("this line was dropped", "system")  # since the rows were laid out
        except OSError as error:
            return LogLine(f"this line can't be read again: {error.strerror or error}", "system")

    def _fold_rows(self, folds: Sequence[Sequence[Span]]) -> list[Strip]:
        """The parts of a line that is folded out, under its text; each as many rows as it takes."""
        indent, room = self.blank(self._prefix_width + 2), self._room - 2
        if room < LEAST_TEXT:
            indent, room = self.blank(self._prefix_width), self._room
        strips: list[Strip] = []
        for spans in folds:
            segments = [
                Segment(literal(text, ascii=self.ascii), self.rich_style + self.tone(tone)) for text, tone in spans
            ]
            strips += [self._row_strip(indent, row, room) for row in chop(segments, room)]
        return strips

    def _row_strip(self, before: Strip, row: Sequence[Segment], room: int) -> Strip:
        return Strip.join([before, Strip(row).adjust_cell_length(room, self.rich_style)])

    def _prefix(self, number: int, line: LogLine) -> Strip:
        if not self._prefix_width:
            return Strip([])
        spans: list[Span] = [gutter(line.stream, self.ascii, number in self._marks)]
        if self._times != "off":
            before = self._earlier(number) if self._times == "relative" else None
            earlier = self._line(before).time if before is not None else None
            spans.append((stamp(line.time, earlier, self._times, local=self._local_times), "dim"))
        if self._source_width:
            name = fit(literal(line.source, 40, ascii=self.ascii), self._source_width)
            spans.append((name + " ", self._tones_of.get(line.source, "plain")))
        return self.paint(spans, self._prefix_width, self.rich_style)

    def _styled(self, number: int, line: LogLine, looks: Sequence[tuple[str, sgr.Look]]) -> list[Segment]:
        """Text that can be drawn with its styles, the level and the hits marked."""
        base = self.rich_style + (self.tone("dim") if line.stream == "system" else Style.null())
        pieces = [(text, base + sgr.style_of(look) if look is not sgr.PLAIN else base) for text, look in looks]
        if self._emphasis is not None and len(pieces) == 1 and looks[0][1] is sgr.PLAIN and line.stream != "system":
            found = self._emphasis(pieces[0][0])
            if found is not None:
                pieces = overlay(pieces, [found[:2]], base + self.tone(found[2]))
        query = self._query or self._filter_query
        if query is not None and not self.lines.is_edge(number):
            ranges = query.ranges("".join(text for text, _ in pieces))
            tone = "hit-current" if number == self._cursor and self._query is not None else "hit"
            pieces = overlay(pieces, ranges, base + self.tone(tone))
        return [Segment(text, style) for text, style in pieces]

    def _strip(self, number: int) -> Strip:
        """A line that is not wrapped, from the sideways shift on."""
        room = self._room
        most = 4 * (self._shift + room) + _AHEAD
        line = self._line(number, most)
        strip = self._text_strip(number, line)
        if strip.cell_length <= self._shift + room and len(line.text) > most // 4:
            line = self._line(number)  # most of what was looked at is not seen: colours
            strip = self._text_strip(number, line)
        more = strip.cell_length > self._shift + room and room > 1
        strip = strip.crop(self._shift, self._shift + room - more)
        if more:
            strip = Strip([*strip, Segment(MORE[self.ascii], self.rich_style + self.tone("dim"))])
        strip = strip.adjust_cell_length(room, self.rich_style)
        return Strip.join([self._prefix(number, line), strip]) if self._prefix_width else strip

    def _text_strip(self, number: int, line: LogLine) -> Strip:
        looks = list(sgr.visible(line.text, self._shift + self._room + 1, self.ascii))
        return Strip(self._styled(number, line, looks))

    def _wrapped_rows(self, number: int, starts: Sequence[tuple[int, sgr.Look]], block: int) -> list[Strip]:
        """The rows of a block of a wrapped line; all but its first are indented to where the text begins."""
        line = self._line(number)
        start, look = starts[block]
        end = starts[block + 1][0] if block + 1 < len(starts) else len(line.text)
        segments = self._styled(number, line, list(sgr.visible(line.text[start:end], None, self.ascii, look=look)))
        indent = self.blank(self._prefix_width)
        first = self._prefix(number, line) if block == 0 else indent
        room = self._room
        return [self._row_strip(indent if at else first, row, room) for at, row in enumerate(chop(segments, room))]
