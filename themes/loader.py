"""Loads the themes: the TOML files beside this module, then the user's, each checked key by key.

A theme file is a few lines of TOML: `name`, `dark`, `primary` and whichever other colours it wants to set, and a table
`[variables]` for single things such as the row under the cursor. `themes/schema.py` lists the keys and variables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from textual.theme import Theme

from themes import schema
from themes.toml_file import TomlFile, TomlFileError, did_you_mean, read_toml, type_name

BUILT_IN_FOLDER = Path(__file__).parent
DEFAULT_THEME = "hythe-dark"
ANSI_THEME = "ansi-16"
MAX_FILES = 200


@dataclass(frozen=True)
class ThemeProblem:
    """Something wrong in a theme file: the file, the line from 1 where there is one, the key, and what to do."""

    file: Path
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


def load_themes(user_folder: Path | None = None) -> tuple[list[Theme], list[ThemeProblem]]:
    """Every theme, the user's last, and what was wrong in their files; never raises.

    A user's theme replaces the built-in one of the same name. A wrong key is left out and the rest of the file counts;
    a file without a usable name or primary colour gives no theme.
    """
    themes: dict[str, Theme] = {}
    problems: list[ThemeProblem] = []
    for folder in (BUILT_IN_FOLDER, user_folder):
        seen: dict[str, Path] = {}
        for path in _theme_files(folder, problems):
            theme, wrong = read_theme(path)
            problems.extend(wrong)
            if theme is None:
                continue
            if theme.name in seen:
                message = f"{theme.name!r} is also the name in {seen[theme.name].name}, which is used"
                problems.append(ThemeProblem(path, None, "name", message))
                continue
            seen[theme.name] = path
            themes.pop(theme.name, None)
            themes[theme.name] = theme
    return list(themes.values()), problems


def load_built_in(name: str) -> Theme | None:
    """The theme *name* from its own file beside this module, or None when there is none."""
    path = BUILT_IN_FOLDER / f"{name}.toml"
    if schema.name_problem(name) is not None or not path.is_file():
        return None
    theme, _ = read_theme(path)
    return theme if theme is not None and theme.name == name else None


def _theme_files(folder: Path | None, problems: list[ThemeProblem]) -> list[Path]:
    """The TOML files of *folder* by name; an absent folder has none, one that cannot be read is a problem."""
    if folder is None:
        return []
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(ThemeProblem(folder, None, "", error.strerror or str(error)))
        return []
    if len(files) > MAX_FILES:
        problems.append(
            ThemeProblem(folder, None, "", f"holds {len(files)} themes: only the first {MAX_FILES} are read")
        )
    return files[:MAX_FILES]


def read_theme(path: Path) -> tuple[Theme | None, list[ThemeProblem]]:
    """The theme in the file *path*, None when it has no usable name or primary colour, and what was wrong."""
    try:
        source = read_toml(path)
    except TomlFileError as error:
        return None, [ThemeProblem(path, error.line, "", error.message)]
    reader = _Reader(source)
    theme = reader.theme()
    return theme, reader.problems


class _Reader:
    """Checks one theme file key by key, keeping what is right and noting what is not."""

    def __init__(self, source: TomlFile) -> None:
        self.source = source
        self.problems: list[ThemeProblem] = []

    def note(self, message: str, *key: str) -> None:
        """Record a problem with the dotted *key*."""
        self.problems.append(ThemeProblem(self.source.path, self.source.line_of(*key), ".".join(key), message))

    def theme(self) -> Theme | None:
        """The theme, or None without a usable name or primary colour."""
        for key in self.source.data:
            if key not in schema.KEYS:
                self.note(f"unknown key{did_you_mean(key, schema.KEYS)}", key)
        name = self.value("name", schema.name_problem)
        variables = self.variables()
        arguments: dict[str, Any] = {}
        for key in schema.COLOURS:
            if (colour := self.value(key, schema.colour_problem)) is not None:
                arguments[key] = colour
        for key in schema.FLAGS:
            if (flag := self.value(key, _flag_problem)) is not None:
                arguments[key] = flag
        for key in ("luminosity_spread", "text_alpha"):
            if (number := self.value(key, schema.number_problem)) is not None:
                arguments[key] = number
        for key in ("name", "primary"):
            if key not in self.source.data:
                self.note(f"a theme needs a {key}", key)
        if name is None or "primary" not in arguments:
            return None
        theme = Theme(name=str(name), variables=variables, **arguments)
        theme.variables = schema.variable_defaults(theme) | variables
        return theme

    def value(self, key: str, problem: Callable[[object], str | None]) -> object:
        """The value of *key*; None when it is absent, or wrong, which is noted."""
        if key not in self.source.data:
            return None
        value = self.source.data[key]
        if (message := problem(value)) is not None:
            self.note(message, key)
            return None
        return value

    def variables(self) -> dict[str, str]:
        """The theme's variables that are known and right."""
        table = self.source.data.get("variables", {})
        if not isinstance(table, dict):
            self.note(f"must be a table, [variables], not {type_name(table)}", "variables")
            return {}
        right: dict[str, str] = {}
        known = schema.known_variables()
        for name, value in cast("dict[str, object]", table).items():
            if name not in known:
                self.note(f"unknown variable{did_you_mean(name, known)}", "variables", name)
            elif (message := schema.variable_problem(name, value)) is not None:
                self.note(message, "variables", name)
            else:
                right[name] = str(value)
        return right


def _flag_problem(value: object) -> str | None:
    return None if isinstance(value, bool) else f"must be true or false, not {type_name(value)}"
