"""When the next frame may be written: never in arrears on a slow line, at once on a quick one. Pure, given a clock.

What was written is told by `sent`, with the question that goes with it where the terminal answers one; what the
terminal has taken is told by its answers (`answered`), which come back from the far end of an ssh connection too,
through buffers that swallow seconds of a slow line. Where it answers nothing, there are only the bytes that the kernel
has not taken yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

Slow = bool | Literal["auto"]

WINDOW = 2048
"""Bytes that may be on their way: small frames need not wait for the answer to the one before."""

ASK_FROM = 512
"""Bytes on their way from which the terminal is asked."""

PATIENCE_SECONDS = 2.0
"""How long an answer is waited for: a question may get lost."""

LATE_SECONDS = 0.08
"""Longer than the quickest answer by this, and the line is slow."""

SLOW_SECONDS = 5.0
"""How long a line counts as slow after it was last seen to be."""

SLICE = 1024
"""Bytes, about, that are written to a slow line at once, so that a key need not wait for a whole frame."""

REST_SECONDS = (0.1, 0.4)
"""The least and the longest rest of a slow line before a frame that no key has asked for."""

GUESS = 16_384
"""Bytes a second that a line which is said to be slow takes, as long as it tells nothing else."""

KEY_SECONDS = 0.15
"""A frame within this time of a key shows what the key did."""


class LinePace:
    """The state of one line. `slow` says whether it is a slow one; "auto" finds out."""

    def __init__(self, slow: Slow, now: Callable[[], float]) -> None:
        self.setting: Slow = slow
        self.answers = False
        """Whether the terminal answers questions."""
        self._now = now
        self._flying: deque[tuple[float, int]] = deque()
        self._unasked = 0
        self._quickest = float("inf")
        self._slow_until = float("-inf")
        self._rest_until = float("-inf")
        self._key = float("-inf")
        self._blocked: float | None = None

    @property
    def is_slow(self) -> bool:
        """Whether frames are to be few and small."""
        if self.setting == "auto":
            return self._now() < self._slow_until
        return self.setting

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for what a key did."""
        return self._now() - self._key < KEY_SECONDS

    def key(self) -> None:
        """A key was pressed."""
        self._key = self._now()

    def wait(self, backlog: int) -> float:
        """Seconds until a frame may be written, 0 for now; an answer, or a drained backlog, may come sooner.

        `backlog` is the number of bytes that the kernel has not taken.
        """
        now = self._now()
        if backlog:
            if self._blocked is None:
                self._blocked = now
            elif now - self._blocked > LATE_SECONDS:
                self._seen_slow(now)
            return PATIENCE_SECONDS
        if self._blocked is not None:
            self._blocked = None
        if self._flying and now - self._flying[0][0] >= PATIENCE_SECONDS:
            self._flying.clear()  # the answer is lost, or comes late: what follows is asked about again
            self._seen_slow(now)
        if self._flying and self._unasked + sum(size for _, size in self._flying) > WINDOW:
            return max(0.0, self._flying[0][0] + PATIENCE_SECONDS - now)
        if self.is_slow and not self.is_urgent and now < self._rest_until:
            return self._rest_until - now
        return 0.0

    def asks(self, size: int) -> bool:
        """Whether a question should go with the next `size` bytes."""
        return self.answers and self._unasked + size >= ASK_FROM

    def sent(self, size: int, *, asked: bool) -> None:
        """So many bytes were written, the question included if there was one."""
        now = self._now()
        self._unasked += size
        if asked:
            self._flying.append((now, self._unasked))
            self._unasked = 0
        if self.is_slow and not self.answers:
            self._rest(now, size / GUESS)

    def answered(self) -> None:
        """The terminal has answered the oldest question, and so has taken all up to it."""
        self.answers = True
        if not self._flying:
            return
        now = self._now()
        at, _ = self._flying.popleft()
        took = now - at
        self._quickest = min(self._quickest, took)
        if took > self._quickest + LATE_SECONDS:
            self._seen_slow(now)
        if self.is_slow:
            self._rest(now, took)

    def _rest(self, now: float, seconds: float) -> None:
        """Leave the line as free as it was taken: half of it is for what keys ask for."""
        self._rest_until = now + min(max(seconds, REST_SECONDS[0]), REST_SECONDS[1])

    def _seen_slow(self, now: float) -> None:
        self._slow_until = now + SLOW_SECONDS
