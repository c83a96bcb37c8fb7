"""An instruction of an image's history: its colours, and the line of the Dockerfile that it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tui.model.dockerfile import Instruction, parse_dockerfile

Span = tuple[str, str]

_PARTS: Final = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<constant>(?<!\S)--?[A-Za-z][\w.-]*=?)"""
    r"""|(?P<number>\$\{[^}]*\}|\$\w+)|(?P<accent>&&|\|\||[;|](?=\s))"""
)
_STAGE: Final = re.compile(r"\sas\s+(\S+)\s*\Z", re.IGNORECASE)
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
    built = _instructions_of(text, target)
    lines: list[int | None] = [None] * len(instructions)
    place = len(instructions) - 1
    for instruction in reversed(built):
        if place < 0:
            break
        if instructions[place].partition(" ")[0].upper() != instruction.keyword:
            if instruction.keyword == "ARG":
                continue  # the classic builder writes none into the history
            break
        lines[place] = instruction.line
        place -= 1
    return lines


def _instructions_of(text: str, target: str) -> list[Instruction]:
    """The instructions of a stage and of the stages it goes on from, in the order in which they are carried out."""
    stages: list[list[Instruction]] = []
    names: dict[str, int] = {}
    for instruction in parse_dockerfile(text):
        if instruction.keyword == "FROM":
            if named := _STAGE.search(instruction.text):
                names[named[1].lower()] = len(stages)
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    number = names.get(target.lower()) if target else len(stages) - 1
    if number is None and target.isdecimal() and int(target) < len(stages):
        number = int(target)
    found: list[Instruction] = []
    while number is not None and 0 <= number < len(stages):
        stage = stages[number]
        found = [*stage[1:], *found]
        base = next((word for word in stage[0].text.split() if not word.startswith("--")), "")
        below = names.get(base.lower())
        number = below if below is not None and below < number else None
    return found
