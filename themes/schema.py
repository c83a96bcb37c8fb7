"""What a theme file may say: its keys, the variables widgets draw with, and what counts as a colour."""

import re
from collections.abc import Mapping
from functools import lru_cache

from textual.color import Color, ColorParseError
from textual.theme import Theme

COLOURS = (
    *("primary", "secondary", "warning", "error", "success", "accent"),
    *("foreground", "background", "surface", "panel", "boost"),
)
"""The colours of a theme, in Textual's own words; `primary` must be there, Textual derives the others that are not."""

FLAGS = ("dark", "ansi")
KEYS = ("name", *FLAGS, *COLOURS, "luminosity_spread", "text_alpha", "variables")

VARIABLES: Mapping[str, str] = {
    "mark": "accent",  # a row the user has marked
    "match-foreground": "background",  # a search hit in a text
    "match-background": "warning",
    "track": "panel",  # the empty part of a bar or gauge
    "graph": "primary",  # the filled part of a bar, gauge or sparkline
    "busy": "primary",  # a request under way
    "stale": "warning",  # what is shown may be out of date
    "guarded": "error",  # the name of a guarded host
    "read-only": "secondary",  # the read-only mark
    "diff-added": "success",  # files a container or layer added, changed, removed
    "diff-changed": "warning",
    "diff-removed": "error",
}
"""The project's own theme variables, each with the colour of the theme that it is when a theme does not set it.

Beside these, widgets use Textual's: `$success $warning $error $accent $primary $secondary` for tones, `$text-muted` and
`$text-disabled` for what matters less, `$block-cursor-*` for the row under the cursor, `$footer-*`, `$border`,
`$border-blurred`, `$scrollbar*`, `$input-*`.
"""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PERCENT = re.compile(r"\s+(\d{1,3})%$")
_TEXT_STYLES = frozenset(
    ("none", "bold", "b", "dim", "d", "italic", "i", "underline", "u", "reverse", "r", "strike", "s", "not", "blink")
)


def variable_defaults(theme: Theme) -> dict[str, str]:
    """A value that fits *theme* for each variable it may lack; for `App.get_theme_variable_defaults`.

    These are VARIABLES, and for an ANSI theme those that Textual's own styles use but its ANSI palette leaves out.
    """
    colours = theme.to_color_system().generate()
    defaults = {name: colours[source] for name, source in VARIABLES.items()}
    if theme.ansi:
        missing = known_variables() - colours.keys() - defaults.keys()
        defaults |= {name: "none" if name.endswith("-style") else "ansi_default" for name in missing}
    return defaults


@lru_cache(maxsize=1)
def known_variables() -> frozenset[str]:
    """Every variable a theme may set: the project's and Textual's, of plain and of ANSI themes."""
    names = set(VARIABLES) | {"ansi-background", "ansi-foreground"}
    for ansi in (False, True):
        names.update(Theme(name="", primary="#808080", ansi=ansi).to_color_system().generate())
    return frozenset(names)


def name_problem(name: object) -> str | None:
    """Why *name* cannot be a theme's name, or None."""
    if not isinstance(name, str):
        return "must be text"
    if not _NAME.fullmatch(name):
        return f"{name!r} must be small letters, digits and hyphens, at most 40"
    return None


def colour_problem(value: object) -> str | None:
    """Why *value* is no colour, or None: `#RGB`, `#RRGGBB`, `rgb(…)`, `hsl(…)`, a CSS name, `ansi_red` and the like."""
    if not isinstance(value, str):
        return 'must be a colour in quotes, such as "#6cb2c9"'
    try:
        Color.parse(value)
    except ColorParseError:
        return f'{value!r} is not a colour: write "#RRGGBB", a CSS colour name, or ansi_red and the like'
    return None


def variable_problem(name: str, value: object) -> str | None:
    """Why *value* cannot be the theme variable *name*, or None; names that end in -style take text styles."""
    if not isinstance(value, str):
        return "must be text in quotes"
    if name.endswith("-style"):
        unknown = [word for word in value.split() if word not in _TEXT_STYLES]
        return f"{unknown[0]!r} is not a text style" if unknown or not value.split() else None
    colour = _PERCENT.sub("", value)
    if colour in ("initial", "auto", "transparent"):
        return None
    return colour_problem(colour)


def number_problem(value: object) -> str | None:
    """Why *value* is no number from 0 to 1, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        return "must be a number from 0 to 1"
    return None
