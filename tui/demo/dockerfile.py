"""A parser of Dockerfiles: instructions with their lines, flags and arguments, errors in the daemon's words."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from tui.model.dockerfile_words import heredocs_of

INSTRUCTIONS = (
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
)
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|\Z)")
_VARIABLE = re.compile(r"\\\$|\$(?:\{(\w+)(?::([-+])([^}]*))?\}|(\w+))")


class DockerfileError(Exception):
    """What is wrong with a Dockerfile; `parse` tells an error of the grammar from one of its meaning."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"dockerfile parse error on line {line}: {message}" if line else message)
        self.line = line


@dataclass(slots=True)
class Instruction:
    """One instruction: `value` is its text without flags, `words` its JSON array if it is one."""

    name: str
    value: str
    line: int
    original: str
    flags: dict[str, str] = field(default_factory=dict[str, str])
    words: list[str] | None = None
    heredocs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(slots=True)
class Stage:
    """One FROM and what follows it."""

    index: int
    base: str
    name: str
    start: Instruction
    instructions: list[Instruction] = field(default_factory=list[Instruction])


@dataclass(slots=True)
class Dockerfile:
    """A parsed Dockerfile: the ARGs before the first FROM, and the stages."""

    text: str
    globals: dict[str, str]
    stages: list[Stage]
    instructions: list[Instruction]

    def find(self, name: str) -> Stage | None:
        """Return a stage by name (any case) or number."""
        for stage in self.stages:
            if (stage.name.lower() == name.lower() and name) or str(stage.index) == name:
                return stage
        return None


def parse(text: str, build_args: Mapping[str, str] | None = None) -> Dockerfile:
    """Return the parsed Dockerfile; raises DockerfileError."""
    instructions = _instructions(text)
    if not instructions:
        raise DockerfileError("the Dockerfile (Dockerfile) cannot be empty")
    known: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in instructions:
        if instruction.name == "FROM":
            words = expand(instruction.value, known).split()
            if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
                raise DockerfileError("FROM requires either one or three arguments", instruction.line)
            stages.append(Stage(len(stages), words[0], words[2] if len(words) == 3 else "", instruction))
        elif stages:
            stages[-1].instructions.append(instruction)
        elif instruction.name == "ARG":
            for name, default in arguments(instruction.value).items():
                known[name] = (build_args or {}).get(name, expand(default or "", known))
        else:
            raise DockerfileError("no build stage in current context")
    if not stages:
        raise DockerfileError("no build stage in current context")
    return Dockerfile(text, known, stages, instructions)


def parse_line(line: str) -> Instruction:
    """Return a single instruction, as commit takes them; raises DockerfileError."""
    found = _instructions(line)
    if len(found) != 1:
        raise DockerfileError("one instruction is expected")
    return found[0]


def _instructions(text: str) -> list[Instruction]:
    text = text.removeprefix("\ufeff")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    chosen = re.match(r"(?i)(?:\s*#\s*(?:syntax|check)\s*=.*\n)*\s*#\s*escape\s*=\s*`", text)
    goes_on = re.compile(r"(?<!`)`[ \t]*\Z" if chosen else r"(?<!\\)\\[ \t]*\Z")
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        start = at
        current = lines[at].strip()
        at += 1
        if not current or current.startswith("#"):
            continue
        while (end := goes_on.search(current)) and at < len(lines):
            following = lines[at].strip()
            at += 1
            if following.startswith("#") or not following:
                continue
            current = current[: end.start()] + following
        current = goes_on.sub("", current)
        heredocs: list[tuple[str, str]] = []
        if re.match(r"(?i)(?:onbuild\s+)?(?:run|copy|add)\s", current):
            for heredoc in heredocs_of(current):
                tab, word, body = heredoc.chomp, heredoc.name, list[str]()
                while at < len(lines) and (lines[at].lstrip("\t") if tab else lines[at]) != word:
                    body.append(lines[at].lstrip("\t") if tab else lines[at])
                    at += 1
                if at >= len(lines):
                    raise DockerfileError("unterminated heredoc", start + 1)
                at += 1
                heredocs.append((word, "\n".join(body) + "\n"))
        found.append(_instruction(current, start + 1, heredocs))
    return found


