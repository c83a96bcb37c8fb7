"""Which instruction of a Dockerfile each step of a build comes from, and how far each instruction is."""

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from tui.model.build import BuildState, BuildStep, StepState
from tui.model.dockerfile import Instruction, base_of, given_name, parse_dockerfile, stages_of
from tui.model.dockerfile_images import global_arguments
from tui.model.dockerfile_words import expand

_NUMBERED: Final = frozenset({"FROM", "RUN", "COPY", "ADD", "WORKDIR"})
_SAID_BY_NOBODY: Final = frozenset({"ARG"})
_SECTION: Final = re.compile(r"([1-9]\d{0,3}):\d", re.ASCII)
_LEFT_OUT: Final = re.compile(r"[\s\"'\\`]+")
_VARIABLE: Final = re.compile(r"\$(?:\{[^}]*\}|\w+)")


class Mark(msgspec.Struct, frozen=True):
    """How far an instruction is. `seconds` is None while it runs and where no time is told; `step` is the step's ID."""

    state: StepState
    seconds: float | None = None
    step: str = ""


class DockerfileMap:
    """One Dockerfile's instructions, to look steps up in. Make it once for a text: see `map_of`.

    `names` are the stages' names in lower case, `stage-N` as BuildKit says where none was given; `below` are the
    numbers of the stages that they go on from, None for those that start from an image.
    """

    def __init__(self, text: str) -> None:
        self.instructions = parse_dockerfile(text)
        self.stages = stages_of(self.instructions)
        given = [given_name(stage) for stage in self.stages]
        self.names = [name or f"stage-{number}" for number, name in enumerate(given)]
        values = global_arguments(self.instructions, {})
        self._bases = [expand(base_of(stage), values).lower() for stage in self.stages]
        self.below = [_last(given[:number], base) for number, base in enumerate(self._bases)]
        self._numbered = [self._numbered_in(number) for number in range(len(self.stages))]

    def number_of(self, name: str) -> int | None:
        """Returns the number of the stage that a target or `--from` names, by its name or its number, or None."""
        found = _last(self.names, name.lower())
        if found is None and name.isascii() and name.isdecimal() and len(name) < 5 and int(name) < len(self.stages):
            return int(name)
        return found

    def chain(self, target: str = "") -> list[int]:
        """Returns the numbers of the stages that lead to a target, which comes last; empty is the last stage."""
        number = self.number_of(target) if target else len(self.stages) - 1
        chain: list[int] = []
        while number is not None and number >= 0:
            chain.insert(0, number)
            number = self.below[number]
        return chain

    def instruction_of(self, step: BuildStep) -> Instruction | None:
        """Returns the instruction that `step` comes from, or None where it cannot be told.

        The classic builder counts all instructions, buildah those of a stage; BuildKit counts those of a stage that
        have a file system.
        """
        keyword = step.name.split(None, 1)[0].upper() if step.name.strip() else ""
        if not step.number or step.internal:
            return None
        if step.id.startswith(":"):
            counted = self.instructions[step.number - 1 : step.number]
            return next((instruction for instruction in counted if instruction.keyword == keyword), None)
        candidates: list[Sequence[Instruction]]
        if section := _SECTION.match(step.id):
            candidates = [*self.stages[int(section[1]) - 1 : int(section[1])]]
        else:
            candidates = [self._numbered[number] for number in self._matching(step.stage)]
        found = (_nearest(candidate, step, keyword) for candidate in candidates)
        return next((one for one in found if one is not None), None) or self._by_text(step, keyword)

    def _by_text(self, step: BuildStep, keyword: str) -> Instruction | None:
        """The only instruction that says what the step does, where the count does not lead to it."""
        words = step.name.split()[1:]
        found = [i for i in self.instructions if i.keyword == keyword != "ONBUILD" and i.text.split() == words]
        return found[0] if len(found) == 1 else None

    def _matching(self, name: str) -> list[int]:
        """The stages that BuildKit calls `name`, which may carry a platform in front; the later ones first."""
        wanted = name.split()[-1].lower() if name else ""
        only = len(self.stages) == 1 and not wanted
        return [number for number in reversed(range(len(self.stages))) if only or self.names[number] == wanted]

    def _numbered_in(self, number: int) -> list[Instruction]:
        """What BuildKit numbers: what has a file system, but for a FROM that goes on from a stage."""
        numbered = [instruction for instruction in self.stages[number] if _is_numbered(instruction)]
        return numbered[1:] if self.below[number] is not None or self._bases[number] == "scratch" else numbered

    def marks(self, build: BuildState) -> dict[int, Mark]:
        """Returns how far the instructions are, by their first line.

        BuildKit says nothing of instructions without a file system: they are done once a later one has begun.
        """
        marks: dict[int, Mark] = {}
        for step in build.steps.values():
            instruction = self.instruction_of(step)
            if instruction is not None:
                seconds = None if step.started is None or step.ended is None else step.ended - step.started
                marks[instruction.line] = Mark(step.state, seconds, step.id)
        for stage in self.stages:
            self._infer(stage, marks, ended=build.result is not None)
        return marks

    def _infer(self, stage: Sequence[Instruction], marks: dict[int, Mark], *, ended: bool) -> None:
        told = [instruction.line in marks for instruction in stage]
        begun = ended and any(told)
        for instruction in reversed(stage):
            mark = marks.get(instruction.line)
            if mark is not None:
                begun = begun or mark.state is not StepState.WAITING
            elif begun and instruction.keyword not in _SAID_BY_NOBODY:
                marks[instruction.line] = Mark(StepState.DONE)


