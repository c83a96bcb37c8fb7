"""What is kept of a build, so that the next one of the same name can tell what was rebuilt and why."""

import hashlib
from collections.abc import Iterable, Mapping
from posixpath import dirname
from typing import Final, Literal

import msgspec

from tui.model.build_spec import BuildSpec
from tui.model.dockerfile_map import map_of

MOST_FILES: Final = 2_000
"""Entries that are kept of a context; with more files, those of a folder are kept as one."""


class InstructionRecord(msgspec.Struct, frozen=True, array_like=True):
    """An instruction as it stood in the Dockerfile, its blanks made one.

    `body` is the digest of its here-documents; empty where it has none, and where none was kept.
    """

    stage: str
    keyword: str
    text: str
    body: str = ""


class FileMark(msgspec.Struct, frozen=True, array_like=True):
    """What tells a file from another: bytes, nanoseconds since the epoch, and, where it was read, its content's digest.

    For a folder that is kept as one, the digest is that of the marks of all that is in it.
    """

    size: int
    mtime: int
    digest: str = ""

    def differs(self, other: "FileMark") -> bool:
        """Whether the content is another one: a file that was only touched is the same, where both were read."""
        if self.digest and len(self.digest) == len(other.digest):  # digests of two kinds tell nothing of each other
            return self.digest != other.digest
        return (self.size, self.mtime) != (other.size, other.mtime)


class BuildRecord(msgspec.Struct, frozen=True):
    """One build that went well, at the daemon whose URL is `daemon`: each has a cache of its own.

    `bases` are the IDs of base images by name, as far as they are known.

    `files` are those of the context that could be copied; names that end in a slash are folders kept as one.
    """

    when: float
    tag: str
    target: str
    builder: Literal["buildkit", "classic"]
    image: str
    instructions: tuple[InstructionRecord, ...] = ()
    arguments: Mapping[str, str] = {}
    bases: Mapping[str, str] = {}
    files: Mapping[str, FileMark] = {}
    daemon: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a build the next one of another: its tag, its target and its daemon."""
        return self.tag, self.target, self.daemon


def record_of(
    spec: BuildSpec,
    dockerfile: str,
    image: str,
    when: float,
    *,
    files: Mapping[str, FileMark],
    bases: Mapping[str, str],
    hide: Iterable[str] = (),
    classic: bool = False,
    daemon: str = "",
) -> BuildRecord:
    """Returns the record of a build; the build arguments that `hide` names are left out of it."""
    hidden = set(hide)
    arguments = {name: value for name, value in spec.arguments.items() if name not in hidden}
    return BuildRecord(
        when,
        spec.tag,
        spec.target,
        "classic" if classic else "buildkit",
        image,
        instructions_of(dockerfile),
        arguments,
        bases,
        files,
        daemon,
    )


def instructions_of(dockerfile: str) -> tuple[InstructionRecord, ...]:
    """Returns the instructions with the stages that they are in; those before the first FROM are in the stage ""."""
    mapped = map_of(dockerfile)
    found: list[InstructionRecord] = []
    stage = -1
    for instruction in mapped.instructions:
        stage += instruction.keyword == "FROM"
        name = mapped.names[stage] if stage >= 0 else ""
        body = _digest(instruction.body) if instruction.body else ""
        found.append(InstructionRecord(name, instruction.keyword, " ".join(instruction.text.split()), body))
    return tuple(found)


def compact(files: Mapping[str, FileMark], most: int = MOST_FILES) -> dict[str, FileMark]:
    """Returns the marks with those of the deepest folders made one, until there are at most `most`."""
    marks = dict(files)
    while len(marks) > most:
        depth = max(name.rstrip("/").count("/") for name in marks)
        if not depth:
            break
        folders: dict[str, list[tuple[str, FileMark]]] = {}
        kept: dict[str, FileMark] = {}
        for name, mark in marks.items():
            if name.rstrip("/").count("/") == depth:
                folders.setdefault(dirname(name.rstrip("/")) + "/", []).append((name, mark))
            else:
                kept[name] = mark
        marks = kept | {name: _as_one(inside) for name, inside in folders.items()}
    return dict(list(marks.items())[:most])


def _as_one(inside: list[tuple[str, FileMark]]) -> FileMark:
    text = repr([(name, mark.digest or (mark.size, mark.mtime)) for name, mark in inside])
    size = sum(mark.size for _, mark in inside)
    return FileMark(size, max(mark.mtime for _, mark in inside), _digest(text))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
