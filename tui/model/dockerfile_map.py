"""Which instruction of a Dockerfile each step of a build comes from, and how far each instruction is."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from tui.model.build import BuildState, BuildStep, StepState
from tui.model.dockerfile import Instruction, base_of, parse_dockerfile, stage_name, stages_of

_NUMBERED: Final = frozenset({"FROM", "RUN", "COPY", "ADD", "WORKDIR"})
_SAID_BY_NOBODY: Final = frozenset({"ARG"})


class Mark(msgspec.Struct, frozen=True):
    """How far an instruction is. `seconds` is None while it runs and where no time is told; `step` is the step's ID."""

    state: StepState
    seconds: float | None = None
    step: str = ""


class DockerfileMap:
    """One Dockerfile's instructions, to look steps up in. Make it once for a text: see `map_of`."""

    def __init__(self, text: str) -> None:
        self.instructions = parse_dockerfile(text)
        self.stages = stages_of(self.instructions)
        self.names = [stage_name(stage, number) for number, stage in enumerate(self.stages)]

    def instruction_of(self, step: BuildStep) -> Instruction | None:
        """Returns the instruction that `step` comes from, or None where it cannot be told.

        The classic builder counts all instructions; BuildKit counts those of a stage that have a file system.
        """
        keyword = step.name.split(None, 1)[0].upper() if step.name.strip() else ""
        if not step.number or step.internal:
            return None
        if step.id.startswith(":"):
            candidates: list[Sequence[Instruction]] = [self.instructions]
        else:
            candidates = [self._numbered(number) for number in self._matching(step.stage)]
        for candidate in candidates:
            if len(candidate) >= step.number and candidate[step.number - 1].keyword == keyword:
                return candidate[step.number - 1]
        return self._by_text(step, keyword)

    def _by_text(self, step: BuildStep, keyword: str) -> Instruction | None:
        """The only instruction that says what the step does, where the count does not lead to it."""
        words = step.name.split()[1:]
        found = [i for i in self.instructions if i.keyword == keyword and i.text.split() == words]
        return found[0] if len(found) == 1 else None

    def _matching(self, name: str) -> list[int]:
        """The stages that BuildKit calls `name`, which may carry a platform in front; the later ones first."""
        wanted = name.split()[-1].lower() if name else ""
        only = len(self.stages) == 1 and not wanted
        return [number for number in reversed(range(len(self.stages))) if only or self.names[number] == wanted]

    def _numbered(self, number: int) -> list[Instruction]:
        """What BuildKit numbers: what has a file system, but for a FROM that goes on from a stage."""
        stage = self.stages[number]
        numbered = [instruction for instruction in stage if instruction.keyword in _NUMBERED]
        return numbered[1:] if base_of(stage).lower() in {*self.names, "scratch"} else numbered

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


@lru_cache(maxsize=8)
def map_of(dockerfile: str) -> DockerfileMap:
    """Returns the map of a Dockerfile's text, made once."""
    return DockerfileMap(dockerfile)


def line_of(dockerfile: str, step: BuildStep) -> int | None:
    """Returns the line of the Dockerfile, from 1, that `step` comes from, or None where it cannot be told."""
    instruction = map_of(dockerfile).instruction_of(step)
    return instruction.line if instruction is not None else None