def _last(names: Sequence[str], name: str) -> int | None:
    """The last place of a name; the empty one has none."""
    return next((place for place in reversed(range(len(names))) if name and names[place] == name), None)


def _is_numbered(instruction: Instruction) -> bool:
    """Whether BuildKit gives it a number: `WORKDIR /` makes nothing, and is counted in the total alone."""
    if instruction.keyword == "WORKDIR":
        return posixpath.normpath(expand(instruction.text, {}, keep=True)) not in ("/", "//")
    return instruction.keyword in _NUMBERED


def _nearest(candidates: Sequence[Instruction], step: BuildStep, keyword: str) -> Instruction | None:
    """The instruction that says what the step does, the one whose place is nearest to the step's number.

    The number alone is not enough: a base image's ONBUILD triggers are counted too, before the stage's instructions.
    """
    words = _LEFT_OUT.sub("", "".join(step.name.split(None, 1)[1:]))
    far = max(0, step.number - len(candidates))
    for distance in range(far, max(len(candidates), step.number)):
        for place in dict.fromkeys((step.number - distance, step.number + distance)):
            if not 0 < place <= len(candidates) or candidates[place - 1].keyword != keyword:
                continue
            if keyword == "FROM" or _agree(candidates[place - 1].text, words):
                return candidates[place - 1]
    return None


def _agree(text: str, words: str) -> bool:
    """Whether a step's words may be an instruction's: builders fill variables in, and tell of here-documents."""
    first, *parts = _fixed(text)
    if not words.startswith(first) or "<<" in text:
        return words.startswith(first)
    if not parts:
        return words == first
    place = len(first)
    for part in parts[:-1]:
        found = words.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return words.endswith(parts[-1]) and len(words) - len(parts[-1]) >= place


@lru_cache(maxsize=1_024)
def _fixed(text: str) -> tuple[str, ...]:
    """What stands before, between and behind the variables of an instruction, without what builders may write apart."""
    return tuple(_LEFT_OUT.sub("", part) for part in _VARIABLE.split(text))


@lru_cache(maxsize=8)
def map_of(dockerfile: str) -> DockerfileMap:
    """Returns the map of a Dockerfile's text, made once."""
    return DockerfileMap(dockerfile)


def line_of(dockerfile: str, step: BuildStep) -> int | None:
    """Returns the line of the Dockerfile, from 1, that `step` comes from, or None where it cannot be told."""
    instruction = map_of(dockerfile).instruction_of(step)
    return instruction.line if instruction is not None else None
