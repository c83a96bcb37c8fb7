"""The layers of an image that was just built: each with the instruction that made it, its weight and its time."""

from collections.abc import Sequence

import msgspec

from tui.model.build import BuildState, StepState
from tui.model.dockerfile import Instruction, keyword_in_history
from tui.model.dockerfile_map import DockerfileMap, map_of
from tui.model.images import HistoryEntry
from tui.model.layers import instruction_of


class BuiltLayer(msgspec.Struct, frozen=True):
    """One entry of the image's history. Without a `line` it is the base image's.

    `seconds` is None where the step told none; `state` is None where there was no step.
    """

    text: str
    size: int
    line: int | None = None
    seconds: float | None = None
    state: StepState | None = None


def built_layers(
    history: Sequence[HistoryEntry], build: BuildState, dockerfile: str, target: str = ""
) -> list[BuiltLayer]:
    """Returns the layers, the oldest first. `history` is the daemon's, newest first; `target` is the stage built."""
    mapped = map_of(dockerfile)
    marks = mapped.marks(build)
    told = {line for line, mark in marks.items() if mark.step}
    left = [i for i in _chain(mapped, target) if i.keyword != "ONBUILD" or i.line in told]  # BuildKit writes none
    layers: list[BuiltLayer] = []
    for entry in history:
        text = instruction_of(entry.created_by)
        keyword = keyword_in_history(text)
        match = next((i for i in reversed(left) if i.keyword == keyword), None)
        if match is None:
            layers.append(BuiltLayer(text, entry.size))
            continue
        del left[left.index(match) :]
        mark = marks.get(match.line)
        layers.append(
            BuiltLayer(
                f"{match.keyword} {match.text}",
                entry.size,
                match.line,
                mark.seconds if mark is not None else None,
                mark.state if mark is not None and mark.step else None,
            )
        )
    return layers[::-1]


def _chain(mapped: DockerfileMap, target: str) -> list[Instruction]:
    """The instructions that lead to the target, those of the stages that it goes on from before its own."""
    return [i for number in mapped.chain(target) for i in mapped.stages[number] if i.keyword != "FROM"]
