"""What a log line is made of, where it is JSON or logfmt."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

LONGEST: Final = 1 << 20
"""Characters of a line that is taken apart."""

_LOGFMT: Final = re.compile(r'(?:^|(?<=\s))([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
_LEAST_PAIRS: Final = 2


def json_of(line: str) -> tuple[str, Any] | None:
    """Return what stands before a JSON object or array that ends a line, and its value; None where there is none."""
    if len(line) > LONGEST:
        return None
    start = min((at for at in (line.find("{"), line.find("[")) if at >= 0), default=-1)
    text = line.rstrip()
    tries = 0
    while start >= 0 and tries < 3:
        if text[-1:] in ("}", "]"):
            try:
                return line[:start].rstrip(), msgspec.json.decode(text[start:])
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                pass
        following = [at for at in (line.find("{", start + 1), line.find("[", start + 1)) if at >= 0]
        start, tries = min(following, default=-1), tries + 1
    return None


def logfmt_of(line: str) -> list[tuple[str, str]] | None:
    """Return the pairs of a line in logfmt, values without their quotes; None where it has not even two."""
    pairs: list[tuple[str, str]] = []
    for match in _LOGFMT.finditer(line[:LONGEST]):
        value = match[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        pairs.append((match[1], value))
    return pairs if len(pairs) >= _LEAST_PAIRS else None
