"""What is typed on a terminal, as Textual's events: bytes that are no UTF-8 and odd sequences do no harm."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable

from textual._xterm_parser import BRACKETED_PASTE_END as END
from textual._xterm_parser import BRACKETED_PASTE_START as START
from textual._xterm_parser import XTermParser
from textual.events import Paste
from textual.message import Message

TICK_SECONDS = 0.1
"""How often it is looked whether a sequence that is begun is waited for in vain."""


class TerminalInput:
    """Turns a terminal's bytes into events; Textual's own reading ends the app at the first byte that is odd.

    A terminal that is set to another encoding sends such bytes, one whose Meta key sets the eighth bit, and a bad line.
    What is pasted is text to its end: Textual's parser would take what follows an escape in it for keys.
    """

    def __init__(self, *, debug: bool = False) -> None:
        self._debug = debug
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._parser = XTermParser(debug)
        self._before = ""
        """The last that was read outside of a paste: one may begin in it."""
        self._pasted: list[str] | None = None
        """The parts of a paste that goes on; the last may be the beginning of its end."""

    @property
    def seconds(self) -> float | None:
        """How long to wait for more before the next `tick`; None for ever, as no sequence is begun."""
        begun: object = getattr(self._parser, "_timeout_time", 0.0)  # Textual says it to nobody
        return None if begun is None else TICK_SECONDS

    def feed(self, data: bytes) -> list[Message]:
        """Return the events that these bytes complete; what is no UTF-8 is read as U+FFFD."""
        text = self._decoder.decode(data)
        events: list[Message] = []
        while text:  # to the parser, nothing is the end
            if self._pasted is None:
                read, text = self._until_paste(text)
                events += self._taken(self._parser.feed(read))
            else:
                pasted, text = self._until_end(self._pasted, text)
                if pasted is not None:
                    self._taken(self._parser.feed(END))  # it has the start, and thinks that nothing was pasted
                    events.append(Paste(pasted.replace("\0", "")))
        return events

    def _until_paste(self, text: str) -> tuple[str, str]:
        """Return what is typed, with the start of a paste where one begins, and what follows it."""
        whole = self._before + text
        begin = whole.find(START)
        if begin < 0:
            self._before = whole[1 - len(START) :]
            return text, ""
        end = begin + len(START) - len(self._before)
        self._before, self._pasted = "", []
        return text[:end], text[end:]

    def _until_end(self, parts: list[str], text: str) -> tuple[str | None, str]:
        """Return all that was pasted, None where it goes on, and what follows it."""
        whole = (parts.pop() if parts else "") + text
        end = whole.find(END)
        if end < 0:
            split = max(0, len(whole) + 1 - len(END))
            parts += (whole[:split], whole[split:])
            return None, ""
        self._pasted = None
        return "".join((*parts, whole[:end])), whole[end + len(END) :]

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
