"""How bad a log line is, guessed from what programs write: JSON fields, logfmt, and the common forms of plain text."""

from __future__ import annotations

import enum
import re
from typing import Final


class Level(enum.IntEnum):
    """The levels, from the least; UNKNOWN where a line does not tell."""

    UNKNOWN = 0
    TRACE = 1
    DEBUG = 2
    INFO = 3
    WARN = 4
    ERROR = 5
    FATAL = 6


_WORDS: Final = {
    "trace": Level.TRACE, "trc": Level.TRACE, "verbose": Level.TRACE, "finest": Level.TRACE, "finer": Level.TRACE,
    "silly": Level.TRACE,
    "debug": Level.DEBUG, "dbg": Level.DEBUG, "debu": Level.DEBUG, "fine": Level.DEBUG,
    "debug1": Level.DEBUG, "debug2": Level.DEBUG, "debug3": Level.DEBUG, "debug4": Level.DEBUG, "debug5": Level.DEBUG,
    "info": Level.INFO, "inf": Level.INFO, "information": Level.INFO, "informational": Level.INFO,
    "notice": Level.INFO, "note": Level.INFO, "log": Level.INFO, "config": Level.INFO, "statement": Level.INFO,
    "warn": Level.WARN, "warning": Level.WARN, "wrn": Level.WARN,
    "error": Level.ERROR, "err": Level.ERROR, "eror": Level.ERROR, "severe": Level.ERROR, "failure": Level.ERROR,
    "fatal": Level.FATAL, "ftl": Level.FATAL, "critical": Level.FATAL, "crit": Level.FATAL, "emerg": Level.FATAL,
    "emergency": Level.FATAL, "alert": Level.FATAL, "panic": Level.FATAL, "fata": Level.FATAL, "pani": Level.FATAL,
}  # fmt: skip

LOOKED_AT: Final = 512
"""Characters of a line in which its level is looked for."""

_FIELD: Final = re.compile(
    r'"(?:level|lvl|severity|loglevel|log\.level|levelname|@l|log_level|priority)"\s*:\s*"?([A-Za-z]+|\d+)',
    re.IGNORECASE,
)
_LOGFMT: Final = re.compile(r'(?:^|[\s,;|])(?:level|lvl|severity|loglevel)="?([A-Za-z]+|\d+)', re.IGNORECASE)
# glog's and klog's `E1124 07:15:35.123456`, and Android's and .NET's short letters before a tag
_GLOG: Final = re.compile(r"^([IWEFD])\d{4} \d\d:\d\d:\d\d")
_SYSLOG: Final = re.compile(r"^<(\d{1,3})>")
_NAMES: Final = "|".join(sorted(_WORDS, key=len, reverse=True))
# a word in capitals, or in brackets, or before a colon: `ERROR`, `[error]`, `error:`, `<warn>`, `| INFO |`
_CAPITALS: Final = re.compile(rf"(?<![\w./-])({_NAMES.upper()})(?![\w./-]|\s*=)")
_BRACKETS: Final = re.compile(rf"[\[<(|]\s*({_NAMES})\s*[\]>)|:]", re.IGNORECASE)
_COLON: Final = re.compile(rf"(?:^|[\s\]])({_NAMES})(?:\[\d+\])?:(?=\s|$)", re.IGNORECASE)
_START: Final = re.compile(rf"^({_NAMES})\b(?=\s)", re.IGNORECASE)
_SHORT: Final = re.compile(r"^(?:\S*\d\S*[ \t]+){1,2}([TDIWEFC])(?=[ \t/]|\])")
_FAILING: Final = re.compile(
    r"^(?:Traceback \(most recent call last\)|panic: |Exception in thread|Unhandled |goroutine )"
)
_SPACE: Final = (" ", "\t")
_GOES_ON: Final = (" ", "\t", "Caused by:", "... ", "at ", "}", ")")

_LETTERS: Final = {
    "T": Level.TRACE, "D": Level.DEBUG, "I": Level.INFO, "W": Level.WARN, "E": Level.ERROR, "F": Level.FATAL,
    "C": Level.FATAL,
}  # fmt: skip


def level_of(line: str) -> Level:
    """Return the level that a line (without colours) tells, or UNKNOWN."""
    return find_level(line)[0]


