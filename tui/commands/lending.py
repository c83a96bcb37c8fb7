"""What a command lends the terminal to while hythe steps aside: a program at the other end of a hijacked connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from tui.engine.errors import EngineError

if TYPE_CHECKING:
    from tui.engine.hijack import Hijacked

Typing = Literal["keys", "lines", "none"]
"""Every key as it is; whole lines, edited here; nothing but the keys that leave."""


class NoTerminal(EngineError):
    """There is no terminal to lend, or one that is too small."""


class Lent(msgspec.Struct, frozen=True):
    """A program that is to have the terminal: `line` carries what it reads and prints.

    `resize` tells it the columns and rows of the terminal: at once, and whenever they change. `greeting` is printed
    first. `framed`: the output comes in frames, as without a terminal of its own. `end` is called
    when hythe itself is told to end, by a signal, so that nothing is left running; it is given a few seconds.
    `screened` is given all that is printed, and returns what of it is for the terminal.
    """

    line: Hijacked
    greeting: str = ""
    typing: Typing = "keys"
    framed: bool = False
    resize: Callable[[int, int], Awaitable[None]] | None = None
    end: Callable[[], Awaitable[object]] | None = None
    screened: Callable[[bytes], bytes] | None = None


class Left(msgspec.Struct, frozen=True):
    """How the terminal came back.

    `ended`: the other side closed the stream. `detached`: the keys that leave were typed. `lost`: the line broke, in
    the words of `error`. `signal`: hythe was told to end. `tail` is the last of what was printed.
    """

    how: Literal["ended", "detached", "lost", "signal"]
    error: str = ""
    tail: bytes = b""
