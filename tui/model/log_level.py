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
# possessive: two long words of digits would else be tried in every way to cut them
_SHORT: Final = re.compile(r"^(?:[^\s\d]*+\d\S*+[ \t]+){1,2}([TDIWEFC])(?=[ \t/]|\])")
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


# each begins with one letter, which is searched for ten times as fast as several words; what is before it comes last
_BAD: Final = (
    re.compile(
        "r(?:n(?<=wrn)|n(?<=warn)|r(?<=err)|or(?<=eror)|e(?<=severe)|it(?<=crit)|g(?<=emerg)|t(?<=alert)"
        "|aceback|outine )"
    ),
    re.compile("f(?:ail|ata|tl)"),
    re.compile("pani"),
    re.compile("exception in"),
    re.compile("unhandled "),
)
_LOW: Final = tuple(map(re.compile, ("d(?:ebu|bg)", "tr(?:ace|c)", "verbose", "fine", "silly")))
# the letter comes before what is around it: it is rarer, and searched for faster
_BAD_LETTER: Final = re.compile(r"[WEFC](?<=[ \t].)[ \t/\]]")
_LOW_LETTER: Final = re.compile(r"[TD](?<=[ \t].)[ \t/\]]")
_BAD_FIRST: Final = re.compile(r"\n[WEF<]")
_LOW_FIRST: Final = re.compile(r"\n[D<]")
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
    started = f"\n{text}"
    telling = _telling(text, started, lines, bad, least)
    going_on = [at for at in sorted(_lines_with(_MAY_GO_ON, started, -1)) if goes_on(lines[at])]
    chosen = set(telling)
    # with the lines that tell a level, or with the line before the first, go those that go on from them
    for at in going_on:
        if at in telling:
            continue
        if (at - 1 in chosen) if at else goes_on_from is not None and goes_on_from == bad:
            chosen.add(at)
    return sorted(chosen) if bad else [at for at in range(len(lines)) if at not in chosen]


_MAY_GO_ON: Final = re.compile(r"\n[ \tC.a})]")


def _telling(text: str, started: str, lines: list[str], bad: bool, least: Level) -> set[int]:
    """The lines that tell a level from `least` on (with `bad`), or below it; `started` is the text behind a newline."""
    low = text.lower()
    places = _lines_with(_BAD_FIRST if bad else _LOW_FIRST, started, -1)
    for words in _BAD if bad else _LOW:
        places |= _lines_with(words, low)
    places |= _lines_with(_BAD_LETTER if bad else _LOW_LETTER, text)
    if any(field in low for field in _NUMBERED_FIELDS):
        places |= _lines_with(_NUMBER, low)
    if bad:
        return {at for at in places if level_of(lines[at]) >= least}
    return {at for at in places if Level.UNKNOWN < level_of(lines[at]) < least}


def _lines_with(pattern: re.Pattern[str], text: str, first: int = 0) -> set[int]:
    """The numbers of the lines in which a pattern is found, or that it begins with their newline; counted from `first`.

    The text is gone through once: in a million lines there are few of them.
    """
    found: set[int] = set()
    line, counted = first, 0
    for match in pattern.finditer(text):
        line += text.count("\n", counted, match.start() + 1)
        counted = match.start() + 1
        found.add(line)
    return found
