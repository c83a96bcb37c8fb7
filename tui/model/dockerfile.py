"""Finds the line of a Dockerfile that a step of a build comes from."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tui.model.build import BuildStep
from tui.model.reference import DEFAULT_DOMAIN, check_reference, parse_reference

_DIRECTIVE: Final = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*", re.ASCII)
_HEREDOC: Final = re.compile(r"""<<(-?)\s*(["']?)([a-zA-Z_][\w.]*)\2""")
_STAGE_NAME: Final = re.compile(r"\s+as\s+(\S+)\s*$", re.IGNORECASE)
_BASE: Final = re.compile(r"(?:--\S+\s+)*(\S+)")
_FROM_OPTION: Final = re.compile(r"(?:--from=|--mount=\S*?\bfrom=)([^\s,]+)")
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)[^}]*\})", re.ASCII)
_NUMBERED: Final = frozenset({"FROM", "RUN", "COPY", "ADD", "WORKDIR"})


class Instruction(msgspec.Struct, frozen=True):
    """One instruction; `line` and `last_line` count from 1."""

    keyword: str
    text: str
    line: int
    last_line: int


def parse_dockerfile(text: str) -> list[Instruction]:
    """Returns the instructions, continued lines and here-documents included. It judges no syntax."""
    lines = text.splitlines()
    escape = _escape_character(lines)
    instructions: list[Instruction] = []
    place = 0
    while place < len(lines):
        start = place
        content, place = _logical_line(lines, place, escape)
        if not content:
            continue
        words = content.split(None, 1)
        keyword = words[0].upper()
        if keyword in ("RUN", "COPY", "ADD"):
            place = _behind_heredocs(lines, place, content)
        instructions.append(Instruction(keyword, words[1] if len(words) > 1 else "", start + 1, place))
    return instructions


def line_of(dockerfile: str, step: BuildStep) -> int | None:
    """Returns the line of the Dockerfile, from 1, that `step` comes from, or None where it cannot be told.

    The classic builder counts all instructions; BuildKit counts those of a stage that have a file system.
    """
    keyword = step.name.split(None, 1)[0].upper() if step.name.strip() else ""
    if not step.number or step.internal:
        return None
    instructions = parse_dockerfile(dockerfile)
    stages = _stages(instructions)
    if step.id.startswith(":"):
        candidates = [instructions]
    else:
        names = {_name(stage, number) for number, stage in enumerate(stages)}
        candidates = [_numbered(stage, names) for stage in _matching(stages, step.stage)]
    for candidate in candidates:
        if len(candidate) >= step.number and candidate[step.number - 1].keyword == keyword:
            return candidate[step.number - 1].line
    return None


def registries_of(dockerfile: str, arguments: Mapping[str, str]) -> set[str]:
    """Returns the registries that a build may fetch images from; Docker Hub's is the empty text.

    `arguments` are those of the build: they, and the defaults in the file, may stand in the name of an image.
    """
    known: dict[str, str] = {}
    stages: set[str] = set()
    found: set[str] = set()
    for instruction in parse_dockerfile(dockerfile):
        names: list[str] = []
        if instruction.keyword == "ARG":
            name, _, default = instruction.text.partition("=")
            known[name.strip()] = arguments.get(name.strip(), default.strip("'\""))
        elif instruction.keyword == "FROM" and (base := _BASE.match(instruction.text)):
            names = [base[1]]
        else:
            names = _FROM_OPTION.findall(instruction.text)
        for name in names:
            expanded = _VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), name)
            if expanded.lower() not in stages | {"scratch"} and not check_reference(expanded):
                domain = parse_reference(expanded).domain
                found.add("" if domain == DEFAULT_DOMAIN else domain)
        if stage := _STAGE_NAME.search(instruction.text):
            stages.add(stage[1].lower())
    return found


def _escape_character(lines: list[str]) -> str:
    for line in lines:
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape":
            return directive[2]
    return "\\"


def _logical_line(lines: list[str], place: int, escape: str) -> tuple[str, int]:
    """Returns an instruction with its continued lines joined, and the place behind it; empty for what is none."""
    content = ""
    continued = False
    while place < len(lines):
        line = lines[place]
        place += 1
        if continued and (not line.strip() or line.lstrip().startswith("#")):
            continue  # blanks and comments between continued lines are no part of them
        if not continued and line.lstrip().startswith("#"):
            return "", place
        stripped = line.rstrip()
        continued = stripped.endswith(escape)
        content += stripped[:-1] if continued else stripped
        if not continued:
            break
    return content.strip(), place


def _behind_heredocs(lines: list[str], place: int, content: str) -> int:
    """Returns the place behind the here-documents that an instruction opens; an open one is none."""
    end = place
    for dash, _, name in _HEREDOC.findall(content):
        while end < len(lines):
            end += 1
            if (lines[end - 1].lstrip("\t") if dash else lines[end - 1]) == name:
                break
        else:
            return place
    return end


def _stages(instructions: list[Instruction]) -> list[list[Instruction]]:
    stages: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    return stages


def _matching(stages: list[list[Instruction]], name: str) -> list[list[Instruction]]:
    """The stages that BuildKit calls `name`, which may carry a platform in front; the later ones first."""
    wanted = name.split()[-1].lower() if name else ""
    found: list[list[Instruction]] = []
    for number, stage in enumerate(stages):
        if _name(stage, number) == wanted or (len(stages) == 1 and not wanted):
            found.insert(0, stage)
    return found


def _name(stage: list[Instruction], number: int) -> str:
    given = _STAGE_NAME.search(stage[0].text)
    return given[1].lower() if given else f"stage-{number}"


def _numbered(stage: list[Instruction], names: set[str]) -> list[Instruction]:
    """The instructions that BuildKit numbers: those with a file system, but for a FROM that goes on from a stage."""
    numbered = [instruction for instruction in stage if instruction.keyword in _NUMBERED]
    base = _BASE.match(stage[0].text)
    return numbered[1:] if base and base[1].lower() in names | {"scratch"} else numbered
