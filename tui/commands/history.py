"""What was asked of the daemon in this session, as the docker lines that it equals, with results."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from tui.engine.errors import EngineError

RECENT_SECONDS = 2.0
"""How long after its answer an event may still come from a request."""

Outcome = Literal["running", "ok", "failed", "cancelled"]


@dataclass(slots=True)
class Entry:
    """One request: `line` is the docker command that it equals, secrets masked; times are seconds since the epoch."""

    line: str
    host: str
    started: float = field(default_factory=time.time)
    ended: float | None = None
    outcome: Outcome = "running"
    detail: str = ""
    on_close: Callable[[Entry], object] = field(default=lambda _entry: None, repr=False, compare=False)

    def close(self, outcome: Outcome, detail: str = "") -> None:
        """Write down how it ended; `detail` keeps the daemon's own words."""
        self.ended, self.outcome, self.detail = time.time(), outcome, detail
        self.on_close(self)

    @contextmanager
    def closed_by_failure(self) -> Generator[None]:
        """Write down that it failed, in the daemon's words, or was cancelled, as what is done in this context is."""
        try:
            yield
        except EngineError as error:
            self.close("failed", str(error))
            raise
        except BaseException:
            self.close("cancelled")
            raise


class History:
    """The last 1,000 entries. `on_close` is told of each command that has ended."""

    def __init__(self, on_close: Callable[[Entry], object] = lambda _entry: None) -> None:
        self._on_close = on_close
        self._entries: deque[Entry] = deque(maxlen=1000)

    def __iter__(self) -> Iterator[Entry]:
        """Iterate from the newest entry to the oldest."""
        return reversed(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self, line: str, host: str) -> Entry:
        """Add an entry that is under way, and return it."""
        entry = Entry(line, host, on_close=self._on_close)
        self._entries.append(entry)
        return entry

    def sent_to(self, host: str, *names: str) -> str:
        """Return the line that is under way on a container, or ended just now; `names` are what it may be called."""
        if not self._entries:
            return ""
        now = time.time()
        for entry in islice(self, 50):
            is_recent = entry.ended is None or now - entry.ended < RECENT_SECONDS
            if is_recent and entry.host == host and not set(names).isdisjoint(entry.line.split()):
                return entry.line
        return ""
