"""Numbers for the looks of cells, and the escapes that lead from one look to another."""

from rich.color import Color, ColorSystem
from rich.style import Style

PLAIN = 0
"""The number of the terminal's own look."""

_STYLES_KEPT = 4096

_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("blink2", "6"),
    ("reverse", "7"),
    ("conceal", "8"),
    ("strike", "9"),
    ("underline2", "21"),
    ("frame", "51"),
    ("encircle", "52"),
    ("overline", "53"),
)
"""Rich's attributes and their SGR parameters (ECMA-48, 8.3.117)."""

Look = tuple[tuple[str, ...], str, str]
"""SGR parameters: of the attributes, of the colour, of the background; empty for the terminal's default."""


class Looks:
    """Numbers for the looks that styles have in one colour system, and the escapes between any two. 0 is plain."""

    def __init__(self, system: ColorSystem | None) -> None:
        self._system = system
        self._ids: dict[Style | None, int] = {None: PLAIN}
        self._looks: list[Look] = [((), "", "")]
        self._numbers: dict[Look, int] = {self._looks[0]: PLAIN}
        self._changes: dict[tuple[int, int], str] = {}

    def number(self, style: Style | None) -> int:
        """The number of a style's look. A link is not part of it: no frame ever holds one."""
        found = self._ids.get(style)
        if found is None:
            if len(self._ids) > _STYLES_KEPT:
                self._ids.clear()
            found = self._ids[style] = self._of(style)
        return found

    def _of(self, style: Style | None) -> int:
        if style is None:
            return PLAIN
        attributes = tuple(code for name, code in _ATTRIBUTES if getattr(style, name))
        look = attributes, self._colour(style.color, True), self._colour(style.bgcolor, False)
        number = self._numbers.get(look)
        if number is None:
            number = self._numbers[look] = len(self._looks)
            self._looks.append(look)
        return number

    def _colour(self, colour: Color | None, foreground: bool) -> str:
        if colour is None or self._system is None or colour.is_default:
            return ""
        return ";".join(colour.downgrade(self._system).get_ansi_codes(foreground))

    def change(self, old: int, new: int) -> str:
        """The shortest SGR sequence from one look to another."""
        found = self._changes.get((old, new))
        if found is None:
            if len(self._changes) > _STYLES_KEPT:
                self._changes.clear()
            found = self._changes[old, new] = self._sequence(self._looks[old], self._looks[new])
        return found

    @staticmethod
    def _sequence(old: Look, new: Look) -> str:
        attributes, colour, background = new
        afresh = ";".join(["", *attributes, *filter(None, (colour, background))])
        if set(old[0]) <= set(attributes):
            parts = [code for code in attributes if code not in old[0]]
            if colour != old[1]:
                parts.append(colour or "39")
            if background != old[2]:
                parts.append(background or "49")
            onwards = ";".join(parts)
            if parts and len(onwards) < len(afresh):
                return f"\x1b[{onwards}m"
        return f"\x1b[{afresh}m"
