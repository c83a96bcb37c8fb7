"""An instruction of an image's history: its colours, and the line of the Dockerfile that it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tui.model.dockerfile import keyword_in_history
from tui.model.dockerfile_map import map_of

Span = tuple[str, str]

_PARTS: Final = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<constant>(?<!\S)--?[A-Za-z][\w.-]*=?)"""
    r"""|(?P<number>\$\{[^}]*\}|\$\w+)|(?P<accent>&&|\|\||[;|](?=\s))"""
)
_IN_SOME_HISTORIES: Final = frozenset({"ARG", "ONBUILD"})
"""BuildKit writes no ONBUILD into the history, and some builders no ARG."""
_MOST: Final = 400
"""Characters that are coloured: a line of a terminal shows no more."""


def instruction_spans(instruction: str, *, dim: bool = False) -> list[Span]:
    """Return an instruction on one line in colours: its keyword, options, strings, variables and operators."""
    word, space, rest = instruction.partition(" ")
    if dim:
        return [(instruction, "dim")]
    spans: list[Span] = [(word, "key")]
    shown, hidden = rest[:_MOST], rest[_MOST:]
    at = 0
    for found in _PARTS.finditer(shown):
        spans += [(shown[at : found.start()], ""), (found[0], found.lastgroup or "")]
        at = found.end()
    spans += [(shown[at:], ""), (hidden, "")]
    return [(word, "key"), (space, ""), *(span for span in spans[1:] if span[0])]


def dockerfile_lines(text: str, target: str, instructions: Sequence[str]) -> list[int | None]:
    """Return for each entry of a history, the oldest first, its line of the Dockerfile it was built from, from 1.

    `target` is the stage that was built, empty for the last one. What stands below the Dockerfile's own instructions,
    in the base image, has no line.
    """
    mapped = map_of(text)
    built = [instruction for number in mapped.chain(target) for instruction in mapped.stages[number][1:]]
    lines: list[int | None] = [None] * len(instructions)
    place = len(instructions) - 1
    for instruction in reversed(built):
        if place < 0:
            break
        if keyword_in_history(instructions[place]) != instruction.keyword:
            if instruction.keyword in _IN_SOME_HISTORIES:
                continue
            break
        lines[place] = instruction.line
        place -= 1
    return lines
