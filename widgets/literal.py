"""Text from outside made safe to draw on one line of a terminal, and measured in cells."""

import re
import unicodedata
from typing import Literal

from rich.cells import cell_len, get_character_cell_size, split_graphemes

_TABLE_LIMIT = 8192
"""Entries kept per table: a hostile text must not fill the memory with code points."""

_JOINER = "\u200d"
_EMOJI_SELECTOR = "\ufe0f"
_EMOJI = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_STRAY_JOINER = re.compile(f"{_JOINER}(?![{_EMOJI}])|(?<![{_EMOJI}])(?<![{_EMOJI}]{_EMOJI_SELECTOR}){_JOINER}")
_STRAY_SELECTOR = re.compile(f"(?<![{_EMOJI}0-9#*©®\u203c\u2049]){_EMOJI_SELECTOR}")

# Characters that are drawn as nothing at all although their category says letter, mark or symbol.
_INVISIBLE = (
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x1D159}
    | {*range(0x180B, 0x1810)}
    | {*range(0xFE00, 0xFE0F)}
    | {*range(0xFFF0, 0xFFFC)}
)
_SPELLED = {"…": "...", "—": "-"}
"""What the program's own sentences are written with, for an ASCII terminal: a code would be read by nobody."""
_CONTROL_PICTURES = 0x2400
_PICTURES = {
    **{code: chr(_CONTROL_PICTURES + code) for code in range(0x20)},
    0x7F: "\u2421",
    0x2028: "\u21b5",
    0x2029: "\u00b6",
}


def _escape(code: int) -> str:
    """The code point as the escape that Python and JSON readers know."""
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_unsafe(code: int) -> bool:
    """Whether a code point may steer the terminal, or hides in the text or reorders it."""
    if code in _INVISIBLE or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or 0xE0000 <= code <= 0xE0FFF:
        return True
    # what is printable is in none of these, and the interpreter knows that without the megabyte of the database
    return not chr(code).isprintable() and unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


class _Table(dict[int, str]):
    """A translation table for `str.translate` that works out its entries as they are met."""

    def __init__(self, *, ascii_only: bool, one_cell: bool) -> None:
        super().__init__()
        self._ascii_only = ascii_only
        self._one_cell = one_cell

    def __missing__(self, code: int) -> str:
        drawn = self._draw(code)
        if len(self) < _TABLE_LIMIT:
            self[code] = drawn
        return drawn

    def _draw(self, code: int) -> str:
        if self._ascii_only:
            return self._draw_ascii(code)
        if code == 0x200D or not _is_unsafe(code):
            return chr(code)
        if code in _PICTURES:
            return _PICTURES[code]
        return "\ufffd" if self._one_cell else _escape(code)

    @staticmethod
    def _draw_ascii(code: int) -> str:
        if 0x20 <= code < 0x7F:
            return chr(code)
        if code < 0x20 or code == 0x7F:
            return f"^{chr(code ^ 0x40)}"
        return _SPELLED.get(chr(code)) or _escape(code)


class _Widths(dict[int, str]):
    """A translation table from a code point to the character whose code is its width in cells."""

    def __missing__(self, code: int) -> str:
        width = chr(get_character_cell_size(chr(code)))
        if len(self) < _TABLE_LIMIT:
            self[code] = width
        return width


_WIDTHS = _Widths()
_LITERAL = _Table(ascii_only=False, one_cell=False)
_LITERAL_ASCII = _Table(ascii_only=True, one_cell=False)
_ONE_CELL = _Table(ascii_only=False, one_cell=True)


def literal(text: str, limit: int | None = None, *, ascii: bool = False) -> str:
    """Text from outside as it can be drawn on one line, with nothing in it obeyed and nothing hidden.

    Control characters become their pictures (`␛`, `␊`, `␉`), or caret notation with `ascii`; what is invisible or
    reorders text (format characters, bidi overrides, C1 controls, lone surrogates, noncharacters) becomes an escape
    such as `\\u202e`; with `ascii`, so does whatever is not ASCII, but the ellipsis and the dash are spelled. A
    zero-width joiner stays inside an emoji sequence only. A mark with nothing to sit on gets a dotted circle. With
    `limit`, only that many characters are looked at and `…` says that there was more, so that a huge text costs no
    more than a short one.

    Returns the same object when a text is plain printable ASCII within the limit.
    """
    if limit is not None and len(text) > limit:
        return literal(text[:limit], ascii=ascii) + ("~" if ascii else "…")
    if text.isascii() and text.isprintable():
        return text
    if ascii:
        return text.translate(_LITERAL_ASCII)
    text = _without_strays(text.translate(_LITERAL), _escape(0x200D), _escape(0xFE0F))
    return "\u25cc" + text if text and cells(text[0]) == 0 else text


def literal_lines(text: str, *, ascii: bool = False) -> str:
    """The same for a text of several lines, which it keeps."""
    return "\n".join(literal(line, ascii=ascii) for line in text.splitlines())


def _without_strays(text: str, joiner: str, selector: str) -> str:
    """Replace joiners and emoji selectors that stand where no emoji is."""
    if _EMOJI_SELECTOR in text:
        text = _STRAY_SELECTOR.sub(lambda _: selector, text)
    return _STRAY_JOINER.sub(lambda _: joiner, text) if _JOINER in text else text


def one_cell_each(text: str) -> str:
    """Like `literal`, but what is replaced takes one cell a character: for text that is already laid out.

    Returns the same object when there was nothing to replace.
    """
    if text.isprintable() and text.isascii():
        return text
    drawn = _without_strays(text.translate(_ONE_CELL), "\ufffd", "\ufffd")
    return text if drawn == text else drawn


def widths(text: str) -> str | None:
    """The width of each character, as the code of a character at its place; None where it depends on its neighbours."""
    return None if _JOINER in text or _EMOJI_SELECTOR in text else text.translate(_WIDTHS)


def cells(text: str) -> int:
    """The width of a text in terminal cells: wide characters and most emoji take 2, combining marks 0."""
    if text.isascii() and text.isprintable():
        return len(text)
    if len(text) < 32:
        return cell_len(text)
    each = widths(text)
    return cell_len(text) if each is None else len(each) - each.count("\0") + each.count("\2")


def fit(text: str, width: int, align: Literal["left", "right"] = "left", ellipsis: str = "…") -> str:
    """A `literal` text padded or cut to exactly `width` cells; a cut is shown by the ellipsis.

    A wide character that would be cut in half gives way to a space.
    """
    if width <= 0:
        return ""
    most = 16 * width + 64
    if len(text) > most:
        text = _head(text[:most], width - cells(ellipsis)) + ellipsis
    size = cells(text)
    if size > width:
        size = cells(ellipsis)
        text = _head(text, width - size) + ellipsis if size <= width else _head(ellipsis, width)
        size = cells(text)
    pad = " " * (width - size)
    return pad + text if align == "right" else text + pad


def _head(text: str, width: int) -> str:
    """As much of the beginning of a text as fits into `width` cells."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        return text[:width]
    used = end = 0
    for _, stop, size in split_graphemes(text)[0]:
        if used + size > width:
            break
        used += size
        end = stop
    return text[:end]


def wrap(text: str, width: int) -> list[str]:
    """A `literal` text broken at spaces into lines of at most `width` cells; a longer word is cut where it must be."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if cells(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while cells(word) > width and (head := _head(word, width)):
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line else lines
