"""The glyph, word and tone of each state; colour never carries the meaning alone."""

from __future__ import annotations

import msgspec

from tui.model.containers import Container


class Mark(msgspec.Struct, frozen=True):
    """A state as one glyph (or its ASCII stand-in), a word and a tone."""

    glyph: str
    ascii: str
    word: str
    tone: str

    def text(self, ascii_only: bool) -> str:
        """Return glyph and word."""
        return f"{self.ascii if ascii_only else self.glyph} {self.word}"


_STATES = {
    "running": Mark("●", "+", "running", "good"),
    "paused": Mark("‖", "=", "paused", "warn"),
    "restarting": Mark("↻", "~", "restarting", "warn"),
    "created": Mark("◌", ".", "created", "info"),
    "removing": Mark("−", "-", "removing", "busy"),
    "dead": Mark("✗", "x", "dead", "bad"),
}
_UNHEALTHY = Mark("▲", "!", "unhealthy", "bad")
_STARTING = Mark("◐", "o", "starting", "info")
_DONE = Mark("○", "-", "exited", "muted")
_FAILED = Mark("✗", "x", "exited", "bad")

RANK = {"running": 0, "restarting": 1, "paused": 2, "removing": 3, "dead": 4, "created": 5, "exited": 6}
"""The order of states when a table is sorted by them."""


def container_mark(container: Container) -> Mark:
    """Return how the container's state is shown; one that hythe does not know is shown by its own name."""
    if container.state == "running" and container.health == "unhealthy":
        return _UNHEALTHY
    if container.state == "running" and container.health == "starting":
        return _STARTING
    if container.state == "exited":
        return _FAILED if container.exit_code else _DONE
    return _STATES.get(container.state) or Mark("?", "?", container.state or "unknown", "warn")


PHASES = {
    "connecting": Mark("◌", ".", "connecting", "info"),
    "listing": Mark("◐", "o", "listing", "info"),
    "live": Mark("●", "+", "live", "good"),
    "polling": Mark("◑", "~", "polling", "warn"),
    "stale": Mark("▲", "!", "stale", "bad"),
    "reconnecting": Mark("✗", "x", "reconnecting", "bad"),
}
"""How the feed's phases are shown."""
