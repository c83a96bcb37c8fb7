"""Decides what of a build context is left out, by the rules of .dockerignore files."""

import re
from collections.abc import Sequence
from pathlib import Path
from posixpath import normpath
from typing import Final

MAX_IGNORE_FILE: Final = 4 << 20
_NAME: Final = ".dockerignore"
_WILD: Final = re.compile(r"[*?\[\]\\]")
_ANYTHING: Final = "(?s:.*)"


class IgnoreError(ValueError):
    """A pattern that cannot be read; the message names it."""


class Pattern:
    """One line of a .dockerignore file; `exception` where it starts with an exclamation mark."""

    __slots__ = ("exception", "expression", "parts", "text")

    def __init__(self, text: str) -> None:
        self.exception = text.startswith("!")
        self.text = text[1:] if self.exception else text
        self.expression = re.compile(_translate(self.text))
        self.parts = [None if part == "**" else re.compile(_translate(part)) for part in _parts(self.text)]

    def may_match_below(self, folder: str) -> bool:
        """Whether a path in `folder` could match: not so where a part of both differs."""
        for part, wanted in zip(folder.split("/"), self.parts, strict=False):
            if wanted is None:
                return True
            if not wanted.fullmatch(part):
                return False
        return True


class IgnoreMatcher:
    """Matches paths against the patterns in order: the last one that matches decides.

    A pattern that matches a folder matches all that is in it. Rules: docs.docker.com, "dockerignore file".
    """

    def __init__(self, patterns: Sequence[str], *, classic: bool = False) -> None:
        """`patterns`: as `parse_ignore` returns them. Raises IgnoreError.

        `classic`: as the docker CLI does for the classic builder, which looks into a folder that is left out only where
        an exception begins with its very name: `!**/README` brings nothing back from it.
        """
        self._classic = classic
        self._patterns = [Pattern(text) for text in patterns]
        self._exceptions = [pattern for pattern in self._patterns if pattern.exception]
        plain = "|".join(f"(?:{pattern.expression.pattern})" for pattern in self._patterns)
        self._plain = re.compile(plain) if plain and not self._exceptions else None

    def root(self) -> "Matches":
        """What the patterns say of the context itself, to start a walk with."""
        return (False,) * len(self._patterns)

    def match(self, path: str, above: "Matches") -> tuple[bool, "Matches"]:
        """Whether a path is left out, and what to pass on for those in it; `above` is its folder's."""
        if self._plain is not None:
            return self._plain.fullmatch(path) is not None, above
        excluded = False
        matches: list[bool] = []
        for pattern, inherited in zip(self._patterns, above, strict=True):
            # as Docker does: a pattern that would change nothing is not looked at, and so says nothing of what is below
            matched = inherited or (pattern.exception == excluded and pattern.expression.fullmatch(path) is not None)
            matches.append(matched)
            if matched:
                excluded = not pattern.exception
        return excluded, tuple(matches)

    def descends(self, folder: str) -> bool:
        """Whether something in a folder that is left out could be brought back by an exception."""
        if self._classic:
            return any(f"{pattern.text}/".startswith(f"{folder}/") for pattern in self._exceptions)
        return any(pattern.may_match_below(folder) for pattern in self._exceptions)

    def excludes(self, path: str) -> bool:
        """Whether a path is left out, without a walk."""
        above = self.root()
        excluded = False
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            excluded, above = self.match("/".join(parts[:depth]), above)
            if excluded and not self._exceptions:
                return True
        return excluded


Matches = tuple[bool, ...]


