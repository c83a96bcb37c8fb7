"""What is searched for in lines: a text, `~` and a regular expression, either with `!` before it for lines without it.

Expressions come from whoever types, and some never end on some lines: each is given a little processor time, then the
line counts as one that could not be told (`TooSlow` when that goes on).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

PAGE_SECONDS = 0.02
LINE_SECONDS = 0.01
DRAW_SECONDS = 0.004
"""Processor time for an expression: on a page of lines, on one line, and on what is drawn."""

MOST_SLOW = 3
"""Lines that may be too slow before the expression is given up."""

_LOOKS_FURTHER = re.compile(r"\(\?[^:]|\\[AZzGKX]|[*+?}]\+")
"""What in an expression may mean something else on a line between others than on that line alone."""


class QueryError(ValueError):
    """An expression that can't be understood; says what and where."""


class TooSlow(Exception):
    """An expression that takes too long on the lines there are."""


class Query:
    """`typed` as it is meant; in a text, a capital letter makes case count, in an expression a capital that stands for
    itself.

    Raises QueryError for a wrong expression.
    """

    def __init__(self, typed: str) -> None:
        import regex  # more than a megabyte, for those who search

        self.typed = typed
        self.inverted = len(typed) > 1 and typed[0] == "!"
        rest = typed[self.inverted :]
        self.is_regex = len(rest) > 1 and rest[0] == "~"
        self.text = rest[1:] if self.is_regex else rest[1:] if rest[:2] in ("\\!", "\\~") else rest
        letters = re.sub(r"\\.", "", self.text) if self.is_regex else self.text
        self.exact = letters != letters.lower()
        flags = regex.MULTILINE | (0 if self.exact else regex.IGNORECASE)
        try:
            self._pattern = regex.compile(self.text if self.is_regex else regex.escape(self.text), flags)
        except regex.error as error:
            raise QueryError(str(error)) from error
        except (OverflowError, RecursionError, MemoryError) as error:
            raise QueryError("too large") from error
        self._by_line = bool(self.is_regex and _LOOKS_FURTHER.search(self.text))
        self._slow = 0

    def test(self, text: str) -> bool:
        """Whether one line passes.

        Raises:
            TooSlow: that can't be told, and has not been of some lines before.
        """
        return self._found(text, 0, len(text)) != self.inverted

    def _found(self, text: str, start: int, stop: int) -> bool:
        if not self.is_regex:
            return self.text in text[start:stop] if self.exact else self.text in text[start:stop].lower()
        try:
            return self._pattern.search(text[start:stop], timeout=LINE_SECONDS) is not None
        except TimeoutError:
            self._slow += 1
            if self._slow >= MOST_SLOW:
                raise TooSlow from None
            return self.inverted  # it passes no more than it would without this line

    def lines(self, text: str, count: int) -> list[int]:
        """Which of `count` lines, joined by line ends, pass: their indexes, in order.

        Raises:
            TooSlow: the expression takes too long on several lines.
        """
        found = list(self._hits(text))
        if not self.inverted:
            return found
        without = set(found)
        return [at for at in range(count) if at not in without]

    def _hits(self, text: str) -> Iterator[int]:
        if not self.is_regex:
            return self._plain(text)
        if not self._by_line:
            try:
                return iter(list(self._joined(text)))
            except TimeoutError:
                pass  # one of the lines is hard: find out which
        return (at for at, line in enumerate(text.split("\n")) if self._found(line, 0, len(line)))

    def _plain(self, text: str) -> Iterator[int]:
        wanted = self.text
        if not self.exact:
            text = text.lower()
        line = counted = 0
        at = text.find(wanted)
        while at >= 0:
            line += text.count("\n", counted, at)
            yield line
            counted = text.find("\n", at)
            if counted < 0:
                return
            at = text.find(wanted, counted)

    def _joined(self, text: str) -> Iterator[int]:
        """Search all lines at once; what is found beyond the end of a line is looked at again, on that line alone."""
        line = counted = at = 0
        size = len(text)
        again = True
        while again and at <= size:
            again = False
            for match in self._pattern.finditer(text, at, timeout=PAGE_SECONDS):
                start = match.start()
                if start < at:  # a line has one hit, however often it matches
                    again = match.end() >= at
                    if again:
                        break
                    continue
                line += text.count("\n", counted, start)
                end = text.find("\n", start)
                counted = end = size if end < 0 else end
                at = end + 1
                again = match.end() > end
                if not again or self._found(text, text.rfind("\n", 0, start) + 1, end):
                    yield line
                if again:
                    break  # what it took of the next lines is to be searched too

    def ranges(self, text: str) -> list[tuple[int, int]]:
        """Where it stands in a text that is drawn, as (start, end), in order; nowhere for an inverted one."""
        if self.inverted or not self.text:
            return []
        found: list[tuple[int, int]] = []
        with suppress(TimeoutError):  # what was found until then is marked
            found.extend(
                match.span()
                for match in self._pattern.finditer(text, timeout=DRAW_SECONDS)
                if match.end() > match.start()
            )
        return found
