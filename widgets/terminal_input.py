"""What is typed on a terminal, as Textual's events: bytes that are no UTF-8 and odd sequences do no harm."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

TICK_SECONDS = 0.1
"""How often it is looked whether a sequence that is begun is waited for in vain."""


class TerminalInput:
    """Turns a terminal's bytes into events; Textual's own reading ends the app at the first byte that is odd.

    A terminal that is set to another encoding sends such bytes, one whose Meta key sets the eighth bit, and a bad line.
    """

    def __init__(self, *, debug: bool = False) -> None:
        self._debug = debug
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._parser = XTermParser(debug)

    @property
    def seconds(self) -> float | None:
        """How long to wait for more before the next `tick`; None for ever, as no sequence is begun."""
        begun: object = getattr(self._parser, "_timeout_time", 0.0)  # Textual says it to nobody
        return None if begun is None else TICK_SECONDS

    def feed(self, data: bytes) -> list[Message]:
        """Return the events that these bytes complete; what is no UTF-8 is read as U+FFFD."""
        text = self._decoder.decode(data)
        return self._taken(self._parser.feed(text)) if text else []  # to the parser, nothing is the end

    def tick(self) -> list[Message]:
        """Return the events of what was waited for in vain, as the escape key is that no sequence followed."""
        return self._taken(self._parser.tick())

    def _taken(self, events: Iterable[Message]) -> list[Message]:
        taken: list[Message] = []
        try:
            taken.extend(events)
        except (ValueError, OverflowError):  # a number in a sequence that is none, or no character's
            self._parser = XTermParser(self._debug)
        return taken
