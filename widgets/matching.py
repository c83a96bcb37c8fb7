"""What a search asks of a text: one rule for every view that can be searched."""

from __future__ import annotations

import re
from collections.abc import Callable

Test = Callable[[str], bool]


class Matcher:
    """A query as it is meant: a plain part of the text, in which a capital letter makes case count."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.exact = query != query.lower()
        self._pattern = re.compile(re.escape(query), 0 if self.exact else re.IGNORECASE)

    def test(self, text: str) -> bool:
        """True if the query stands in the text."""
        return self.query in text if self.exact else self.query in text.lower()

    def ranges(self, text: str) -> list[tuple[int, int]]:
        """Where the query stands in the text, as (start, end), in order and without overlap."""
        return [match.span() for match in self._pattern.finditer(text)]
