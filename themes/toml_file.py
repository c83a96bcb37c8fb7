"""Reads a TOML file that a person wrote, and finds the line to show them when something in it is wrong."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

MAX_BYTES = 1_000_000
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)$")
_HEADER = re.compile(r"\s*\[\[?(?P<key>[^\]#=]+)\]")
_QUOTES = ('"""', "'''")

_TYPE_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class TomlFileError(Exception):
    """A file that cannot be read as TOML: what is wrong, and the line (None when it is the whole file)."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class TomlFile:
    """The tables of a TOML file together with its text, so that a key can be traced to its line."""

    def __init__(self, path: Path, data: Mapping[str, object], text: str) -> None:
        self.path = path
        self.data = data
        self.text = text

    def line_of(self, *key: str) -> int | None:
        """The line, from 1, on which the dotted *key* stands, or the nearest table that holds it; None if nowhere."""
        lines = key_lines(self.text)
        for length in range(len(key), 0, -1):
            if (line := lines.get(key[:length])) is not None:
                return line
        return None


def read_toml(path: Path) -> TomlFile:
    """Read *path* as TOML.

    Raises:
        TomlFileError: it cannot be opened, is too large, is not UTF-8 or not TOML; names the line where there is one.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TomlFileError(error.strerror or str(error)) from error
    if len(raw) > MAX_BYTES:
        raise TomlFileError(f"larger than {MAX_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TomlFileError("not UTF-8 text", raw.count(b"\n", 0, error.start) + 1) from error
    import tomllib  # most people have no settings file, and the first names wait for what is imported

    try:
        return TomlFile(path, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = _AT_LINE.search(message)
        line = int(at[1]) if at else text.count("\n") + 1
        raise TomlFileError(f"not valid TOML: {_AT_LINE.sub('', message)}", line) from error
    except RecursionError as error:
        raise TomlFileError("nested too deeply") from error


def type_name(value: object) -> str:
    """What a person calls the type of a TOML value."""
    for kind, name in _TYPE_NAMES.items():
        if type(value) is kind:
            return name
    return "a date or time"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The words to add to a message about *word*: " (did you mean X?)" for the closest of *known*, or nothing."""
    from difflib import get_close_matches  # only ever for a mistake

    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Each dotted key of a valid TOML *text*, tables included, and the first line on which it stands.

    Keys inside inline tables are not listed: their table's line is the nearest answer.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    open_quote = ""
    for number, line in enumerate(text.splitlines(), 1):
        if open_quote:
            open_quote = "" if line.count(open_quote) % 2 else open_quote
            continue
        if header := _HEADER.match(line):
            if key := _parse_key(header["key"]):
                table = key
                found.setdefault(table, number)
            continue
        name, equals, value = line.partition("=")
        if equals and (key := _parse_key(name)):
            for length in range(1, len(key) + 1):
                found.setdefault((*table, *key[:length]), number)
            open_quote = next((quote for quote in _QUOTES if value.count(quote) % 2), "")
    return found


def _parse_key(text: str) -> tuple[str, ...]:
    """The parts of a dotted key as TOML reads them; empty when *text* is no key."""
    import tomllib

    try:
        nested: object = tomllib.loads(f"{text.strip()} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts: list[str] = []
    while isinstance(nested, dict) and nested:
        name, nested = next(iter(cast("dict[str, object]", nested).items()))
        parts.append(name)
    return tuple(parts)