def find_level(line: str) -> tuple[Level, int, int]:
    """Return the level of a line, and from where to where it says so; (UNKNOWN, 0, 0) where it does not."""
    if len(line) > LOOKED_AT:
        line = line[:LOOKED_AT]
    if '"' in line and (match := _FIELD.search(line)) is not None:
        level = _named(match[1]) if match[1].isalpha() else _numbered(int(match[1]))
        return level, *match.span(1)
    if "=" in line and (match := _LOGFMT.search(line)) is not None:
        level = _named(match[1]) if match[1].isalpha() else _numbered(int(match[1]))
        if level is not Level.UNKNOWN:
            return level, *match.span(1)
    for pattern in (_CAPITALS, _BRACKETS, _COLON, _START):
        if (match := pattern.search(line)) is not None:
            return _named(match[1]), *match.span(1)
    if (match := _GLOG.match(line) or _SHORT.match(line)) is not None:
        return _LETTERS[match[1]], *match.span(1)
    if (match := _SYSLOG.match(line)) is not None:
        return _syslog(int(match[1]) & 7), *match.span()
    if _FAILING.match(line):
        return Level.ERROR, 0, 0
    return Level.UNKNOWN, 0, 0


def goes_on(line: str) -> bool:
    """Return whether a line belongs to the one before: a stack trace, or a text that was broken."""
    return line.startswith(_GOES_ON)


def _named(word: str) -> Level:
    return _WORDS.get(word.lower(), Level.UNKNOWN)


def _numbered(number: int) -> Level:
    """A number as a level: bunyan's and pino's tens, or syslog's from 0 to 7."""
    if number >= 10:
        return Level(min(Level.FATAL, max(Level.TRACE, number // 10)))
    return _syslog(number) if number <= 7 else Level.UNKNOWN


def _syslog(severity: int) -> Level:
    if severity <= 2:
        return Level.FATAL
    return {3: Level.ERROR, 4: Level.WARN, 5: Level.INFO, 6: Level.INFO}.get(severity, Level.DEBUG)


_BAD: Final = re.compile(
    "warn|wrn|err|eror|severe|fail|fatal|ftl|fata|crit|emerg|alert|pani|traceback|exception in|unhandled |goroutine "
)
_LOW: Final = re.compile("debu|dbg|trace|trc|verbose|fine|silly")
_BAD_LETTER: Final = re.compile(r"[ \t][WEFC][ \t/\]]")
_LOW_LETTER: Final = re.compile(r"[ \t][TD][ \t/\]]")
_BAD_FIRST: Final = frozenset("WEF<")
_LOW_FIRST: Final = frozenset("D<")
_NUMBER: Final = re.compile(r'(?:level|lvl|severity|priority|@l)"?\s*[:=]\s*"?\d')
_NUMBERED_FIELDS: Final = ("level", "lvl", "severity", "priority", "@l")


def lines_at_least(text: str, least: Level, *, goes_on_from: bool | None = None) -> list[int]:
    """Return which lines of a text pass a filter for a level: their indexes, in order.

    From WARN on, those that tell such a level or a worse one; below that, all but those that tell a lower one. A line
    that goes on from the one before passes with it; `goes_on_from` tells it of the line before the first, None where
    there is none.
    """
    lines = text.split("\n")
    bad = least >= Level.WARN
    telling = _telling(text, lines, bad, least)
    going_on = [at for at, line in enumerate(lines) if line[:1] in _FIRST_OF_GOING_ON and goes_on(line)]
    chosen = set(telling)
    # with the lines that tell a level, or with the line before the first, go those that go on from them
    for at in going_on:
        if at in telling:
            continue
        if (at - 1 in chosen) if at else goes_on_from is not None and goes_on_from == bad:
            chosen.add(at)
    return sorted(chosen) if bad else [at for at in range(len(lines)) if at not in chosen]


_FIRST_OF_GOING_ON: Final = frozenset(" \tC.a})")


def _telling(text: str, lines: list[str], bad: bool, least: Level) -> set[int]:
    """The lines that tell a level from `least` on (with `bad`), or below it."""
    low = text.lower()
    first = _BAD_FIRST if bad else _LOW_FIRST
    places = {at for at, line in enumerate(lines) if line[:1] in first}
    searches = [(_BAD, low), (_BAD_LETTER, text)] if bad else [(_LOW, low), (_LOW_LETTER, text)]
    if any(field in low for field in _NUMBERED_FIELDS):
        searches.append((_NUMBER, low))
    for pattern, searched in searches:
        line = counted = 0
        for match in pattern.finditer(searched):
            line += searched.count("\n", counted, match.start())
            counted = match.start()
            places.add(line)
    if bad:
        return {at for at in places if level_of(lines[at]) >= least}
    return {at for at in places if Level.UNKNOWN < level_of(lines[at]) < least}
