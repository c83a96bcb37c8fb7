"""Tells what of a build was rebuilt, and why: the first instruction, argument, base or file that is another one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Final

import msgspec

from tui.model.build import BuildState, StepState
from tui.model.build_record import BuildRecord, FileMark, InstructionRecord
from tui.model.dockerfile import Instruction, base_of, declared, origins_of
from tui.model.dockerfile_map import DockerfileMap, map_of

MOST_NAMES: Final = 3
_OPTION: Final = re.compile(r"--(\S+?)(?:=(\S+))?\s+")
_SOURCES_OF: Final = frozenset({"COPY", "ADD"})


class Break(msgspec.Struct, frozen=True):
    """Where the cache of a stage broke: the instruction's line, and why, in words."""

    line: int
    instruction: str
    why: str


class Rebuilt(msgspec.Struct, frozen=True):
    """How many of the steps ran again, and where the cache broke, in the Dockerfile's order."""

    ran: int
    steps: int
    breaks: tuple[Break, ...] = ()


def rebuilt(
    before: BuildRecord | None, now: BuildRecord, build: BuildState, dockerfile: str, *, no_cache: bool = False
) -> Rebuilt:
    """Returns what was rebuilt since the build `before`, None where there is none that is known."""
    mapped = map_of(dockerfile)
    marks = mapped.marks(build)
    told = [step for step in build.steps.values() if step.number and mapped.instruction_of(step) is not None]
    ran = [step for step in told if step.state is StepState.DONE and not _is_base(step.name)]
    counted = [step for step in told if not _is_base(step.name)]
    broken = {line for line, mark in marks.items() if mark.step and mark.state is StepState.DONE}
    breaks: list[Break] = []
    seen: set[str] = set()
    for number, stage in enumerate(mapped.stages):
        first = next((i for i in stage if i.line in broken and i.keyword != "FROM"), None)
        if first is None:
            continue
        why = _why(before, now, mapped, number, first, seen, no_cache=no_cache)
        seen.add(mapped.names[number])
        if why:
            breaks.append(Break(first.line, f"{first.keyword} {first.text}", why))
    return Rebuilt(len(ran), len(counted), tuple(breaks))


def _is_base(name: str) -> bool:
    return name[:4].upper() == "FROM" and name[4:5].isspace()


def _why(
    before: BuildRecord | None,
    now: BuildRecord,
    mapped: DockerfileMap,
    number: int,
    first: Instruction,
    rebuilt_stages: set[str],
    *,
    no_cache: bool,
) -> str:
    """Why the first instruction of a stage that ran did; empty where another stage's break says it already."""
    if no_cache:
        return "the build was asked to use no cache"
    below = mapped.below[number]
    if below is not None and mapped.names[below] in rebuilt_stages:
        return ""
    if before is None:
        return ""
    if before.builder != now.builder:
        return "the last build was by the other builder, which keeps a cache of its own"
    return next(_reasons(before, now, mapped, number, first, rebuilt_stages), _UNKNOWN)


_UNKNOWN: Final = "nothing that is known here has changed: the builder no longer had it in its cache"


def _reasons(
    before: BuildRecord,
    now: BuildRecord,
    mapped: DockerfileMap,
    number: int,
    first: Instruction,
    rebuilt_stages: set[str],
) -> Iterator[str]:
    stage, name = mapped.stages[number], mapped.names[number]
    old = [record for record in before.instructions if record.stage == name]
    new = [record for record in now.instructions if record.stage == name]
    if not old:
        yield f"the stage {name} is new"
        return
    yield from _changed_text(old, new, stage, first)
    base = base_of(stage)
    if before.bases.get(base, "") != now.bases.get(base, "") and before.bases.get(base):
        yield f"the base image {base} is another one now"
    for argument in _arguments(mapped, stage, first):
        was, is_now = before.arguments.get(argument), now.arguments.get(argument)
        if was != is_now:
            yield f"the build argument {argument} is {_said(is_now)}, it was {_said(was)}"
    if first.keyword in _SOURCES_OF:
        options, sources = _copied(first)
        if "from" not in options:
            yield from _changed_files(before.files, now.files, sources)
    for origin in origins_of(first):
        whose = mapped.number_of(origin)
        if whose is not None and mapped.names[whose] in rebuilt_stages:
            yield f"the stage {origin}, which it {'mounts' if first.keyword == 'RUN' else 'copies'} from, was rebuilt"


def _changed_text(
    old: Sequence[InstructionRecord], new: Sequence[InstructionRecord], stage: Sequence[Instruction], first: Instruction
) -> Iterator[str]:
    for place, (record, instruction) in enumerate(zip(new, stage, strict=False)):
        if place >= len(old):
            yield f"line {instruction.line} is new: {record.keyword} {record.text}"
            return
        if (record.keyword, record.text) != (old[place].keyword, old[place].text):
            was = f"{old[place].keyword} {old[place].text}"
            yield f"line {instruction.line} was changed: {record.keyword} {record.text}, it was {was}"
            return
        if "" not in (record.body, old[place].body) and record.body != old[place].body:
            yield f"the here-document of line {instruction.line} was changed"
            return
        if instruction is first:
            return


def _arguments(mapped: DockerfileMap, stage: Sequence[Instruction], first: Instruction) -> list[str]:
    """The arguments that may count for an instruction: those declared before it in its stage, or before all stages."""
    outside = mapped.stages[0][0].line
    counting = [i for i in mapped.instructions if i.keyword == "ARG" and (i.line < outside or i in stage)]
    return [name for i in counting if i.line < first.line for name, _ in declared(i)]


def _said(value: str | None) -> str:
    return "not given" if value is None else repr(value)


def _copied(instruction: Instruction) -> tuple[dict[str, str], list[str]]:
    """The options of COPY or ADD, and its sources."""
    text, options = instruction.text, dict[str, str]()
    while option := _OPTION.match(text):
        options[option[1].lower()] = option[2] or ""
        text = text[option.end() :]
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', text) if text.startswith("[") else text.split()
    return options, words[:-1]


def _changed_files(
    before: Mapping[str, FileMark], now: Mapping[str, FileMark], sources: Sequence[str]
) -> Iterator[str]:
    """What has changed of the files that are copied."""
    found: list[str] = []
    for name in sorted({*before, *now}):
        if not any(_is_source(source, name) for source in sources):
            continue
        old, new = before.get(name), now.get(name)
        if old is None:
            found.append(f"{name} is new")
        elif new is None:
            found.append(f"{name} is gone")
        elif new.differs(old):
            found.append(f"something in {name} has changed" if name.endswith("/") else f"{name} has changed")
    if found:
        more = f", and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else ""
        yield ", ".join(found[:MOST_NAMES]) + more


def _is_source(source: str, name: str) -> bool:
    """Whether a file is a source of COPY, or in one; one with a variable in it may be anything."""
    if "$" in source or source.startswith("<<"):
        return "$" in source
    wanted = normpath(source.lstrip("/") or ".").split("/")
    if wanted == ["."]:
        return True
    parts = name.rstrip("/").split("/")
    shorter = min(len(parts), len(wanted)) if name.endswith("/") else len(wanted)
    return len(parts) >= shorter and all(map(fnmatchcase, parts[:shorter], wanted[:shorter]))
