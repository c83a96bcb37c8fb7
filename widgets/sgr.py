"""Colours in log and build output: SGR sequences (ECMA-48 8.3.117) become styles, any other escape stays visible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec
from msgspec.structs import replace as _with
from rich.color import Color
from rich.style import Style

from widgets.literal import cells, literal

_RUN = re.compile(r"\x1b\[[0-9;:]*+m(?:\x1b\[[0-9;:]*+m)*+")
"""Possessive, as nothing in it can match otherwise: in a text of nothing else it takes half the time."""
_PARAMETERS = re.compile(r"\x1b\[([0-9;:]*)m")

MOST_PARAMETERS = 4_000
"""Parameters that are obeyed in one text; sequences beyond are taken out without effect: a hostile line is cheap."""

_LONGEST = 256
"""A sequence longer than this may be cut in two where a long text is taken apart."""

TAB = 8

_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF: dict[int, dict[str, bool]] = {
    22: {"bold": False, "dim": False}, 23: {"italic": False}, 24: {"underline": False}, 27: {"reverse": False},
    29: {"strike": False},
}  # fmt: skip


class Look(msgspec.Struct, frozen=True):
    """What SGR has switched on. A colour is None, a number of the 256-colour palette, or (red, green, blue)."""

    fore: int | tuple[int, int, int] | None = None
    back: int | tuple[int, int, int] | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Look()


def strip(text: str) -> str:
    """The text without its SGR sequences; all else is as it was."""
    return _RUN.sub("", text) if "\x1b" in text else text


def parts(text: str) -> Iterator[tuple[str, str]]:
    """The SGR sequences of a text, each run of them with what follows it; before the first there are none."""
    at, run = 0, ""
    for match in _RUN.finditer(text):
        yield run, text[at : match.start()]
        at, run = match.end(), match.group()
    yield run, text[at:]


def split(text: str, look: Look = PLAIN, budget: int = MOST_PARAMETERS) -> Iterator[tuple[str, Look]]:
    """The pieces of a text between SGR sequences, each with its look. Lazy: taking few pieces costs little."""
    at = 0
    for match in _RUN.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], look
        at = match.end()
        look, budget = _obey(match.group(), look, budget)
    if at < len(text):
        yield text[at:], look


def _obey(run: str, look: Look, budget: int) -> tuple[Look, int]:
    """The look after a run of sequences, and how many more parameters are obeyed."""
    budget -= run.count("m") + run.count(";") + run.count(":")
    if budget >= 0:
        for parameters in _PARAMETERS.findall(run):
            look = apply(look, parameters)
    return look, budget


def starts(text: str, step: int) -> list[tuple[int, Look]]:
    """Where a long text can be taken apart about each `step` characters, no sequence cut, and the look at each place.

    The first place is the beginning. Beyond MOST_PARAMETERS the look stays what it is.
    """
    places = [0]
    while (place := places[-1] + step) < len(text):
        escape = text.rfind("\x1b[", max(places[-1], place - _LONGEST), place)
        match = _RUN.match(text, escape) if escape >= 0 else None
        places.append(max(place, match.end()) if match is not None else place)
    looks: list[tuple[int, Look]] = []
    look, budget = PLAIN, MOST_PARAMETERS
    left = iter(places)
    place = next(left)
    for match in _RUN.finditer(text) if "\x1b" in text else ():
        while place is not None and match.end() > place:
            looks.append((place, look))
            place = next(left, None)
        if place is None or budget < 0:
            break
        look, budget = _obey(match.group(), look, budget)
    return looks + [(rest, look) for rest in ((place, *left) if place is not None else ())]


def visible(
    text: str, most: int | None = None, ascii: bool = False, *, look: Look = PLAIN, column: int = 0
) -> Iterator[tuple[str, Look]]:
    """Like `split`, but the pieces can be drawn: literal, with tabs as spaces up to the next multiple of 8 cells.

    With `most` it ends soon after that many cells, without looking at the rest. `look` and `column` are those at the
    beginning of the text.
    """
    for piece, own in split(text, look):
        if most is not None:
            if column > most:
                return
            piece = piece[: (most - column) * 4 + 16]
        shown, column = _laid_out(piece, column, most, ascii)
        yield shown, own


def _laid_out(piece: str, column: int, most: int | None, ascii: bool) -> tuple[str, int]:
    """The piece as it is drawn from a column on, and the column after it."""
    if "\t" not in piece:
        shown = literal(piece, ascii=ascii)
        return shown, column + cells(shown)
    parts: list[str] = []
    for number, part in enumerate(piece.split("\t")):
        if most is not None and column > most:
            break
        if number:
            gap = TAB - column % TAB
            parts.append(" " * gap)
            column += gap
        shown = literal(part, ascii=ascii)
        column += cells(shown)
        parts.append(shown)
    return "".join(parts), column


@lru_cache(maxsize=1024)
def apply(look: Look, parameters: str) -> Look:
    """The look after one SGR sequence, given what stands between `[` and `m`. Unknown parameters change nothing."""
    groups = parameters.split(";")
    at = 0
    while at < len(groups):
        group = groups[at]
        if ":" in group:
            look = _apply_colons(look, group.split(":"))
            at += 1
            continue
        code = _number(group) if group else 0
        if code in (38, 48, 58):  # the last is the colour of the line beneath
            colour, used = _extended(groups[at + 1 :])
            if colour is not None and code != 58:
                look = _with(look, fore=colour) if code == 38 else _with(look, back=colour)
            at += 1 + used
            continue
        look = _apply_one(look, code)
        at += 1
    return look


def _apply_one(look: Look, code: int) -> Look:
    if code == 0:
        return PLAIN
    if code in _FLAGS:
        return _with(look, **{_FLAGS[code]: True})
    if code == 21:
        return _with(look, underline=True)  # double underline
    if code in _OFF:
        return _with(look, **_OFF[code])
    if code == 39:
        return _with(look, fore=None)
    if code == 49:
        return _with(look, back=None)
    for first, base, name in ((30, 0, "fore"), (90, 8, "fore"), (40, 0, "back"), (100, 8, "back")):
        if first <= code < first + 8:
            number = base + code - first
            return _with(look, fore=number) if name == "fore" else _with(look, back=number)
    return look


def _extended(rest: list[str]) -> tuple[int | tuple[int, int, int] | None, int]:
    """The colour after 38 or 48 (`5;n` or `2;r;g;b`) and how many parameters it took."""
    kind = _number(rest[0]) if rest else -1
    if kind == 5:
        return _palette(rest[1:2]), 2
    if kind == 2:
        return _rgb(rest[1:4]), 4
    return None, 1


def _apply_colons(look: Look, parts: list[str]) -> Look:
    """The colon forms of ISO 8613-6: `38:5:n`, `38:2:r:g:b`, `38:2::r:g:b`, and `4:n` for kinds of underline."""
    code = _number(parts[0])
    if code == 4:
        return _with(look, underline=parts[1] != "0")
    if code not in (38, 48) or len(parts) < 3:
        return look
    kind = _number(parts[1])
    colour = _palette(parts[2:3]) if kind == 5 else _rgb(parts[3:6] if len(parts) > 5 else parts[2:5])
    if colour is None or kind not in (2, 5):
        return look
    return _with(look, fore=colour) if code == 38 else _with(look, back=colour)


def _palette(parts: list[str]) -> int | None:
    number = _number(parts[0]) if parts else -1
    return number if 0 <= number < 256 else None


def _rgb(parts: list[str]) -> tuple[int, int, int] | None:
    numbers = [_number(part) if part else 0 for part in parts]
    if len(numbers) != 3 or not all(0 <= number < 256 for number in numbers):
        return None
    return numbers[0], numbers[1], numbers[2]


def _number(text: str) -> int:
    """A parameter's value; -1 for none, and for one too long to mean anything."""
    return int(text) if text and len(text) < 6 else -1


@lru_cache(maxsize=4096)
def style_of(look: Look) -> Style:
    """A look as a Rich style, to be added to the line's own."""
    return Style(
        color=_colour(look.fore),
        bgcolor=_colour(look.back),
        bold=look.bold or None,
        dim=look.dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        reverse=look.reverse or None,
        strike=look.strike or None,
    )


def _colour(value: int | tuple[int, int, int] | None) -> Color | None:
    if value is None:
        return None
    return Color.from_ansi(value) if isinstance(value, int) else Color.from_rgb(*value)