class IncludeMatcher:
    """Matches the paths that are asked for: what a pattern matches, and all that is in it."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """`patterns`: in the language of ignore files, cleaned, without exceptions. Raises IgnoreError."""
        self._patterns = [Pattern(text) for text in patterns]

    def match(self, path: str, above: bool) -> bool:
        """Whether a path is asked for; `above` says it of its folder."""
        return above or any(pattern.expression.fullmatch(path) for pattern in self._patterns)

    def descends(self, folder: str) -> bool:
        """Whether something in a folder that is not asked for could be."""
        return any(pattern.may_match_below(folder) for pattern in self._patterns)


def parse_ignore(text: str) -> list[str]:
    """Returns the patterns of a .dockerignore file, cleaned as the docker CLI does. Raises IgnoreError."""
    patterns: list[str] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        pattern = line.strip()
        if line.startswith("#") or not pattern:
            continue
        exception = pattern.startswith("!")
        if exception:
            pattern = pattern[1:].strip()
        cleaned = clean_pattern(pattern) if pattern else ""
        if exception:
            cleaned = normpath(f"!{cleaned}")  # Docker cleans it again with its mark on: "!../../a" becomes "a"
            if cleaned == "!":  # nothing was behind it, or the root
                raise IgnoreError(f"{line.strip()!r} names nothing: write the pattern of the exception behind the '!'")
        patterns.append(cleaned)
    return patterns


def clean_pattern(pattern: str) -> str:
    """Returns a pattern without a slash at its ends, dots and doubled slashes."""
    cleaned = normpath(pattern)
    return cleaned.lstrip("/") if len(cleaned) > 1 else cleaned


def find_ignore_file(folder: Path, dockerfile: Path) -> Path | None:
    """Returns the ignore file that counts: the Dockerfile's own, `<Dockerfile>.dockerignore`, before the context's."""
    for path in (dockerfile.with_name(dockerfile.name + _NAME), folder / _NAME):
        if path.is_file():
            return path
    return None


def read_ignore(path: Path) -> list[str]:
    """Returns the patterns of an ignore file. Raises OSError and IgnoreError."""
    with path.open("rb") as file:
        data = file.read(MAX_IGNORE_FILE + 1)
    if len(data) > MAX_IGNORE_FILE:
        raise IgnoreError(f"{path} has more than {MAX_IGNORE_FILE} bytes")
    return parse_ignore(data.decode("utf-8", "surrogateescape"))


def _parts(pattern: str) -> list[str]:
    """The parts of a pattern up to one that does not stand on its own, such as `a**` or a class with a slash in it."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if part != "**" and ("**" in part or "[" in part):
            return [*parts, "**"]
        parts.append(part)
    return parts


def _translate(pattern: str) -> str:
    """The regular expression of a pattern, for a whole path with slashes."""
    # as Docker does since 23.0: where "**" at one end is all that is wild, the rest is taken as the path's other end
    ending, beginning = pattern.removeprefix("**"), pattern.removesuffix("**")
    if ending != pattern and not _WILD.search(ending):
        return f"(?:{_ANYTHING}/)?{re.escape(ending[1:])}" if ending[:1] == "/" else _ANYTHING + re.escape(ending)
    if beginning != pattern and not _WILD.search(beginning):
        return re.escape(beginning) + _ANYTHING
    out: list[str] = []
    place, end = 0, len(pattern)
    while place < end:
        character = pattern[place]
        place += 1
        if character == "*":
            if pattern.startswith("*", place):
                place += 1
                last = place >= end
                if pattern.startswith("/", place):
                    place += 1
                out.append(".*" if last else "(?:.*/)?")
            else:
                out.append("[^/]*")
        elif character == "?":
            out.append("[^/]")
        elif character == "[":
            text, place = _character_class(pattern, place)
            out.append(text)
        elif character == "\\":
            if place >= end:
                raise IgnoreError(f"the pattern {pattern!r} ends in a backslash")
            out.append(_escaped(pattern[place], pattern))
            place += 1
        else:
            out.append(re.escape(character))
    return "".join(out)


def _escaped(character: str, pattern: str) -> str:
    """What a character behind a backslash means: Docker hands the two to its regular expressions as they are."""
    if character in "dDsSwW":
        return f"(?a:\\{character})"
    if character.isascii() and character.isalnum():
        raise IgnoreError(f"the pattern {pattern!r} has a backslash before {character!r}, which has no meaning")
    return re.escape(character)


def _character_class(pattern: str, place: int) -> tuple[str, int]:
    """The characters up to the closing bracket, as a regular expression's class; and the place behind it."""
    negated = pattern.startswith("^", place)
    place += negated
    members: list[str] = []
    while place < len(pattern) and (pattern[place] != "]" or not members):
        low, place = _member(pattern, place)
        high = low
        if pattern.startswith("-", place) and not pattern.startswith("]", place + 1):
            high, place = _member(pattern, place + 1)
        if high < low:
            raise IgnoreError(f"the pattern {pattern!r} has a range that runs backwards")
        members.append(f"{re.escape(low)}-{re.escape(high)}")
    if place >= len(pattern):
        raise IgnoreError(f"the pattern {pattern!r} has a bracket that is not closed")
    return f"[{'^' if negated else ''}{''.join(members)}]", place + 1


def _member(pattern: str, place: int) -> tuple[str, int]:
    if pattern.startswith("\\", place):
        place += 1
    if place >= len(pattern) or pattern[place] == "-":
        raise IgnoreError(f"the pattern {pattern!r} has a bracket that cannot be read")
    return pattern[place], place + 1
