"""A Dockerfile as it is shown beside a build: its syntax in tones, and how far each instruction is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from tui.model.build import BuildState
from tui.model.dockerfile import Instruction, source_lines
from tui.model.dockerfile_map import map_of
from tui.present.units import duration

Span = tuple[str, str]

MOST_LINES = 20_000
_TOKENS = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'[^']*')"""
    r"|(?P<variable>\$(?:\w+|\{[^}]*\}))"
    r"|(?P<flag>(?<!\S)--?[A-Za-z][\w-]*)"
    r"|(?P<heredoc>(?<!\S)\d*<<-?[\"']?[\w.-]+[\"']?)"
    r"|(?P<as>(?<=\s)(?i:as)(?=\s))"
    r"|(?P<number>(?<![\w./:-])\d+(?:\.\d+)*(?![\w./:-]))"
    r"|(?P<operator>&&|\|\||[|;]|[\\`]$)"
)
_TONES = {
    "string": "string",
    "variable": "constant",
    "flag": "accent",
    "heredoc": "constant",
    "as": "key",
    "number": "number",
    "operator": "dim",
}
_KEYWORD = re.compile(r"(\s*)([A-Za-z]+)(.*)", re.DOTALL)
_DIRECTIVE = re.compile(r"#\s*(?:syntax|escape|check)\s*=", re.IGNORECASE)


class SourceRow(msgspec.Struct, frozen=True):
    """One line. On an instruction's first line `state` is how far it is, and `note` what to say of it at its end."""

    number: int
    spans: tuple[Span, ...]
    state: str = ""
    note: str = ""
    warned: bool = False


def source_rows(dockerfile: str, build: BuildState) -> list[SourceRow]:
    """Return the lines of a Dockerfile, each instruction marked with how far it is in a build."""
    marks = map_of(dockerfile).marks(build)
    warned = {warning.line for warning in build.warnings}
    failed = build.failure.dockerfile_line if build.failure is not None else None
    rows: list[SourceRow] = []
    for number, spans in enumerate(_coloured(dockerfile), 1):
        mark = marks.get(number)
        state = mark.state.value if mark is not None else ""
        if number == failed and not build.failed_step:
            state = "failed"
        note = duration(mark.seconds) if mark is not None and mark.seconds and mark.seconds >= 0.05 else ""
        rows.append(SourceRow(number, spans, state, note, number in warned))
    return rows


_COLOURED: dict[str, list[tuple[Span, ...]]] = {}


def _coloured(dockerfile: str) -> list[tuple[Span, ...]]:
    """The lines in tones, made once for a text."""
    found = _COLOURED.get(dockerfile)
    if found is None:
        if len(_COLOURED) >= 8:
            _COLOURED.clear()
        found = _COLOURED[dockerfile] = list(_colour(dockerfile))
    return found


def _colour(dockerfile: str) -> Iterator[tuple[Span, ...]]:
    lines = [line.expandtabs(4) for line in source_lines(dockerfile)[:MOST_LINES]]
    instructions = map_of(dockerfile).instructions
    inside: Mapping[int, Instruction] = {
        line: instruction
        for instruction in instructions
        for line in range(instruction.line, min(instruction.last_line, MOST_LINES) + 1)
    }
    bodies = {
        line
        for instruction in instructions
        for line in range(instruction.own_last_line + 1, min(instruction.last_line, MOST_LINES) + 1)
    }
    for number, line in enumerate(lines, 1):
        instruction = inside.get(number)
        if number in bodies:
            yield ((line, "string"),)
        elif line.lstrip().startswith("#"):
            yield ((line, "accent" if instruction is None and _DIRECTIVE.match(line.lstrip()) else "dim"),)
        elif instruction is None:
            yield ((line, ""),)
        elif number == instruction.line and (parts := _KEYWORD.fullmatch(line)):
            yield ((parts[1], ""), (parts[2], "key"), *_tokens(parts[3]))
        else:
            yield tuple(_tokens(line))


def _tokens(text: str) -> Iterator[Span]:
    at = 0
    for match in _TOKENS.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], ""
        yield match[0], _TONES[match.lastgroup or "operator"]
        at = match.end()
    if at < len(text):
        yield text[at:], ""
