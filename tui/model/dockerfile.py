"""Reads a Dockerfile into its instructions, judging no syntax: that is the builder's."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tui.model.reference import DEFAULT_DOMAIN, check_reference, parse_reference

_DIRECTIVE: Final = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*", re.ASCII)
_HEREDOC: Final = re.compile(r"""<<(-?)\s*(["']?)([a-zA-Z_][\w.]*)\2""")
_STAGE_NAME: Final = re.compile(r"\s+as\s+(\S+)\s*$", re.IGNORECASE)
_BASE: Final = re.compile(r"(?:--\S+\s+)*(\S+)")
_FROM_OPTION: Final = re.compile(r"(?:--from=|--mount=\S*?\bfrom=)([^\s,]+)")
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)[^}]*\})", re.ASCII)


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


def registries_of(dockerfile: str, arguments: Mapping[str, str]) -> set[str]:
    """Returns the registries that a build may fetch images from; Docker Hub's is the empty text."""
    domains = {parse_reference(name).domain for name in images_of(dockerfile, arguments)}
    return {"" if domain == DEFAULT_DOMAIN else domain for domain in domains}


def images_of(dockerfile: str, arguments: Mapping[str, str], *, bases_only: bool = False) -> dict[str, str]:
    """Returns the images that a build may fetch, each with the name that it is written by.

    `arguments` are those of the build: they, and the defaults in the file, may stand in the name of an image.
    `bases_only` leaves out what is only copied or mounted from.
    """
    known: dict[str, str] = {}
    stages: set[str] = set()
    found: dict[str, str] = {}
    for instruction in parse_dockerfile(dockerfile):
        names: list[str] = []
        if instruction.keyword == "ARG":
            name, _, default = instruction.text.partition("=")
            known[name.strip()] = arguments.get(name.strip(), default.strip("'\""))
        elif instruction.keyword == "FROM":
            names = [base_of([instruction])]
        elif not bases_only:
            names = _FROM_OPTION.findall(instruction.text)
        for name in names:
            expanded = _VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), name)
            if expanded.lower() not in stages | {"scratch"} and not check_reference(expanded):
                found[expanded] = name
        if stage := _STAGE_NAME.search(instruction.text):
            stages.add(stage[1].lower())
    return found


def stages_of(instructions: Sequence[Instruction]) -> list[list[Instruction]]:
    """Returns the instructions of each stage, its FROM first; those before the first FROM are in none."""
    stages: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    return stages


def stage_name(stage: Sequence[Instruction], number: int) -> str:
    """Returns the name of a stage in lower case: the given one, else `stage-N` as BuildKit calls it."""
    given = _STAGE_NAME.search(stage[0].text)
    return given[1].lower() if given else f"stage-{number}"


def base_of(stage: Sequence[Instruction]) -> str:
    """Returns what a stage starts from, as it is written: an image, another stage, or scratch."""
    base = _BASE.match(stage[0].text)
    return base[1] if base else ""


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
