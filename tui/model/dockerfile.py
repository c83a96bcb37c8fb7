"""Reads a Dockerfile into its instructions, judging no syntax: that is the builder's."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tui.model.dockerfile_words import heredocs_of, words_of

_DIRECTIVE: Final = re.compile(r"#\s*([a-z][a-z0-9]*)\s*=\s*(.+)", re.ASCII | re.IGNORECASE)
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})
_BLANKS: Final = re.compile(r"[\t\v\f\r ]+")
_STAGE_NAME: Final = re.compile(r"\s+as\s+(\S+)\s*$", re.IGNORECASE)
_BASE: Final = re.compile(r"(?:--\S+\s+)*(\S+)")
_OPTIONS: Final = re.compile(r"(?:--\S+\s+)*")
_FROM_OPTION: Final = re.compile(r"(?:--from=|--mount=\S*?\bfrom=)([^\s,]+)")
_WITH_FILES: Final = frozenset({"RUN", "COPY", "ADD"})
_KEYWORDS: Final = frozenset(
    ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
     "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
)  # fmt: skip


class Instruction(msgspec.Struct, frozen=True):
    """One instruction; `line` and `last_line` count from 1.

    `text` is what follows the keyword, its continued lines joined; those end with the line `own_last_line`, and `body`
    is what comes behind them: the here-documents with the lines that end them.
    """

    keyword: str
    text: str
    line: int
    last_line: int
    own_last_line: int
    body: str = ""


def source_lines(text: str) -> list[str]:
    """Returns the lines as builders count them: only a line feed ends one, a carriage return before it is dropped."""
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    return lines if lines[-1] else lines[:-1]


def parse_dockerfile(text: str) -> list[Instruction]:
    """Returns the instructions, continued lines and here-documents included. It judges no syntax."""
    lines = source_lines(text)
    continued = _continuation(lines)
    instructions: list[Instruction] = []
    place = 0
    while place < len(lines):
        start = place
        content, place = _logical_line(lines, place, continued)
        if not content:
            continue
        words = _BLANKS.split(content, maxsplit=1)
        keyword, rest = words[0].upper(), words[1] if len(words) > 1 else ""
        own = place
        if _may_hold_files(keyword, rest):
            place = _behind_heredocs(lines, place, content)
        instructions.append(Instruction(keyword, rest, start + 1, place, own, "\n".join(lines[own:place])))
    return instructions


def declared(instruction: Instruction) -> list[tuple[str, str | None]]:
    """Returns the arguments that an ARG declares, each with its default as it is written, None where it has none."""
    pairs = (word.partition("=") for word in words_of(instruction.text) or instruction.text.split())
    return [(name, default if equals else None) for name, equals, default in pairs if name]


def origins_of(instruction: Instruction) -> list[str]:
    """Returns what the options of an instruction take files from, as it is written: images, stages, their numbers."""
    if instruction.keyword not in _WITH_FILES:
        return []
    options = _OPTIONS.match(instruction.text)
    return _FROM_OPTION.findall(options[0]) if options is not None else []


def keyword_in_history(instruction: str) -> str:
    """Returns the keyword of an entry of an image's history, empty for an empty one.

    The classic builder writes a RUN of JSON as its bare command.
    """
    word = instruction.split(None, 1)[0] if instruction.strip() else ""
    return word if word in _KEYWORDS or not word else "RUN"


def stages_of(instructions: Sequence[Instruction]) -> list[list[Instruction]]:
    """Returns the instructions of each stage, its FROM first; those before the first FROM are in none."""
    stages: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    return stages


def given_name(stage: Sequence[Instruction]) -> str:
    """Returns the name that a stage was given, in lower case, or nothing."""
    given = _STAGE_NAME.search(stage[0].text)
    return given[1].lower() if given else ""


def base_of(stage: Sequence[Instruction]) -> str:
    """Returns what a stage starts from, as it is written: an image, another stage, or scratch."""
    base = _BASE.match(stage[0].text)
    return base[1] if base else ""


def _continuation(lines: list[str]) -> re.Pattern[str]:
    """What ends a line that goes on: one escape character, which a directive at the very top may choose."""
    escape = "\\"
    for line in lines:
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None or directive[1].lower() not in _DIRECTIVES:
            break
        if directive[1].lower() == "escape" and directive[2] in ("`", "\\"):
            escape = directive[2]
    return re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t]*\Z")


def _logical_line(lines: list[str], place: int, continuation: re.Pattern[str]) -> tuple[str, int]:
    """Returns an instruction with its continued lines joined, and the place behind it; empty for what is none."""
    parts: list[str] = []
    while place < len(lines):
        line = lines[place]
        place += 1
        comment = line.lstrip().startswith("#")
        if parts and (comment or not line.strip()):
            continue  # blanks and comments between continued lines are no part of them
        if comment:
            return "", place
        more = continuation.search(line)
        parts.append(line[: more.start()] if more is not None else line)
        if more is None:
            break
    return "".join(parts).strip(), place


def _may_hold_files(keyword: str, text: str) -> bool:
    if keyword == "ONBUILD":
        keyword = _BLANKS.split(text, maxsplit=1)[0].upper()
    return keyword in _WITH_FILES


def _behind_heredocs(lines: list[str], place: int, content: str) -> int:
    """Returns the place behind the here-documents that an instruction opens; an open one is none."""
    end = place
    for heredoc in heredocs_of(content):
        while end < len(lines):
            end += 1
            if (lines[end - 1].lstrip("\t") if heredoc.chomp else lines[end - 1]) == heredoc.name:
                break
        else:
            return place
    return end