def _instruction(text: str, line: int, heredocs: list[tuple[str, str]]) -> Instruction:
    word, _, rest = text.partition(" ")
    word, tab, more = word.partition("\t")
    rest = (more + " " + rest if tab else rest).strip()
    name = word.upper()
    if name not in INSTRUCTIONS:
        hint = _nearest(name)
        raise DockerfileError(f"unknown instruction: {word}" + (f" (did you mean {hint}?)" if hint else ""), line)
    flags: dict[str, str] = {}
    while name != "CMD" and (flag := _FLAG.match(rest)):
        value = flag[2] if flag[2] is not None else "true"
        flags[flag[1]] = f"{flags['mount']} {value}" if flag[1] == "mount" and "mount" in flags else value
        rest = rest[flag.end() :]
    instruction = Instruction(name, rest, line, text, flags, _json_words(rest), heredocs)
    _check(instruction)
    return instruction


def _json_words(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, list):
        return None
    words = cast("list[object]", value)
    return [str(w) for w in words] if all(isinstance(w, str) for w in words) else None


def _check(found: Instruction) -> None:
    name, value = found.name, found.value
    count = len(found.words) if found.words is not None else len(value.split())
    if name in ("COPY", "ADD") and count < 2:
        if count == 0:
            raise DockerfileError(f"{name} requires at least two arguments", found.line)
        text = f"{name} requires at least two arguments, but only one was provided. Destination could not be determined"
        raise DockerfileError(text, found.line)
    if name == "FROM" and count not in (1, 3):
        raise DockerfileError("FROM requires either one or three arguments", found.line)
    if name in ("WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER") and count != 1 and not (name == "MAINTAINER" and count):
        if name == "WORKDIR" and count:
            return
        raise DockerfileError(f"{name} requires exactly one argument", found.line)
    if name in ("EXPOSE", "VOLUME", "ARG", "LABEL", "ENV") and count < 1:
        raise DockerfileError(f"{name} requires at least one argument", found.line)
    if name in ("ENV", "LABEL") and count == 1 and "=" not in value:
        raise DockerfileError(f"{name} must have two arguments")
    if name == "SHELL" and not found.words:
        raise DockerfileError("SHELL requires the arguments to be in JSON form", found.line)


def _nearest(name: str) -> str:
    scored = sorted((_distance(name, known), known != "FROM", known) for known in INSTRUCTIONS)
    return scored[0][2] if scored[0][0] <= 2 else ""


def _distance(one: str, two: str) -> int:
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(two, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def expand(text: str, values: Mapping[str, str]) -> str:
    """Return the text with `$name`, `${name}`, `${name:-default}` and `${name:+other}` replaced."""

    def one(found: re.Match[str]) -> str:
        if found[0] == "\\$":
            return "$"
        value = values.get(found[1] or found[4], "")
        if found[2] == "-":
            return value or found[3]
        if found[2] == "+":
            return found[3] if value else ""
        return value

    return _VARIABLE.sub(one, text)


def pairs(text: str) -> dict[str, str]:
    """Return the names and values of an ENV or LABEL; `ENV name all the rest` is the old form."""
    first = text.split(None, 1)[0]
    if "=" not in first:
        name, _, value = text.partition(" ")
        return {name: value.strip()}
    found: dict[str, str] = {}
    for word in _split(text):
        name, _, value = word.partition("=")
        found[name] = value
    return found


def arguments(text: str) -> dict[str, str | None]:
    """Return the names and defaults of an ARG."""
    found: dict[str, str | None] = {}
    for word in _split(text):
        name, equals, value = word.partition("=")
        found[name] = value if equals else None
    return found


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
